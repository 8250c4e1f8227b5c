//! Any bytes, read as a request's frame and as a response's: read or refused.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use ottla_protocol::{ApiKey, frame};

fuzz_target!(|input: (i16, i16, &[u8])| {
    let (key, version, bytes) = input;
    let bytes = Bytes::copy_from_slice(bytes);
    if let Ok((header, body)) = frame::decode_request_header(&bytes) {
        assert!(body.len() <= bytes.len());
        drop(format!("{header:?}"));
    }
    if let Ok((_, body)) = frame::decode_response_header(&bytes, ApiKey(key), version) {
        assert!(body.len() <= bytes.len());
    }
});
