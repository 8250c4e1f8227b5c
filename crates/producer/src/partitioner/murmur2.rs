//! MurmurHash2 as Kafka's clients use it for keys: 32 bits, seed 0x9747b28c, little-endian words.

/// The hash of a key.
pub(crate) fn murmur2(key: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let mut hash = 0x9747_b28c ^ length;
    let mut words = key.chunks_exact(4);
    for word in &mut words {
        let word = word.iter().rev().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let mut word = word.wrapping_mul(M);
        word ^= word >> R;
        word = word.wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ word;
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        let rest = rest.iter().rev().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        hash = (hash ^ rest).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

/// The partition of `partitions` that a key belongs to, as Java's default partitioner chooses it.
///
/// With no partitions the answer is 0.
pub fn partition_for_key(key: &[u8], partitions: i32) -> i32 {
    let Ok(partitions) = u32::try_from(partitions) else { return 0 };
    let positive = murmur2(key) & 0x7fff_ffff;
    positive.checked_rem(partitions).map_or(0, u32::cast_signed)
}

#[cfg(test)]
mod tests;
