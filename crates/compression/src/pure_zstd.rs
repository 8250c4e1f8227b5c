//! Zstandard without C: any frames read, none written, about four times slower than the C library.

#[cfg(test)]
mod tests;

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::bounded::{Bounded, PIECE};
use crate::zstd_frame::Declared;
use crate::{Codec, CompressionError};

/// A frame that declares a larger window gets a decoder of its own: one that is used again reserves the whole window.
const SMALL_WINDOW: u64 = 1 << 20;

const TRUNCATED: CompressionError = CompressionError::Truncated { codec: Codec::Zstd };

const fn corrupt(reason: &'static str) -> CompressionError {
    CompressionError::Corrupt { codec: Codec::Zstd, reason }
}

/// The tables and the window of a decoder.
pub(crate) struct Decoder {
    frames: FrameDecoder,
}

impl Decoder {
    /// The decoder kept in `slot`, made if there is none.
    pub(crate) fn kept(slot: &mut Option<Self>) -> Result<&mut Self, CompressionError> {
        Ok(slot.get_or_insert_with(|| Self { frames: FrameDecoder::new() }))
    }

    /// Decodes frames until the input ends.
    pub(crate) fn decode(&mut self, input: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
        if input.is_empty() {
            return Err(TRUNCATED);
        }
        let mut rest = input;
        while !rest.is_empty() {
            let declared = Declared::read(rest).unwrap_or_default();
            if declared.window > SMALL_WINDOW {
                self.frames = FrameDecoder::new();
            }
            match self.frames.reset(&mut rest) {
                Ok(()) => {
                    let frame_at = out.written();
                    self.frame(&mut rest, out)?;
                    declared.check(out.written().saturating_sub(frame_at))?;
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = usize::try_from(length).map_err(|_| TRUNCATED)?;
                    rest = rest.get(length..).ok_or(TRUNCATED)?;
                }
                Err(error) => return Err(judged(&error)),
            }
        }
        Ok(())
    }

    /// Decodes the blocks of a frame whose header was read. The decoder holds back as much as the frame's window,
    /// however little the limit is, so what it holds is counted from below: each step gives at least what it is asked
    /// for, or ends the frame.
    fn frame(&mut self, rest: &mut &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
        let left = out.left();
        let mut decoded = 0_usize;
        loop {
            let step = PIECE.min(left.saturating_sub(decoded).saturating_add(1));
            let ended = self
                .frames
                .decode_blocks(&mut *rest, BlockDecodingStrategy::UptoBytes(step))
                .map_err(|error| judged(&error))?;
            decoded = decoded.saturating_add(step);
            while self.frames.can_collect() > 0 {
                out.allow(self.frames.can_collect())?;
                let size = self.frames.can_collect().min(PIECE);
                out.fill(size, |_, free| {
                    std::io::Read::read(&mut self.frames, free).map_err(|_| corrupt("bad frame"))
                })?;
            }
            if ended {
                break;
            }
            if decoded > left {
                return Err(out.over());
            }
        }
        let stored = self.frames.get_checksum_from_data();
        if stored.is_some() && stored != self.frames.get_calculated_checksum() {
            return Err(corrupt("wrong checksum of the contents"));
        }
        Ok(())
    }
}

/// An error of the library, as ours: it reads from a slice, so what it could not read was not there.
fn judged(error: &FrameDecoderError) -> CompressionError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::UnexpectedEof
        {
            return TRUNCATED;
        }
        source = error.source();
    }
    match error {
        FrameDecoderError::WindowSizeTooBig { .. } => corrupt("its window is larger than 128 MiB"),
        FrameDecoderError::DictNotProvided { .. } => corrupt("the frame asks for a dictionary"),
        FrameDecoderError::ReadFrameHeaderError(_) => corrupt("no Zstandard frame"),
        _ => corrupt("bad frame"),
    }
}
