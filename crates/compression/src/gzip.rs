//! gzip: members of RFC 1952, through zlib-rs.

#[cfg(test)]
mod tests;

use flate2::{Compress, Decompress, FlushCompress, FlushDecompress, Status};

use crate::bounded::Bounded;
use crate::{Codec, CompressionError};

/// The largest window there is, 32 KiB, as a power of two.
const WINDOW_BITS: u8 = 15;
/// The level that zlib's −1 stands for.
const DEFAULT_LEVEL: u32 = 6;

const fn corrupt(reason: &'static str) -> CompressionError {
    CompressionError::Corrupt { codec: Codec::Gzip, reason }
}

/// A deflate state and the level it was made for.
pub(crate) struct Encoder {
    state: Option<(u32, Compress)>,
}

impl Encoder {
    pub(crate) const fn new() -> Self {
        Self { state: None }
    }

    pub(crate) fn encode(
        &mut self,
        level: Option<i32>,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        let level = level.and_then(|level| u32::try_from(level).ok()).unwrap_or(DEFAULT_LEVEL);
        let state = match &mut self.state {
            Some((at, state)) if *at == level => {
                state.reset();
                state
            }
            other => {
                let fresh = Compress::new_gzip(flate2::Compression::new(level), WINDOW_BITS);
                &mut other.insert((level, fresh)).1
            }
        };
        let mut rest = input;
        let mut room = (input.len() / 4).max(256);
        loop {
            out.reserve(room);
            let before = state.total_in();
            let status = state
                .compress_vec(rest, out, FlushCompress::Finish)
                .map_err(|_| CompressionError::Failed { codec: Codec::Gzip, reason: "deflate failed" })?;
            let taken = usize::try_from(state.total_in().saturating_sub(before)).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            match status {
                Status::StreamEnd => return Ok(()),
                Status::Ok | Status::BufError => room = room.saturating_mul(2),
            }
        }
    }
}

/// An inflate state.
pub(crate) struct Decoder {
    state: Option<Decompress>,
}

impl Decoder {
    pub(crate) const fn new() -> Self {
        Self { state: None }
    }

    pub(crate) fn decode(&mut self, input: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
        let mut rest = input;
        let mut members = 0_usize;
        while !rest.is_empty() {
            let state = match &mut self.state {
                Some(state) => {
                    state.reset(true);
                    state
                }
                none => none.insert(Decompress::new_gzip(WINDOW_BITS)),
            };
            // zeros may pad the last member
            if members > 0 && rest.iter().all(|byte| *byte == 0) {
                break;
            }
            rest = member(state, rest, out)?;
            members = members.saturating_add(1);
        }
        if members == 0 { Err(CompressionError::Truncated { codec: Codec::Gzip }) } else { Ok(()) }
    }
}

/// Decodes one member and gives back what follows it.
fn member<'a>(state: &mut Decompress, input: &'a [u8], out: &mut Bounded<'_>) -> Result<&'a [u8], CompressionError> {
    let mut rest = input;
    loop {
        let buffer = out.room(rest.len().saturating_mul(4))?;
        let (taken_before, given_before) = (state.total_in(), state.total_out());
        let status = state
            .decompress_vec(rest, buffer, FlushDecompress::None)
            .map_err(|_| corrupt("not a sound gzip member"))?;
        out.check()?;
        let taken = usize::try_from(state.total_in().saturating_sub(taken_before)).unwrap_or(usize::MAX);
        rest = rest.get(taken..).unwrap_or_default();
        if matches!(status, Status::StreamEnd) {
            return Ok(rest);
        }
        if taken == 0 && state.total_out() == given_before {
            return Err(CompressionError::Truncated { codec: Codec::Gzip });
        }
    }
}
