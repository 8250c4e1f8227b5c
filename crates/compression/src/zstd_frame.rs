//! What the header of a Zstandard frame says of the memory that it wants.

#[cfg(test)]
pub(crate) mod tests;

const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();

/// The window that the frame at the start of `input` declares, in bytes: how far back its blocks may refer. `None` for
/// what is no such frame, or is cut short.
pub(crate) fn declared_window(input: &[u8]) -> Option<u64> {
    let after = input.strip_prefix(&MAGIC)?;
    let (&descriptor, after) = after.split_first()?;
    if descriptor & 0x20 == 0 {
        let byte = u64::from(*after.first()?);
        let base = 1_u64 << (10_u64.wrapping_add(byte >> 3) & 63);
        return Some(base.saturating_add((base >> 3).saturating_mul(byte & 7)));
    }
    // a single segment: the window is the content, whose size stands behind the dictionary's id
    let id_len = [0, 1, 2, 4].get(usize::from(descriptor & 3)).copied()?;
    let size = after.get(id_len..)?;
    match descriptor >> 6 {
        0 => Some(u64::from(*size.first()?)),
        1 => Some(u64::from(u16::from_le_bytes(*size.first_chunk()?)).saturating_add(256)),
        2 => Some(u64::from(u32::from_le_bytes(*size.first_chunk()?))),
        _ => Some(u64::from_le_bytes(*size.first_chunk()?)),
    }
}
