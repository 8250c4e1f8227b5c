//! An output buffer that grows only as far as the caller allows, or is handed on piece by piece.

#![cfg_attr(
    not(all(feature = "gzip", feature = "snappy", feature = "lz4", feature = "zstd")),
    allow(dead_code, reason = "each codec uses its part of it")
)]

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use crate::CompressionError;

/// The least that is reserved for a codec that cannot tell how much comes.
const LEAST: usize = 4 * 1024;
/// How much is gathered before it is handed on.
pub(crate) const PIECE: usize = 64 * 1024;
/// What stays behind then: as far as a codec that looks into the output looks back (LZ4).
pub(crate) const KEPT: usize = 64 * 1024;

/// Whoever takes the output piece by piece.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(&[u8]) -> ControlFlow<()>;

/// Appends to a `Vec` and counts against a limit.
///
/// A codec whose size is not known before ([`Bounded::room`]) may write one byte over the limit, which is how it is
/// noticed that there was more; nothing reserves memory past that byte.
pub(crate) struct Bounded<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    limit: usize,
    /// Bytes that were handed on, and are no longer in `out`.
    handed: usize,
    sink: Option<Sink<'a>>,
    /// The sink wants no more.
    stopped: bool,
}

impl<'a> Bounded<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, limit: usize) -> Self {
        let start = out.len();
        Self { out, start, limit, handed: 0, sink: None, stopped: false }
    }

    /// One that gathers in `buffer`, which it empties, and hands on to `sink`.
    pub(crate) fn in_pieces(buffer: &'a mut Vec<u8>, limit: usize, sink: Sink<'a>) -> Self {
        buffer.clear();
        Self { out: buffer, start: 0, limit, handed: 0, sink: Some(sink), stopped: false }
    }

    /// Bytes appended so far.
    pub(crate) fn written(&self) -> usize {
        self.out.len().saturating_sub(self.start).saturating_add(self.handed)
    }

    /// How many more the limit allows.
    pub(crate) fn left(&self) -> usize {
        self.limit.saturating_sub(self.written())
    }

    /// The bytes appended so far from the `from`th on, as far as they are still here: all since the last call of
    /// [`Bounded::room`], [`Bounded::fill`] or [`Bounded::extend`] are.
    pub(crate) fn written_from(&self, from: usize) -> &[u8] {
        self.out.get(self.start.saturating_add(from.saturating_sub(self.handed))..).unwrap_or_default()
    }

    /// The error that says so.
    pub(crate) fn over(&self) -> CompressionError {
        CompressionError::OutputLimit { limit: self.limit }
    }

    /// Fails if more was written than is allowed.
    pub(crate) fn check(&self) -> Result<(), CompressionError> {
        if self.written() > self.limit { Err(self.over()) } else { Ok(()) }
    }

    /// Appends bytes as they are.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> Result<(), CompressionError> {
        self.allow(bytes.len())?;
        self.hand_on(PIECE.saturating_add(KEPT), KEPT)?;
        self.reserve(bytes.len());
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// Hands out the buffer with spare capacity in it, for a codec that does not know how much comes. `expected` is
    /// a guess at what is still to come, believed only as far as the limit goes.
    pub(crate) fn room(&mut self, expected: usize) -> Result<&mut Vec<u8>, CompressionError> {
        self.check()?;
        self.hand_on(PIECE, 0)?;
        if self.out.capacity() == self.out.len() {
            let most = if self.sink.is_some() { PIECE } else { usize::MAX };
            let left = self.left().saturating_add(1);
            self.out.reserve_exact(expected.max(self.written()).max(LEAST).min(left).min(most));
        }
        Ok(self.out)
    }

    /// Appends what `fill` writes into a slice of at most `len` bytes (fewer where the limit is nearer); it also gets
    /// what was written before (in pieces: the last 64 KiB of it) and returns how much it wrote.
    pub(crate) fn fill<E: From<CompressionError>>(
        &mut self,
        len: usize,
        fill: impl FnOnce(&[u8], &mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        self.hand_on(PIECE.saturating_add(KEPT), KEPT)?;
        let before = self.out.len();
        let len = len.min(self.left());
        self.reserve(len);
        self.out.resize(before.saturating_add(len), 0);
        let (done, free) = self.out.split_at_mut(before);
        let result = fill(done.get(self.start..).unwrap_or_default(), free);
        let added = result.as_ref().map_or(0, |written| (*written).min(len));
        self.out.truncate(before.saturating_add(added));
        result
    }

    /// Fails at once if `len` more bytes are not allowed.
    pub(crate) fn allow(&self, len: usize) -> Result<(), CompressionError> {
        if len > self.left() { Err(self.over()) } else { Ok(()) }
    }

    /// Whether the limit leaves less than `len` bytes.
    pub(crate) fn is_short_of(&self, len: usize) -> bool {
        self.allow(len).is_err()
    }

    /// Ends the output: what is left of it is handed on. Tells whether the sink wanted less than there was, which is then
    /// what `result` failed for.
    pub(crate) fn end(mut self, result: Result<(), CompressionError>) -> Result<ControlFlow<()>, CompressionError> {
        let result = result.and_then(|()| self.check()).and_then(|()| self.hand_on(1, 0));
        if self.stopped { Ok(ControlFlow::Break(())) } else { result.map(ControlFlow::Continue) }
    }

    /// Grows by doubling, as a `Vec` does, but not past the limit.
    fn reserve(&mut self, len: usize) {
        if self.out.capacity().saturating_sub(self.out.len()) < len {
            let left = self.left();
            self.out.reserve_exact(self.out.len().min(left).max(len));
        }
    }

    /// Where the output goes on in pieces and there are `from` bytes of it, hands on all but the last `kept`.
    fn hand_on(&mut self, from: usize, kept: usize) -> Result<(), CompressionError> {
        let Some(sink) = &mut self.sink else { return Ok(()) };
        if self.stopped {
            return Err(CompressionError::OutputLimit { limit: self.limit });
        }
        if self.out.len() < from {
            return Ok(());
        }
        let len = self.out.len().saturating_sub(kept);
        let (piece, _) = self.out.split_at(len);
        self.stopped = sink(piece).is_break();
        self.handed = self.handed.saturating_add(len);
        self.out.drain(..len);
        // a result that nobody sees: `end` answers for it
        if self.stopped { Err(self.over()) } else { Ok(()) }
    }
}
