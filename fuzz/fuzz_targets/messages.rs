//! Any bytes, read as any message in any version: read or refused, and what was read is written as announced and read
//! again the same.
#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use ottla_protocol::{Decode, Encode, EncodeErrorKind};

struct Target {
    min: i16,
    max: i16,
    check: fn(&Bytes, i16),
}

impl Target {
    const fn of<M: Encode + Decode>() -> Self {
        Self { min: M::MIN, max: M::MAX, check: check::<M> }
    }
}

const TARGETS: &[Target] = include!(concat!(env!("OUT_DIR"), "/messages.rs"));

fuzz_target!(|data: &[u8]| {
    let [message, version, body @ ..] = data else { return };
    let target = &TARGETS[usize::from(*message) % TARGETS.len()];
    let versions = i16::from(*version) % (target.max - target.min + 1);
    (target.check)(&Bytes::copy_from_slice(body), target.min + versions);
});

fn check<M: Encode + Decode>(body: &Bytes, version: i16) {
    let Ok(message) = M::decode(body, version) else { return };
    // Unknown tagged fields are read in any order, as Java reads them, but written only in the right one.
    let Some(written) = write(&message, version) else { return };
    let again = M::decode(&written, version).expect("what we wrote can be read");
    // Bytes and not messages are compared, for a NaN is not equal to itself.
    assert_eq!(write(&again, version), Some(written));
}

/// The message's bytes; `None` if its tagged fields are out of order.
fn write<M: Encode>(message: &M, version: i16) -> Option<Bytes> {
    let announced = match message.encoded_len(version) {
        Err(error) if error.kind == EncodeErrorKind::TagsOutOfOrder => return None,
        announced => announced.expect("what was read in a version can be written in it"),
    };
    let mut out = BytesMut::new();
    message.encode(version, &mut out).expect("what has a length can be written");
    assert_eq!(out.len(), announced);
    Some(out.freeze())
}
