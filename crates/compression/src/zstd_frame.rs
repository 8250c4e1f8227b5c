//! What the header of a Zstandard frame says of the memory that it wants and the contents that it has.

#[cfg(test)]
pub(crate) mod tests;

use crate::{Codec, CompressionError};

const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();

/// A frame's declarations. They are lies until the frame was decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Declared {
    /// How far back its blocks may refer, in bytes.
    pub(crate) window: u64,
    /// How many bytes it decodes to.
    pub(crate) content: Option<u64>,
}

impl Declared {
    /// Reads the header of the frame at the start of `input`. `None` for what is no such frame, as one that is to be
    /// skipped, or is cut short.
    pub(crate) fn read(input: &[u8]) -> Option<Self> {
        let after = input.strip_prefix(&MAGIC)?;
        let (&descriptor, mut after) = after.split_first()?;
        let is_single_segment = descriptor & 0x20 != 0;
        let mut window = 0;
        if !is_single_segment {
            let (&byte, rest) = after.split_first()?;
            let base = 1_u64 << (10_u8.wrapping_add(byte >> 3) & 63);
            window = base.saturating_add((base >> 3).saturating_mul(u64::from(byte & 7)));
            after = rest;
        }
        let id_len = [0, 1, 2, 4].get(usize::from(descriptor & 3)).copied()?;
        let size = after.get(id_len..)?;
        let content = match descriptor >> 6 {
            0 if !is_single_segment => None,
            0 => Some(u64::from(*size.first()?)),
            1 => Some(u64::from(u16::from_le_bytes(*size.first_chunk()?)).saturating_add(256)),
            2 => Some(u64::from(u32::from_le_bytes(*size.first_chunk()?))),
            _ => Some(u64::from_le_bytes(*size.first_chunk()?)),
        };
        // of a single segment the content is the window
        Some(Self { window: content.filter(|_| is_single_segment).unwrap_or(window), content })
    }

    /// Fails if a frame decoded to another size. The C library looks at that only sometimes, by how large its output
    /// buffer is.
    pub(crate) fn check(&self, size: usize) -> Result<(), CompressionError> {
        if self.content.is_some_and(|content| content != size as u64) {
            let reason = "the contents are not as long as the frame's header says";
            return Err(CompressionError::Corrupt { codec: Codec::Zstd, reason });
        }
        Ok(())
    }
}
