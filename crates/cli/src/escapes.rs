//! Backslash escapes in arguments, as kcat reads them: `\n \r \t \0 \\ \xHH`.

/// Puts bytes in the place of escapes. A backslash before anything else stands for itself.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'\\'
            && let Some((byte, tail)) = escape(tail)
        {
            bytes.push(byte);
            rest = tail;
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    bytes
}

/// What follows a backslash, and what follows that.
pub(crate) fn escape(rest: &[u8]) -> Option<(u8, &[u8])> {
    let (&letter, tail) = rest.split_first()?;
    let byte = match letter {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'0' => 0,
        b'\\' => b'\\',
        b'x' => {
            let (digits, tail) = tail.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
            return Some((u8::from_str_radix(digits, 16).ok()?, tail));
        }
        _ => return None,
    };
    Some((byte, tail))
}

#[cfg(test)]
mod tests;
