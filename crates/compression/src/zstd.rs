//! Zstandard by its C library: frames without content size or checksum written, any frames read.

#[cfg(test)]
mod tests;

use zstd_safe::{CCtx, CParameter, DCtx, InBuffer, OutBuffer, ResetDirective};

use crate::bounded::Bounded;
use crate::zstd_frame::Declared;
use crate::{Codec, CompressionError};

/// The library takes memory for the window that a frame declares. Up to here that is as it will, beyond it must not
/// be more than what may come out.
const SMALL_WINDOW: u64 = 1 << 20;
/// Numbers of the library's errors, which it promises to keep: `ZSTD_error_dstSize_tooSmall`, `ZSTD_error_srcSize_wrong`.
const OUTPUT_TOO_SMALL: usize = 70;
const INPUT_TOO_SHORT: usize = 72;

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

    /// Decodes frames until the input ends.
    pub(crate) fn decode(&mut self, input: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
        self.context.reset(ResetDirective::SessionOnly).map_err(encode_error)?;
        let mut source = InBuffer::around(input);
        let mut at_frame = true;
        let (mut declared, mut frame_at) = (Declared::default(), 0);
        loop {
            let rest = input.get(source.pos()..).unwrap_or_default();
            if at_frame {
                declared = Declared::read(rest).unwrap_or_default();
                frame_at = out.written();
                if declared.window > SMALL_WINDOW.max(out.left() as u64) {
                    return self.decode_at_once(rest, out);
                }
            }
            let buffer = out.room(rest.len().saturating_mul(4))?;
            let at = buffer.len();
            let taken = source.pos();
            let mut target = OutBuffer::around_pos(buffer, at);
            let hint = self.context.decompress_stream(&mut target, &mut source).map_err(decode_error)?;
            let given = target.pos().saturating_sub(at);
            out.check()?;
            // zero: a frame ended, and all of it was handed out
            at_frame = hint == 0;
            if at_frame {
                declared.check(out.written().saturating_sub(frame_at))?;
            }
            let all_taken = source.pos() >= input.len();
            if at_frame && all_taken {
                return Ok(());
            }
            if !at_frame && given == 0 && (all_taken || source.pos() == taken) {
                return Err(CompressionError::Truncated { codec: Codec::Zstd });
            }
        }
    }

    /// Decodes all frames there are without a window beside the output: what a window that is larger than all that
    /// may come out is not worth. Strong levels declare large windows for small frames too, so a guess at the output is
    /// tried before all that is allowed, and another if that was too little.
    fn decode_at_once(&mut self, input: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
        let over = out.over();
        let mut guess = input.len().saturating_mul(8).max(64 * 1024);
        loop {
            let is_all = guess >= out.left();
            let result = out.fill(guess, |_, free| {
                self.context.decompress(free, input).map_err(|code| match code.wrapping_neg() {
                    OUTPUT_TOO_SMALL => over,
                    INPUT_TOO_SHORT => CompressionError::Truncated { codec: Codec::Zstd },
                    _ => decode_error(code),
                })
            });
            match result {
                Err(error) if error == over && !is_all => guess = guess.saturating_mul(4),
                result => return result.map(drop),
            }
        }
    }
}

fn decode_error(code: usize) -> CompressionError {
    CompressionError::Corrupt { codec: Codec::Zstd, reason: zstd_safe::get_error_name(code) }
}
