//! One direction of a connection: its bytes in their order, whatever order its packets came in.

use std::collections::BTreeMap;

use crate::packet::Segment;

/// So many bytes are kept for a packet that is late; then it is taken for lost.
const PATIENCE: usize = 16 << 20;

/// The bytes that one side sent.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// What is to be read.
    ready: Vec<u8>,
    /// The sequence number of the first byte. None before the first packet.
    start: Option<u32>,
    /// How many bytes there were up to the end of `ready`.
    position: u64,
    /// What came too early, by its position.
    early: BTreeMap<u64, Vec<u8>>,
    /// Whether bytes are missing before those in `ready`, so that no frame need begin there.
    gap: bool,
}

impl Stream {
    /// Adds what a packet has of it.
    pub(crate) fn push(&mut self, segment: &Segment<'_>) {
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        let start = *self.start.get_or_insert_with(|| {
            // A capture that begins in the middle of a connection may begin in the middle of a frame.
            self.gap = !segment.syn;
            first
        });
        if segment.payload.is_empty() {
            return;
        }
        // Sequence numbers go round; a packet is within 2 GiB of where the stream is.
        let expected = start.wrapping_add(self.position as u32);
        let ahead = i64::from(first.wrapping_sub(expected).cast_signed());
        let Some(position) = self.position.checked_add_signed(ahead) else {
            // From before the capture began.
            return;
        };
        let longer = self.early.get(&position).is_none_or(|other| other.len() < segment.payload.len());
        if longer {
            self.early.insert(position, segment.payload.to_vec());
        }
        self.join();
        if self.early.values().map(Vec::len).sum::<usize>() > PATIENCE {
            self.give_up();
        }
    }

    /// Adds bytes that follow.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.ready.extend_from_slice(bytes);
    }

    /// What can be read, and whether bytes are missing before it.
    pub(crate) fn ready(&self) -> (&[u8], bool) {
        (&self.ready, self.gap)
    }

    /// Forgets what was read.
    pub(crate) fn consume(&mut self, count: usize) {
        self.ready.drain(..count.min(self.ready.len()));
        self.gap = false;
    }

    /// Forgets all that could be read: nobody knows where the next frame begins.
    pub(crate) fn skip(&mut self) {
        self.ready.clear();
        self.gap = true;
    }

    /// Takes what is missing for lost. Whether there is anything behind it.
    pub(crate) fn give_up(&mut self) -> bool {
        let Some((&position, _)) = self.early.first_key_value() else { return false };
        self.skip();
        self.position = position;
        self.join();
        true
    }

    /// Moves what is early no more.
    fn join(&mut self) {
        while let Some(first) = self.early.first_entry().filter(|first| *first.key() <= self.position) {
            let (position, bytes) = first.remove_entry();
            // What was sent again may overlap what is there.
            let known = usize::try_from(self.position.saturating_sub(position)).unwrap_or(usize::MAX);
            let new = bytes.get(known..).unwrap_or_default();
            self.ready.extend_from_slice(new);
            self.position = self.position.saturating_add(new.len() as u64);
        }
    }
}
