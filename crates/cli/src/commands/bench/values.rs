//! The values that are produced: 1024 different ones, pseudo-random and printable, so that compression is realistic.

const DIFFERENT: usize = 1024;

const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Values of this size, the same ones in every run.
pub(super) fn values(size: usize) -> Vec<Vec<u8>> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut symbol = || {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        SYMBOLS[(state >> 58) as usize]
    };
    (0..DIFFERENT).map(|_| (0..size).map(|_| symbol()).collect()).collect()
}

#[cfg(test)]
mod tests;
