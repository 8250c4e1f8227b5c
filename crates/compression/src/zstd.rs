//! Zstandard: frames without content size or checksum written, any frames read.

#[cfg(test)]
mod tests;

use zstd::zstd_safe::{self, CCtx, CParameter, DCtx, InBuffer, OutBuffer, ResetDirective};

use crate::bounded::Bounded;
use crate::{Codec, CompressionError};

const NO_MEMORY: CompressionError = failed("no memory for its context");

const fn failed(reason: &'static str) -> CompressionError {
    CompressionError::Failed { codec: Codec::Zstd, reason }
}

/// A compression context and the level it is set to.
pub(crate) struct Encoder {
    context: CCtx<'static>,
    level: Option<i32>,
}

impl Encoder {
    /// The encoder kept in `slot`, made if there is none.
    pub(crate) fn kept(slot: &mut Option<Self>) -> Result<&mut Self, CompressionError> {
        match slot {
            Some(encoder) => Ok(encoder),
            none => {
                let mut context = CCtx::try_create().ok_or(NO_MEMORY)?;
                // Java's streams know no size beforehand, so no reader of Kafka's needs it
                context.set_parameter(CParameter::ContentSizeFlag(false)).map_err(encode_error)?;
                context.set_parameter(CParameter::ChecksumFlag(false)).map_err(encode_error)?;
                Ok(none.insert(Self { context, level: None }))
            }
        }
    }

    pub(crate) fn encode(
        &mut self,
        level: Option<i32>,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        let level = level.unwrap_or(zstd_safe::CLEVEL_DEFAULT);
        if self.level != Some(level) {
            self.context.set_parameter(CParameter::CompressionLevel(level)).map_err(encode_error)?;
            self.level = Some(level);
        }
        let before = out.len();
        out.reserve(zstd_safe::compress_bound(input.len()));
        let mut cursor = std::io::Cursor::new(out);
        cursor.set_position(before as u64);
        self.context.compress2(&mut cursor, input).map_err(encode_error)?;
        Ok(())
    }
}

fn encode_error(code: usize) -> CompressionError {
    failed(zstd_safe::get_error_name(code))
}

/// A decompression context.
pub(crate) struct Decoder {
    context: DCtx<'static>,
}

impl Decoder {
    /// The decoder kept in `slot`, made if there is none.
    pub(crate) fn kept(slot: &mut Option<Self>) -> Result<&mut Self, CompressionError> {
        match slot {
            Some(decoder) => Ok(decoder),
            none => Ok(none.insert(Self { context: DCtx::try_create().ok_or(NO_MEMORY)? })),
        }
    }

    pub(crate) fn decode(&mut self, input: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
        self.context.reset(ResetDirective::SessionOnly).map_err(encode_error)?;
        let mut source = InBuffer::around(input);
        loop {
            let rest = input.len().saturating_sub(source.pos());
            let buffer = out.room(rest.saturating_mul(4))?;
            let at = buffer.len();
            let taken = source.pos();
            let mut target = OutBuffer::around_pos(buffer, at);
            let hint = self.context.decompress_stream(&mut target, &mut source).map_err(decode_error)?;
            let given = target.pos().saturating_sub(at);
            out.check()?;
            let all_taken = source.pos() >= input.len();
            // zero: a frame ended, and all of it was handed out
            if hint == 0 && all_taken {
                return Ok(());
            }
            if hint != 0 && given == 0 && (all_taken || source.pos() == taken) {
                return Err(CompressionError::Truncated { codec: Codec::Zstd });
            }
        }
    }
}

fn decode_error(code: usize) -> CompressionError {
    CompressionError::Corrupt { codec: Codec::Zstd, reason: zstd_safe::get_error_name(code) }
}
