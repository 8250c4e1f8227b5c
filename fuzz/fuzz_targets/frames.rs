//! Any bytes, read as a request and as a response of any API and version, header and body: read or refused, by its type as by
//! the schema, and copied as they are.
#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use ottla_protocol::walk::{Frame, Payloads};
use ottla_protocol::{ApiKey, DecodeError, frame};

fuzz_target!(|data: &[u8]| {
    let [direction, rest @ ..] = data else { return };
    if direction % 2 == 0 {
        let bytes = Bytes::copy_from_slice(rest);
        let typed = frame::decode_request_header(&bytes);
        let walked = Frame::request(&bytes);
        match (typed, walked) {
            (Ok((header, body)), Ok(walked)) => {
                drop(format!("{header:?}"));
                assert_eq!((header.key, header.version), (walked.key(), walked.version()));
                assert_eq!(header.correlation_id, walked.correlation_id());
                assert_eq!(body, walked.body_bytes());
                check(walked, &bytes);
            }
            (Err(typed), Err(walked)) => same(&typed, &walked),
            (typed, walked) => panic!("{typed:?}, but by the schema {walked:?}"),
        }
    } else {
        let [high, low, version, rest @ ..] = rest else { return };
        let (key, version) = (ApiKey(i16::from_be_bytes([*high, *low])), i16::from(*version));
        let bytes = Bytes::copy_from_slice(rest);
        let typed = frame::decode_response_header(&bytes, key, version);
        let walked = Frame::response(&bytes, key, version);
        match (typed, walked) {
            (Ok((correlation_id, body)), Ok(walked)) => {
                assert_eq!(correlation_id, walked.correlation_id());
                // That of ApiVersions has its header in any version, the body in that or in 0.
                assert_eq!(body, walked.body_bytes());
                check(walked, &bytes);
            }
            // Typed messages of an API that is not known do not exist.
            (_, Err(_)) if key.name().is_none() => {}
            (Err(typed), Err(walked)) => same(&typed, &walked),
            (typed, walked) => panic!("{typed:?}, but by the schema {walked:?}"),
        }
    }
});

fn check(walked: Frame<'_>, bytes: &Bytes) {
    let body = Bytes::copy_from_slice(walked.body_bytes());
    let Some(picked) = ottla_fuzz::of_schema(walked.schema(), walked.version(), body) else {
        assert!(walked.body().is_err());
        return;
    };
    let typed = picked.round_trip();
    assert_eq!(typed.is_some(), walked.check().is_ok());
    if typed.is_some() {
        drop(walked.json(Payloads::Hidden).expect("just checked").to_string());
        let mut copy = BytesMut::new();
        walked.rewrite(&mut copy, |_| ()).expect("just checked");
        assert_eq!(copy, bytes);
        copy.clear();
        walked.redact(&mut copy).expect("just checked");
    }
}

fn same(typed: &DecodeError, walked: &DecodeError) {
    assert_eq!((typed.kind, typed.offset), (walked.kind, walked.offset), "{typed}, but by the schema {walked}");
}
