//! LZ4 frames: what Kafka writes, and what other encoders may have put into a topic.
//!
//! A frame is a magic number, a descriptor (flags, block size, optional content size, header checksum), blocks with
//! little-endian lengths (top bit: stored as is), a zero length for the end, and an optional content checksum.

mod high;
#[cfg(test)]
mod tests;

use std::hash::Hasher;

use lz4_flex::block::{
    CompressTable, DecompressError, compress_into_with_table, decompress_into, decompress_into_with_dict,
    get_maximum_output_size,
};
use twox_hash::XxHash32;

use crate::bounded::{Bounded, KEPT};
use crate::{Codec, CompressionError};
use high::High;

const MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();
/// Version 1, independent blocks, no checksums, no content size; blocks of at most 64 KiB; the header's checksum.
const DESCRIPTOR: [u8; 3] = [0x60, 0x40, 0x82];
/// Input bytes per block.
const BLOCK: usize = 64 * 1024;
/// How far back a linked block may refer.
const WINDOW: usize = KEPT;
/// Set in a block's length when its bytes are stored as they are.
const STORED: u32 = 0x8000_0000;

const TRUNCATED: CompressionError = CompressionError::Truncated { codec: Codec::Lz4 };
const TOO_LARGE: CompressionError = CompressionError::Failed { codec: Codec::Lz4, reason: "block too large" };

const fn corrupt(reason: &'static str) -> CompressionError {
    CompressionError::Corrupt { codec: Codec::Lz4, reason }
}

/// Kafka's default level, at which its library, like this one, takes the fast encoder. At all others both search harder.
const FAST: i32 = 9;

/// The tables of the encoders, made when they are first needed.
pub(crate) struct Encoder {
    fast: Option<CompressTable>,
    high: Option<High>,
}

impl Encoder {
    pub(crate) const fn new() -> Self {
        Self { fast: None, high: None }
    }

    pub(crate) fn encode(
        &mut self,
        level: Option<i32>,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&DESCRIPTOR);
        for block in input.chunks(BLOCK) {
            let length_at = out.len();
            let block_at = length_at.saturating_add(4);
            out.extend_from_slice(&[0; 4]);
            match level {
                None | Some(FAST) => self.fast(block, out)?,
                Some(level) => self.high.get_or_insert_with(High::new).compress(block, level, out),
            }
            let len = out.len().saturating_sub(block_at);
            let mut prefix = u32::try_from(len).map_err(|_| TOO_LARGE)?;
            if len >= block.len() {
                out.truncate(block_at);
                out.extend_from_slice(block);
                prefix = u32::try_from(block.len()).map_err(|_| TOO_LARGE)? | STORED;
            }
            out.get_mut(length_at..block_at).ok_or(TOO_LARGE)?.copy_from_slice(&prefix.to_le_bytes());
        }
        out.extend_from_slice(&[0; 4]);
        Ok(())
    }

    fn fast(&mut self, block: &[u8], out: &mut Vec<u8>) -> Result<(), CompressionError> {
        let before = out.len();
        out.resize(before.saturating_add(get_maximum_output_size(block.len())), 0);
        let table = self.fast.get_or_insert_with(CompressTable::large);
        let free = out.get_mut(before..).unwrap_or_default();
        let len = compress_into_with_table(block, free, table).map_err(|_| TOO_LARGE)?;
        out.truncate(before.saturating_add(len));
        Ok(())
    }
}

/// Makes a frame that [`Encoder::encode`] wrote one of Kafka before 0.10: the header's checksum covers the magic number.
pub(crate) fn make_v0(frame: &mut [u8]) {
    if let Some(&mut [ref covered @ .., ref mut checksum]) = frame.first_chunk_mut::<7>() {
        *checksum = header_checksum(covered);
    }
}

/// Decodes frames until the input ends.
pub(crate) fn decode(input: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
    let mut rest = frame(input, out)?;
    while !rest.is_empty() {
        rest = frame(rest, out)?;
    }
    Ok(())
}

/// What a frame's descriptor says.
struct Descriptor {
    linked: bool,
    block_checksums: bool,
    content_size: Option<u64>,
    content_checksum: bool,
    block_max: usize,
}

