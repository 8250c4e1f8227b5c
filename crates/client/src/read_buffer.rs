//! From a byte stream to frames, with as few reads, copies and fresh pages as can be.
//!
//! Small frames are cut out of a buffer that is filled by one read. A large frame is read into a buffer of its own, which
//! comes from a pool and goes back there when the last slice of the frame is dropped. What a frame announces is believed
//! only as far as its bytes arrive: at most twice what is there, or a megabyte, is reserved.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use ottla_core::connection::{Frames, LENGTH};
use ottla_core::error::{Error, ErrorKind};

use crate::transport::ReadHalf;

/// The buffer for small frames, and the room in it below which it is renewed.
const SMALL: usize = 64 * 1024;
const ROOM: usize = 4 * 1024;

/// Frames above this get a buffer of their own.
const LARGE: usize = 32 * 1024;

/// The least that is reserved for a large frame, where it is as large as that.
const STEP: usize = 1024 * 1024;

/// What the pool holds at most, in bytes.
const POOLED: usize = 16 * 1024 * 1024;

pub(crate) struct ReadBuffer {
    frames: Frames,
    small: BytesMut,
    large: Option<Large>,
    pool: Arc<Pool>,
}

struct Large {
    bytes: BytesMut,
    length: usize,
}

impl ReadBuffer {
    pub(crate) fn new(frames: Frames, pool: Arc<Pool>) -> Self {
        Self { frames, small: BytesMut::new(), large: None, pool }
    }

    /// Reads once. 0 is the end of the stream. Cancel safe.
    pub(crate) async fn fill(&mut self, half: &mut ReadHalf) -> io::Result<usize> {
        match &mut self.large {
            Some(large) => {
                let missing = large.length - large.bytes.len();
                if large.bytes.capacity() == large.bytes.len() {
                    large.bytes.reserve(missing.min(large.bytes.len().max(STEP)));
                }
                half.read(&mut (&mut large.bytes).limit(missing)).await
            }
            None => {
                if self.small.capacity() - self.small.len() < ROOM {
                    self.small.reserve(SMALL);
                }
                half.read(&mut self.small).await
            }
        }
    }

    /// What it means that the stream has ended now, where what came before says more than that.
    pub(crate) fn ended_within(&self) -> Option<Error> {
        let begun = self.large.is_some() || !self.small.is_empty();
        begun.then(|| Error::new(ErrorKind::Transport, "the connection was closed in the middle of an answer"))
    }

    /// The next whole frame, without its length.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(large) = self.large.take_if(|large| large.bytes.len() == large.length) {
            return Ok(Some(Pool::lend(&self.pool, large.bytes)));
        }
        if self.large.is_some() {
            return Ok(None);
        }
        if let Some(frame) = self.frames.take(&mut self.small)? {
            return Ok(Some(frame));
        }
        if let Some(length) = self.frames.announced(&self.small)?
            && length > LARGE
        {
            let mut bytes = self.pool.take(length.min(STEP));
            bytes.put_slice(self.small.get(LENGTH..).unwrap_or_default());
            self.small.advance(self.small.len());
            self.large = Some(Large { bytes, length });
        }
        Ok(None)
    }
}

/// Buffers that have been used and are free, the last one first.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    free: Mutex<Free>,
}

#[derive(Debug, Default)]
struct Free {
    buffers: Vec<BytesMut>,
    bytes: usize,
}

impl Pool {
    /// An empty buffer with room for this many bytes at least.
    fn take(&self, room: usize) -> BytesMut {
        let found = {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            let place = free.buffers.iter().rposition(|buffer| buffer.capacity() >= room);
            let found = place.map(|place| free.buffers.remove(place));
            free.bytes -= found.as_ref().map_or(0, BytesMut::capacity);
            found
        };
        found.unwrap_or_else(|| BytesMut::with_capacity(room))
    }

    fn give_back(&self, mut buffer: BytesMut) {
        buffer.clear();
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.bytes.saturating_add(buffer.capacity()) <= POOLED {
            free.bytes += buffer.capacity();
            free.buffers.push(buffer);
        }
    }

    fn lend(pool: &Arc<Self>, buffer: BytesMut) -> Bytes {
        Bytes::from_owner(Lent { buffer, pool: Arc::downgrade(pool) })
    }
}

/// A buffer that goes back to its pool when it is dropped.
struct Lent {
    buffer: BytesMut,
    pool: Weak<Pool>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.give_back(std::mem::take(&mut self.buffer));
        }
    }
}

#[cfg(test)]
mod tests;
