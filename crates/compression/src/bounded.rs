//! An output buffer that grows only as far as the caller allows.

#[cfg(test)]
mod tests;

use crate::CompressionError;

/// The least that is reserved for a codec that cannot tell how much comes.
const LEAST: usize = 4 * 1024;

/// Appends to a `Vec` and counts against a limit.
///
/// A codec whose size is not known before ([`Bounded::room`]) may write one byte over the limit, which is how it is
/// noticed that there was more; nothing reserves memory past that byte.
pub(crate) struct Bounded<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    limit: usize,
}

impl<'a> Bounded<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, limit: usize) -> Self {
        let start = out.len();
        Self { out, start, limit }
    }

    /// Bytes appended so far.
    pub(crate) fn written(&self) -> usize {
        self.out.len().saturating_sub(self.start)
    }

    /// The bytes appended so far from the `from`th on.
    pub(crate) fn written_from(&self, from: usize) -> &[u8] {
        self.out.get(self.start.saturating_add(from)..).unwrap_or_default()
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
        if bytes.len() > self.limit.saturating_sub(self.written()) {
            return Err(self.over());
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// Hands out the buffer with spare capacity in it, for a codec that does not know how much comes. `expected` is
    /// a guess at what is still to come, believed only as far as the limit goes.
    pub(crate) fn room(&mut self, expected: usize) -> Result<&mut Vec<u8>, CompressionError> {
        self.check()?;
        if self.out.capacity() == self.out.len() {
            let left = self.limit.saturating_sub(self.written()).saturating_add(1);
            self.out.reserve_exact(expected.max(self.written()).max(LEAST).min(left));
        }
        Ok(self.out)
    }

    /// Appends what `fill` writes into a slice of at most `len` bytes (fewer where the limit is nearer); it also gets
    /// what was written before and returns how much it wrote.
    pub(crate) fn fill<E>(
        &mut self,
        len: usize,
        fill: impl FnOnce(&[u8], &mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let before = self.out.len();
        let len = len.min(self.limit.saturating_sub(self.written()));
        self.out.resize(before.saturating_add(len), 0);
        let (done, free) = self.out.split_at_mut(before);
        let result = fill(done.get(self.start..).unwrap_or_default(), free);
        let added = result.as_ref().map_or(0, |written| (*written).min(len));
        self.out.truncate(before.saturating_add(added));
        result
    }

    /// Fails at once if `len` more bytes are not allowed.
    pub(crate) fn allow(&self, len: usize) -> Result<(), CompressionError> {
        if len > self.limit.saturating_sub(self.written()) { Err(self.over()) } else { Ok(()) }
    }

    /// Whether the limit leaves less than `len` bytes.
    pub(crate) fn is_short_of(&self, len: usize) -> bool {
        self.allow(len).is_err()
    }
}