impl Descriptor {
    /// Reads magic number and descriptor; gives the rest of the input too.
    fn read(input: &[u8]) -> Result<(Self, &[u8]), CompressionError> {
        let (magic, after) = input.split_first_chunk::<4>().ok_or(TRUNCATED)?;
        if *magic != MAGIC {
            return Err(corrupt("no LZ4 frame's magic number"));
        }
        let &[flags, block_size] = after.first_chunk::<2>().ok_or(TRUNCATED)?;
        if flags >> 6 != 1 {
            return Err(corrupt("unknown version of the frame format"));
        }
        if flags & 0b10 != 0 || block_size & 0b1000_1111 != 0 {
            return Err(corrupt("reserved bits are set in the frame's header"));
        }
        if flags & 0b1 != 0 {
            return Err(corrupt("the frame asks for a dictionary"));
        }
        let block_max = match block_size >> 4 {
            4 => 64 << 10,
            5 => 256 << 10,
            6 => 1 << 20,
            7 => 4 << 20,
            _ => return Err(corrupt("unknown block size")),
        };
        let sized = flags & 0b1000 != 0;
        let (fields, after) = after.split_at_checked(if sized { 10 } else { 2 }).ok_or(TRUNCATED)?;
        let content_size = if sized { fields.last_chunk::<8>().map(|size| u64::from_le_bytes(*size)) } else { None };
        let (checksum, after) = after.split_first().ok_or(TRUNCATED)?;
        // Kafka before 0.10 took the magic number into the checksum as well
        let with_magic = input.get(..MAGIC.len().saturating_add(fields.len())).unwrap_or_default();
        if *checksum != header_checksum(fields) && *checksum != header_checksum(with_magic) {
            return Err(corrupt("wrong checksum of the frame's header"));
        }
        let descriptor = Self {
            linked: flags & 0b10_0000 == 0,
            block_checksums: flags & 0b1_0000 != 0,
            content_size,
            content_checksum: flags & 0b100 != 0,
            block_max,
        };
        Ok((descriptor, after))
    }
}

/// The second byte of the hash, as the frame format has it.
fn header_checksum(bytes: &[u8]) -> u8 {
    let [_, _, second, _] = XxHash32::oneshot(0, bytes).to_be_bytes();
    second
}

fn read_u32(input: &[u8]) -> Result<(u32, &[u8]), CompressionError> {
    let (number, rest) = input.split_first_chunk::<4>().ok_or(TRUNCATED)?;
    Ok((u32::from_le_bytes(*number), rest))
}

/// Decodes one frame and gives back what follows it.
fn frame<'a>(input: &'a [u8], out: &mut Bounded<'_>) -> Result<&'a [u8], CompressionError> {
    let (descriptor, mut rest) = Descriptor::read(input)?;
    let frame_at = out.written();
    let mut contents = XxHash32::with_seed(0);
    loop {
        let (length, after) = read_u32(rest)?;
        rest = after;
        if length == 0 {
            break;
        }
        let stored = length & STORED != 0;
        let length = usize::try_from(length & !STORED).map_err(|_| TRUNCATED)?;
        if length > descriptor.block_max {
            return Err(corrupt("a block is larger than the frame's header allows"));
        }
        let (data, after) = rest.split_at_checked(length).ok_or(TRUNCATED)?;
        rest = after;
        if descriptor.block_checksums {
            let (checksum, after) = read_u32(rest)?;
            rest = after;
            if checksum != XxHash32::oneshot(0, data) {
                return Err(corrupt("wrong checksum of a block"));
            }
        }
        let block_at = out.written();
        if stored {
            out.extend(data)?;
        } else {
            block(&descriptor, frame_at, data, out)?;
        }
        if descriptor.content_checksum {
            contents.write(out.written_from(block_at));
        }
    }
    if descriptor.content_checksum {
        let (checksum, after) = read_u32(rest)?;
        rest = after;
        if checksum != contents.finish_32() {
            return Err(corrupt("wrong checksum of the contents"));
        }
    }
    let size = out.written().saturating_sub(frame_at) as u64;
    if descriptor.content_size.is_some_and(|declared| declared != size) {
        return Err(corrupt("the contents are not as long as the frame's header says"));
    }
    Ok(rest)
}

/// Why a block gave nothing.
enum BlockError {
    Lz4(DecompressError),
    Output(CompressionError),
}

impl From<CompressionError> for BlockError {
    fn from(error: CompressionError) -> Self {
        Self::Output(error)
    }
}

fn block(descriptor: &Descriptor, frame_at: usize, data: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
    // one byte of input gives 255 of output at most, so a small block needs no large buffer
    let most = descriptor.block_max.min(data.len().saturating_mul(255));
    let short = out.is_short_of(most);
    let window = if descriptor.linked { WINDOW.min(out.written().saturating_sub(frame_at)) } else { 0 };
    let result = out.fill(most, |done, free| {
        let window = done.get(done.len().saturating_sub(window)..).unwrap_or_default();
        let result =
            if window.is_empty() { decompress_into(data, free) } else { decompress_into_with_dict(data, free, window) };
        result.map_err(BlockError::Lz4)
    });
    match result {
        Ok(_) => Ok(()),
        Err(BlockError::Output(error)) => Err(error),
        Err(BlockError::Lz4(DecompressError::OutputTooSmall { .. })) if short => Err(out.over()),
        Err(BlockError::Lz4(_)) => Err(corrupt("bad block")),
    }
}
