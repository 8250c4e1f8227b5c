//! Bodies that views and typed messages are compared on, and the numbers that both must have.

use bytes::Bytes;

use super::fetch::{AbortedTransactionView, FetchPartitionView, FetchTopicView, NodeEndpointView};
use super::produce::{ProducePartitionView, ProduceTopicView};
use super::{Part, ProduceRequestView};
use crate::message::random::{Dice, body};
use crate::schema::{FieldKind, FieldSchema, MessageSchema};
use crate::walk::Text;
use crate::walk::tests::{damaged, golden};
use crate::{DecodeError, Utf8Bytes, Uuid, WireError};

/// Calls with what Kafka wrote of a message and with random ones, each also damaged, cut short and with bytes after it.
pub(super) fn bodies(name: &str, mut call: impl FnMut(Bytes, i16)) {
    let mut dice = Dice(11);
    let mut variants = |bytes: Bytes, version, dice: &mut Dice| {
        for _ in 0..20 {
            call(damaged(&bytes, dice), version);
        }
        for end in (0..bytes.len()).step_by(bytes.len() / 20 + 1) {
            call(bytes.slice(..end), version);
        }
        call([&bytes, &b"after"[..]].concat().into(), version);
        call(bytes, version);
    };
    golden(|schema, version, bytes| {
        if schema.name == name {
            variants(bytes, version, &mut dice);
        }
    });
    let schema = MessageSchema::named(name).expect("known");
    for version in schema.versions.min..=schema.versions.max {
        for _ in 0..20 {
            let bytes = body(schema, version, &mut dice);
            variants(bytes.into(), version, &mut dice);
        }
    }
}

/// Compares the name or the id of a topic.
pub(super) fn same_topic(own: (Option<Text<'_>>, Option<Uuid>), typed: (&Utf8Bytes, Uuid), version: i16) {
    assert_eq!((own.0.is_some(), own.1.is_some()), (version <= 12, version >= 13));
    assert_eq!(own.0.unwrap_or_default().to_str_lossy(), typed.0.as_str());
    assert_eq!(own.1.unwrap_or(Uuid::NIL), typed.1);
}

/// How often view and type could read, and how often both refused.
#[derive(Default)]
pub(super) struct Tally {
    read: usize,
    refused: usize,
}

impl Tally {
    /// Both, if both could read; asserts that they failed alike if not.
    pub(super) fn both<V, M>(&mut self, view: Result<V, DecodeError>, typed: Result<M, DecodeError>) -> Option<(V, M)> {
        match (view, typed) {
            (Ok(view), Ok(typed)) => {
                self.read += 1;
                Some((view, typed))
            }
            (view, typed) => {
                self.refused += 1;
                assert_eq!(view.err(), typed.err());
                None
            }
        }
    }

    pub(super) fn finish(&self) {
        assert!(self.read > 1000 && self.refused > 1000, "{} read, {} refused", self.read, self.refused);
    }
}

fn least(message: &str, path: &[&str]) -> usize {
    let mut fields: &[FieldSchema] = MessageSchema::named(message).expect("known").fields;
    let mut least = 0;
    for name in path {
        let field = fields.iter().find(|field| field.name == *name).expect("a field");
        least = field.least;
        if let FieldKind::Struct(inner) = field.kind {
            fields = inner;
        }
    }
    least
}

#[test]
fn counts_are_bounded_as_the_tables_bound_them() {
    assert_eq!(ProduceTopicView::LEAST, least("ProduceRequest", &["TopicData"]));
    assert_eq!(ProducePartitionView::LEAST, least("ProduceRequest", &["TopicData", "PartitionData"]));
    assert_eq!(FetchTopicView::LEAST, least("FetchResponse", &["Responses"]));
    assert_eq!(FetchPartitionView::LEAST, least("FetchResponse", &["Responses", "Partitions"]));
    let aborted = least("FetchResponse", &["Responses", "Partitions", "AbortedTransactions"]);
    assert_eq!(AbortedTransactionView::LEAST, aborted);
    assert_eq!(NodeEndpointView::LEAST, least("FetchResponse", &["NodeEndpoints"]));
}

#[test]
fn versions_that_do_not_exist_are_refused() {
    for version in [-1, 14] {
        let error = ProduceRequestView::new(&[0; 100], version).expect_err("no such version");
        assert_eq!((error.message, error.kind), ("ProduceRequest", WireError::UnsupportedVersion));
    }
}
