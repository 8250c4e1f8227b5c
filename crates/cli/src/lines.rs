//! Cuts blocks of input into lines. A line that lies within a block is not copied.

use bytes::{Bytes, BytesMut};

/// The longest line that is taken, so that input without line ends cannot fill the memory.
pub(crate) const LONGEST: usize = 128 << 20;

/// Joins what one block leaves over with what the next one brings.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: BytesMut,
}

/// A line was longer than [`LONGEST`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Lines {
    /// Takes a block: gives the line that it ends, where one was begun before, and the rest, which starts a line.
    pub(crate) fn join(&mut self, block: Bytes) -> Result<(Option<Bytes>, Bytes), TooLong> {
        if self.partial.is_empty() {
            return Ok((None, block));
        }
        let end = memchr::memchr(b'\n', &block);
        let piece = end.unwrap_or(block.len());
        if self.partial.len() + piece > LONGEST {
            return Err(TooLong);
        }
        self.partial.extend_from_slice(&block[..piece]);
        Ok(match end {
            Some(end) => (Some(self.partial.split().freeze()), block.slice(end + 1..)),
            None => (None, Bytes::new()),
        })
    }

    /// Keeps what comes after the last line end of a block.
    pub(crate) fn keep(&mut self, rest: &[u8]) -> Result<(), TooLong> {
        if rest.len() > LONGEST {
            return Err(TooLong);
        }
        self.partial.extend_from_slice(rest);
        Ok(())
    }

    /// The last line, where the input does not end with a line end.
    pub(crate) fn finish(&mut self) -> Option<Bytes> {
        if self.partial.is_empty() { None } else { Some(self.partial.split().freeze()) }
    }
}

/// The lines of bytes that end with a line end, or are empty.
pub(crate) fn each_line(whole: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    memchr::memchr_iter(b'\n', whole).scan(0, |start, end| {
        let line = &whole[*start..end];
        *start = end + 1;
        Some(line)
    })
}

#[cfg(test)]
mod tests;
