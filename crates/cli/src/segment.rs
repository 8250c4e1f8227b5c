//! A log segment, or anything else that holds batches one after the other, cut into them while it is read: no more than
//! one batch is in memory.

use std::io::{self, Read};

/// Bytes up to and including the magic of any format.
const UP_TO_MAGIC: usize = 17;

/// Bytes before those that a length counts: offset and the length itself.
const OVERHEAD: u64 = 12;

/// The least that a length says, by magic: the header of a message of v0 and v1, of a batch of v2.
const LEAST_LENGTHS: [u64; 3] = [14, 22, 49];

/// What a segment is read from, and how far.
pub(crate) struct Segment<R> {
    from: R,
    position: u64,
    limit: u64,
    buffer: Vec<u8>,
}

/// What comes next in a segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A batch of v2, or a message of v0 or v1: all of its bytes, and not checked yet.
    Batch { position: u64, bytes: &'a [u8] },
    /// The segment ends in the middle of a batch, as that of a broker that is just writing it, or lost power. Where its
    /// length is cut off too, `wanted` is unknown.
    CutShort { position: u64, there: u64, wanted: Option<u64> },
    /// There are only zeros to the end: space that the broker took in advance.
    Zeros { position: u64, count: u64 },
    /// What is there is no batch, so where the next one begins is not known.
    Broken { position: u64, why: String },
    /// A batch is longer than the limit.
    TooLong { position: u64, length: u64 },
    /// The end, after a whole batch.
    End,
}

impl<R: Read> Segment<R> {
    /// At the beginning. `limit` bounds the bytes of a batch.
    pub(crate) fn new(from: R, limit: u64) -> Self {
        Self { from, position: 0, limit, buffer: Vec::new() }
    }

    /// The next piece. After anything but a batch there is nothing more to be asked for.
    pub(crate) fn next(&mut self) -> io::Result<Piece<'_>> {
        let position = self.position;
        self.buffer.clear();
        self.read(UP_TO_MAGIC as u64)?;
        if self.buffer.is_empty() {
            return Ok(Piece::End);
        }
        if self.buffer.iter().all(|byte| *byte == 0) {
            return self.zeros();
        }
        let there = self.buffer.len() as u64;
        let Some(length) = self.buffer.get(8..).and_then(<[u8]>::first_chunk) else {
            return Ok(Piece::CutShort { position, there, wanted: None });
        };
        let length = i32::from_be_bytes(*length);
        let Ok(length) = u64::try_from(length) else {
            return Ok(Piece::Broken { position, why: format!("a length of {length}") });
        };
        let whole = length + OVERHEAD;
        let Some(magic) = self.buffer.get(UP_TO_MAGIC - 1) else {
            return Ok(Piece::CutShort { position, there, wanted: Some(whole) });
        };
        match LEAST_LENGTHS.get(usize::from(*magic)) {
            None => return Ok(Piece::Broken { position, why: format!("a format v{}", magic.cast_signed()) }),
            Some(least) if length < *least => {
                let why = format!("a length of {length}, where format v{magic} has {least} at least");
                return Ok(Piece::Broken { position, why });
            }
            Some(_) => {}
        }
        if whole > self.limit {
            return Ok(Piece::TooLong { position, length: whole });
        }
        self.read(whole - there)?;
        if (self.buffer.len() as u64) < whole {
            let there = self.buffer.len() as u64;
            return Ok(Piece::CutShort { position, there, wanted: Some(whole) });
        }
        Ok(Piece::Batch { position, bytes: &self.buffer })
    }

    /// Appends so many bytes to the buffer, or those that there are. It grows by what is there, not by what is asked for.
    fn read(&mut self, count: u64) -> io::Result<()> {
        self.position += self.from.by_ref().take(count).read_to_end(&mut self.buffer)? as u64;
        Ok(())
    }

    /// After some zeros, which no batch begins with.
    fn zeros(&mut self) -> io::Result<Piece<'_>> {
        const BLOCK: u64 = 256 * 1024;
        let position = self.position - self.buffer.len() as u64;
        loop {
            self.buffer.clear();
            self.read(BLOCK)?;
            if self.buffer.is_empty() {
                return Ok(Piece::Zeros { position, count: self.position - position });
            }
            if self.buffer.iter().any(|byte| *byte != 0) {
                return Ok(Piece::Broken { position, why: "zeros, and something behind them".to_owned() });
            }
        }
    }
}

#[cfg(test)]
mod tests;
