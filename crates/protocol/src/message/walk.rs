//! The messages as values, for tests that walk over all of them.

use bytes::{Bytes, BytesMut};

use crate::{Absent, Decode, DecodeError, Encode, EncodeError};

/// One message, its type forgotten.
#[derive(Debug)]
#[allow(dead_code, reason = "the targets that include this file use different fields")]
pub(crate) struct Walked {
    pub(crate) name: &'static str,
    pub(crate) min: i16,
    pub(crate) max: i16,
    /// Decodes, encodes again, and checks on the way that the announced length is the real one, that what was encoded
    /// decodes to the same message, and how many bytes of the input were the message.
    pub(crate) again: fn(&Bytes, i16) -> Again,
    /// Decodes, and gives how many bytes of the input were the message.
    pub(crate) holds: fn(&Bytes, i16) -> Result<usize, DecodeError>,
    /// Decodes in one version, encodes in another.
    pub(crate) convert: fn(&Bytes, i16, i16) -> Result<Bytes, EncodeError>,
    /// The same, dropping what the other version lacks.
    pub(crate) dropping: fn(&Bytes, i16, i16) -> Result<Bytes, EncodeError>,
    /// The default, encoded.
    pub(crate) default: fn(i16) -> Result<Bytes, EncodeError>,
}

/// What came of it: the bytes it was encoded to, and how many of the input were the message.
pub(crate) type Again = Result<Result<(Bytes, usize), EncodeError>, DecodeError>;

pub(crate) const fn walked<M: Encode + Decode>() -> Walked {
    Walked {
        name: M::NAME,
        min: M::MIN,
        max: M::MAX,
        again: again::<M>,
        holds: |body, version| Ok(M::decode_prefix(body, version)?.1),
        convert: |body, from, to| encoded(&M::decode(body, from).expect("a message of that version"), to),
        dropping: |body, from, to| {
            let message = M::decode(body, from).expect("a message of that version");
            let mut out = BytesMut::new();
            let announced = message.encoded_len_with(to, Absent::Drop);
            message.encode_with(to, Absent::Drop, &mut out)?;
            assert_eq!(announced, Ok(out.len()));
            Ok(out.freeze())
        },
        default: |version| encoded(&M::default(), version),
    }
}

fn encoded<M: Encode>(message: &M, version: i16) -> Result<Bytes, EncodeError> {
    let mut out = BytesMut::from(&b"before"[..]);
    let announced = message.encoded_len(version);
    let result = message.encode(version, &mut out);
    let out = out.split_off(6).freeze();
    match (announced, result) {
        (Ok(announced), Ok(())) => {
            assert_eq!(out.len(), announced, "{} version {version}: the announced length", M::NAME);
            Ok(out)
        }
        (Err(announced), Err(error)) => {
            assert_eq!(announced, error);
            assert!(out.is_empty(), "{} version {version}: written although refused", M::NAME);
            Err(error)
        }
        (announced, result) => panic!("{} version {version}: {announced:?} but {result:?}", M::NAME),
    }
}

fn again<M: Encode + Decode>(body: &Bytes, version: i16) -> Again {
    let (message, length) = M::decode_prefix(body, version)?;
    let out = match encoded(&message, version) {
        Ok(out) => out,
        Err(error) => return Ok(Err(error)),
    };
    let back = M::decode(&out, version).expect("what was encoded can be decoded");
    // Not-a-number is not equal to itself.
    assert!(back == message || format!("{back:?}").contains("NaN"), "{} version {version}: {message:?}", M::NAME);
    Ok(Ok((out, length)))
}
