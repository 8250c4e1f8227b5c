//! Reading borrowed allocates nothing but what an error tells.

use std::fmt::{self, Write};

use ottla_protocol::DecodeError;
use ottla_protocol::schema::{MessageKind, MessageSchema};
use ottla_protocol::views::{FetchResponseView, ProduceRequestView};
use ottla_protocol::walk::{Frame, Payloads, Walker, json};

use super::meter::peak;

/// The way to a field, as it grows, and the digits of a float.
const TEXT: usize = 512;

/// Walks over a body, prints it, and looks at it as a view where there is one; walking ends as typed reading has.
pub(crate) fn check(
    schema: &'static MessageSchema,
    version: i16,
    body: &[u8],
    typed: &Result<usize, DecodeError>,
    what: impl Fn() -> String,
) {
    let (walking, walked) = used(errors, || walk(schema, version, body));
    assert_eq!(walked, *typed, "{}", what());
    assert!(walking <= errors(&walked), "{walking} bytes to walk over {}", what());

    // One code prints all versions, and slowly.
    if version == schema.versions.max {
        let print = || {
            let printed = json(Walker::new(schema, body, version)?, Payloads::Shown)?;
            Ok::<_, DecodeError>(write!(Nowhere, "{printed}"))
        };
        let (printing, _) = used(|_| TEXT, print);
        assert!(printing <= TEXT, "{printing} bytes to print {}", what());
    }

    if let (MessageKind::Request, Some(key)) = (schema.kind, schema.key) {
        // A client id that is null, where there is one; no tagged fields, where there may be.
        let mut frame = [key.0.to_be_bytes(), version.to_be_bytes(), [0; 2], [0; 2]].concat();
        frame.extend(
            [&[0xff, 0xff][..], &[0]][..usize::from(key.request_header_version(version).cast_unsigned())].concat(),
        );
        frame.extend(body);
        let (framing, framed) = used(errors, || Frame::request(&frame).and_then(|frame| frame.check()));
        assert_eq!(framed.is_ok(), walked.is_ok(), "{}", what());
        assert!(framing <= errors(&framed), "{framing} bytes to walk over the frame of {}", what());
    }

    let (viewing, viewed) = used(errors, || match schema.name {
        "ProduceRequest" => {
            let view = ProduceRequestView::new(body, version)?;
            Ok(view.topics().flat_map(|topic| topic.partitions()).count())
        }
        "FetchResponse" => {
            let view = FetchResponseView::new(body, version)?;
            let partitions = view.topics().flat_map(|topic| topic.partitions());
            Ok(partitions.filter_map(|partition| partition.aborted_transactions()).map(Iterator::count).sum())
        }
        _ => Ok::<_, DecodeError>(0),
    });
    assert!(viewing <= errors(&viewed), "{viewing} bytes to view {}", what());
}

/// What this allocates, measured again if that is too much: the counter sees all threads, and that of the test harness
/// allocates now and then, such as for the remark that a test takes long.
fn used<T>(allowed: impl Fn(&T) -> usize, work: impl Fn() -> T) -> (usize, T) {
    let (used, result) = peak(&work);
    if used <= allowed(&result) { (used, result) } else { peak(&work) }
}

/// Nothing, but what an error tells.
fn errors<T>(result: &Result<T, DecodeError>) -> usize {
    if result.is_ok() { 0 } else { TEXT }
}

fn walk(schema: &'static MessageSchema, version: i16, body: &[u8]) -> Result<usize, DecodeError> {
    let mut walker = Walker::new(schema, body, version)?;
    while walker.step()?.is_some() {}
    Ok(walker.offset())
}

struct Nowhere;

impl Write for Nowhere {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}
