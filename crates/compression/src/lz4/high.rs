//! LZ4 blocks by a search for long matches, which is what levels are for.
//!
//! Every position of a block is chained to the one before it that begins with the same four bytes. Of such a chain as many
//! places are tried as the level says; a match gives way to a longer one that begins a byte later.

#[cfg(test)]
mod tests;

use super::BLOCK;

/// The shortest match that the format can say.
const LEAST_MATCH: usize = 4;
/// The format wants the last bytes of a block to be literals, and no match to begin in the last ones.
const LAST_LITERALS: usize = 5;
const NO_MATCH_IN: usize = 12;
const HASH_BITS: u32 = 15;
/// Levels from here on search no further; Kafka's library does not either.
const STRONGEST: i32 = 12;

/// A place where bytes stood before, and how many of them.
#[derive(Clone, Copy)]
struct Match {
    at: usize,
    from: usize,
    len: usize,
}

/// The chains of a block.
pub(super) struct High {
    /// By hash, the last position plus one; 0 for none.
    heads: Vec<u32>,
    /// By position, how far back the one before is; 0 for none.
    chain: Vec<u16>,
    /// The first position that is not in a chain yet.
    next: usize,
}

impl High {
    pub(super) fn new() -> Self {
        Self { heads: vec![0; 1 << HASH_BITS], chain: vec![0; BLOCK], next: 0 }
    }

    /// Appends a block of at most 64 KiB, compressed; it may become longer than it was.
    pub(super) fn compress(&mut self, block: &[u8], level: i32, out: &mut Vec<u8>) {
        self.heads.fill(0);
        self.next = 0;
        let attempts = 1_u32 << level.clamp(1, STRONGEST).saturating_sub(1);
        let end = block.len().saturating_sub(LAST_LITERALS);
        let last_start = block.len().saturating_sub(NO_MATCH_IN);
        let (mut anchor, mut at) = (0, 0);
        while at < last_start {
            let Some(mut found) = self.longest(block, at, end, attempts, LEAST_MATCH.wrapping_sub(1)) else {
                at = at.wrapping_add(1);
                continue;
            };
            while found.at.wrapping_add(1) < last_start
                && let Some(longer) = self.longest(block, found.at.wrapping_add(1), end, attempts, found.len)
            {
                found = longer;
            }
            put_sequence(out, block.get(anchor..found.at).unwrap_or_default(), Some(found));
            at = found.at.wrapping_add(found.len);
            anchor = at;
        }
        put_sequence(out, block.get(anchor..).unwrap_or_default(), None);
    }

    /// The longest match at a position that is longer than `least` and ends before `end`.
    fn longest(&mut self, block: &[u8], at: usize, end: usize, attempts: u32, least: usize) -> Option<Match> {
        self.chain_up_to(block, at);
        let here = block.get(at..end)?;
        let mut best = None;
        let mut len = least;
        let mut from = usize::try_from(*self.heads.get(hash(block, at)?)?).ok()?.checked_sub(1)?;
        for _ in 0..attempts {
            let there = block.get(from..)?;
            // what differs where a longer match must not is not looked at further
            if there.get(len) == here.get(len) {
                let common = common_len(there, here);
                if common > len {
                    len = common;
                    best = Some(Match { at, from, len });
                    if len == here.len() {
                        break;
                    }
                }
            }
            match self.chain.get(from) {
                Some(back @ 1..) => from = from.saturating_sub(usize::from(*back)),
                _ => break,
            }
        }
        best
    }

    /// Puts all positions before `at` into their chains.
    fn chain_up_to(&mut self, block: &[u8], at: usize) {
        while self.next < at {
            let position = self.next;
            self.next = position.wrapping_add(1);
            let Some(hash) = hash(block, position) else { return };
            let (Some(head), Some(back)) = (self.heads.get_mut(hash), self.chain.get_mut(position)) else { return };
            // positions are below 64 KiB, and so are distances
            *back = if *head == 0 { 0 } else { (position as u32).wrapping_add(1).wrapping_sub(*head) as u16 };
            *head = (position as u32).wrapping_add(1);
        }
    }
}

/// The hash of four bytes; `None` where there are fewer.
#[inline]
fn hash(block: &[u8], at: usize) -> Option<usize> {
    let bytes = u32::from_le_bytes(*block.get(at..)?.first_chunk::<4>()?);
    usize::try_from(bytes.wrapping_mul(2_654_435_761) >> (32_u32.wrapping_sub(HASH_BITS))).ok()
}

/// How many bytes are the same from the start on.
#[inline]
fn common_len(one: &[u8], other: &[u8]) -> usize {
    let words = one.chunks_exact(8).zip(other.chunks_exact(8));
    let mut same = 0_usize;
    for (one, other) in words {
        let (Some(one), Some(other)) = (one.first_chunk::<8>(), other.first_chunk::<8>()) else { break };
        let differing = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if differing != 0 {
            return same.wrapping_add((differing.trailing_zeros() / 8) as usize);
        }
        same = same.wrapping_add(8);
    }
    let (one, other) = (one.get(same..).unwrap_or_default(), other.get(same..).unwrap_or_default());
    same.wrapping_add(one.iter().zip(other).take_while(|(one, other)| one == other).count())
}

/// Appends literals and the match behind them; none is behind the last.
fn put_sequence(out: &mut Vec<u8>, literals: &[u8], found: Option<Match>) {
    let beyond = found.map_or(0, |found| found.len.saturating_sub(LEAST_MATCH));
    // a nibble each; 15 says that more bytes follow
    out.push((literals.len().min(15) << 4 | beyond.min(15)) as u8);
    put_length(out, literals.len());
    out.extend_from_slice(literals);
    if let Some(found) = found {
        let distance = found.at.wrapping_sub(found.from) as u16;
        out.extend_from_slice(&distance.to_le_bytes());
        put_length(out, beyond);
    }
}

/// Appends what a nibble could not say of a length.
fn put_length(out: &mut Vec<u8>, len: usize) {
    let Some(mut rest) = len.checked_sub(15) else { return };
    while rest >= 255 {
        out.push(255);
        rest = rest.wrapping_sub(255);
    }
    out.push(rest as u8);
}
