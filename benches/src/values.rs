//! What stands in records.

/// Text of so many bytes that compresses about as much as JSON does; each seed gives another.
pub fn text(len: usize, seed: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(len + 64);
    let mut number = seed as u64 + 1;
    while text.len() < len {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.extend(format!("{{\"id\":{},\"action\":\"click\"}}", number >> 44).bytes());
    }
    text.truncate(len);
    text
}
