//! Help for tests of questions: brokers of given versions, and answers to read.

use bytes::{Bytes, BytesMut};
use ottla_core::versions::Versions;
use ottla_protocol::{ApiKey, Encode, Request, VersionRange};

use crate::call::Encoded;

/// A broker that takes each API up to the version given.
pub(crate) fn broker(apis: &[(ApiKey, i16)]) -> Versions {
    Versions::new(apis.iter().map(|&(key, max)| (key, VersionRange { min: 0, max })), [])
}

/// The request in a frame.
pub(crate) fn sent<R: Request>(encoded: Encoded) -> (i16, R) {
    let (key, version, frame) = encoded;
    assert_eq!(key, R::KEY);
    let mut bytes = BytesMut::from(&frame.head[4..]);
    for chunk in &frame.tail {
        bytes.extend_from_slice(chunk);
    }
    let (header, body) = ottla_protocol::frame::decode_request_header(&bytes.freeze()).unwrap();
    assert_eq!(header.version, version);
    (version, R::decode(&body, version).unwrap())
}

/// The body of an answer.
pub(crate) fn body<M: Encode>(message: &M, version: i16) -> Bytes {
    let mut bytes = BytesMut::new();
    message.encode(version, &mut bytes).unwrap();
    bytes.freeze()
}
