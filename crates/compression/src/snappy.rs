//! Snappy: xerial's framing, as snappy-java writes it, around raw blocks; raw snappy is read too.
//!
//! A xerial stream is the magic `82 "SNAPPY" 00`, two big-endian int32 (version and least compatible version, both 1),
//! then blocks: a big-endian int32 length and that many bytes of raw snappy.

#[cfg(test)]
mod tests;

use crate::bounded::Bounded;
use crate::{Codec, CompressionError};

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const HEADER: [u8; 16] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
/// Input bytes per block: the default of snappy-java, which Kafka uses.
const BLOCK: usize = 32 * 1024;

const TRUNCATED: CompressionError = CompressionError::Truncated { codec: Codec::Snappy };

const fn corrupt(reason: &'static str) -> CompressionError {
    CompressionError::Corrupt { codec: Codec::Snappy, reason }
}

/// The encoder's hash table.
pub(crate) struct Encoder {
    raw: snap::raw::Encoder,
}

impl Encoder {
    pub(crate) fn new() -> Self {
        Self { raw: snap::raw::Encoder::new() }
    }

    pub(crate) fn encode(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressionError> {
        const FAILED: CompressionError = CompressionError::Failed { codec: Codec::Snappy, reason: "block too large" };
        out.extend_from_slice(&HEADER);
        for block in input.chunks(BLOCK) {
            let length_at = out.len();
            let block_at = length_at.saturating_add(4);
            out.resize(block_at.saturating_add(snap::raw::max_compress_len(block.len())), 0);
            let free = out.get_mut(block_at..).unwrap_or_default();
            let len = self.raw.compress(block, free).map_err(|_| FAILED)?;
            out.truncate(block_at.saturating_add(len));
            let prefix = u32::try_from(len).map_err(|_| FAILED)?.to_be_bytes();
            out.get_mut(length_at..block_at).ok_or(FAILED)?.copy_from_slice(&prefix);
        }
        Ok(())
    }
}

/// A decoder of raw blocks.
pub(crate) struct Decoder {
    raw: snap::raw::Decoder,
}

impl Decoder {
    pub(crate) fn new() -> Self {
        Self { raw: snap::raw::Decoder::new() }
    }

    pub(crate) fn decode(&mut self, input: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
        if !input.starts_with(&MAGIC) {
            return self.block(input, out);
        }
        let mut rest = input;
        while !rest.is_empty() {
            // streams that were appended to each other repeat the header
            if rest.starts_with(&MAGIC) {
                rest = rest.get(HEADER.len()..).ok_or(TRUNCATED)?;
                continue;
            }
            let (length, after) = rest.split_first_chunk::<4>().ok_or(TRUNCATED)?;
            let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| TRUNCATED)?;
            let (block, after) = after.split_at_checked(length).ok_or(TRUNCATED)?;
            self.block(block, out)?;
            rest = after;
        }
        Ok(())
    }

    /// Decodes one raw block, whose declared length is believed only as far as the limit and its own size allow.
    fn block(&mut self, block: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
        let declared = snap::raw::decompress_len(block).map_err(|_| corrupt("bad length of a block"))?;
        if declared == 0 && block.is_empty() {
            return Err(TRUNCATED);
        }
        // the longest copy gives 64 bytes for three, so a block cannot expand beyond this
        if declared > block.len().saturating_mul(32) {
            return Err(corrupt("a block declares more than it can hold"));
        }
        out.allow(declared)?;
        out.fill(declared, |_, free| self.raw.decompress(block, free).map_err(|_| corrupt("bad block")))?;
        Ok(())
    }
}
