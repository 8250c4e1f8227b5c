//! The messages as values, for tests that walk over all of them.

use bytes::{Bytes, BytesMut};

use super::Message;
use crate::{DecodeError, EncodeError};

/// One message, its type forgotten.
#[derive(Debug)]
pub(crate) struct Walked {
    pub(crate) name: &'static str,
    pub(crate) min: i16,
    pub(crate) max: i16,
    /// Decodes, encodes again, and checks on the way that the announced length is the real one, that what was encoded
    /// decodes to the same message, and how many bytes of the input were the message.
    pub(crate) again: fn(&Bytes, i16) -> Again,
}

/// What came of it: the bytes it was encoded to, and how many of the input were the message.
pub(crate) type Again = Result<Result<(Bytes, usize), EncodeError>, DecodeError>;

pub(crate) const fn walked<M: Message>() -> Walked {
    Walked { name: M::NAME, min: M::MIN, max: M::MAX, again: again::<M> }
}

fn again<M: Message>(body: &Bytes, version: i16) -> Again {
    let (message, length) = M::decode_prefix(body, version)?;
    let announced = match message.encoded_len(version) {
        Ok(announced) => announced,
        Err(error) => return Ok(Err(error)),
    };
    let mut out = BytesMut::from(&b"before"[..]);
    message.encode(version, &mut out).expect("what was counted can be written");
    let out = out.split_off(6).freeze();
    assert_eq!(out.len(), announced, "{} version {version}: the announced length", M::NAME);
    let back = M::decode(&out, version).expect("what was encoded can be decoded");
    assert!(back == message || format!("{back:?}").contains("NaN"), "{} version {version}: {message:?}", M::NAME);
    Ok(Ok((out, length)))
}
