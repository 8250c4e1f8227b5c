//! The view of Fetch responses against the typed message.

use bytes::Bytes;

use super::super::tests::{Tally, bodies, same_topic};
use super::{CurrentLeader, DivergingEpoch, FetchPartitionView, FetchResponseView, SnapshotId};
use crate::Message;
use crate::messages::{FetchResponse, fetch};

fn same(view: &FetchResponseView<'_>, typed: &FetchResponse, version: i16) {
    assert_eq!(view.throttle_time_ms(), typed.throttle_time_ms);
    assert_eq!((view.error_code(), view.session_id()), (typed.error_code, typed.session_id));
    assert_eq!(view.topics().len(), typed.responses.len());
    for (topic, expected) in view.topics().zip(&typed.responses) {
        same_topic((topic.name(), topic.id()), (&expected.topic, expected.topic_id), version);
        assert_eq!(topic.partitions().len(), expected.partitions.len());
        for (partition, expected) in topic.partitions().zip(&expected.partitions) {
            same_partition(&partition, expected);
        }
    }
    assert_eq!(view.node_endpoints().len(), typed.node_endpoints.len());
    for (node, expected) in view.node_endpoints().zip(&typed.node_endpoints) {
        assert_eq!((node.node_id, node.port), (expected.node_id, expected.port));
        assert_eq!(node.host.to_string(), expected.host.as_str());
        assert_eq!(node.rack.map(|rack| rack.to_string()).as_deref(), expected.rack.as_deref());
    }
}

fn same_partition(view: &FetchPartitionView<'_>, typed: &fetch::PartitionData) {
    assert_eq!((view.index, view.error_code), (typed.partition_index, typed.error_code));
    assert_eq!(view.high_watermark, typed.high_watermark);
    assert_eq!(view.last_stable_offset, typed.last_stable_offset);
    assert_eq!(view.log_start_offset, typed.log_start_offset);
    assert_eq!(view.preferred_read_replica, typed.preferred_read_replica);
    assert_eq!(view.records, typed.records.as_deref());
    let own =
        view.aborted_transactions().map(|all| all.map(|one| (one.producer_id, one.first_offset)).collect::<Vec<_>>());
    let expected = |all: &Vec<fetch::AbortedTransaction>| {
        all.iter().map(|one| (one.producer_id, one.first_offset)).collect::<Vec<_>>()
    };
    // What no version before the fourth can say is empty when typed.
    assert_eq!(own.unwrap_or_default(), typed.aborted_transactions.as_ref().map(expected).unwrap_or_default());
    let DivergingEpoch { epoch, end_offset } =
        view.diverging_epoch.unwrap_or(DivergingEpoch { epoch: -1, end_offset: -1 });
    assert_eq!((epoch, end_offset), (typed.diverging_epoch.epoch, typed.diverging_epoch.end_offset));
    let nobody = CurrentLeader { leader_id: crate::BrokerId(-1), leader_epoch: -1 };
    let CurrentLeader { leader_id, leader_epoch } = view.current_leader.unwrap_or(nobody);
    assert_eq!((leader_id, leader_epoch), (typed.current_leader.leader_id, typed.current_leader.leader_epoch));
    let SnapshotId { end_offset, epoch } = view.snapshot_id.unwrap_or(SnapshotId { end_offset: -1, epoch: -1 });
    assert_eq!((end_offset, epoch), (typed.snapshot_id.end_offset, typed.snapshot_id.epoch));
}

#[test]
fn the_view_has_what_the_typed_message_has_and_refuses_what_it_refuses() {
    let mut tally = Tally::default();
    bodies("FetchResponse", |bytes: Bytes, version| {
        let (view, typed) = (FetchResponseView::new(&bytes, version), FetchResponse::decode_prefix(&bytes, version));
        if let Some((view, (typed, length))) = tally.both(view, typed) {
            same(&view, &typed, version);
            assert_eq!(view.body_len(), length);
        }
    });
    tally.finish();
}

#[test]
fn null_and_no_aborted_transactions_are_told_apart() {
    let response =
        |aborted: &[u8]| [&[0; 4][..], &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1], &[0; 22], aborted, &[0xff; 4]].concat();
    for (aborted, expected) in
        [(&[0xff; 4][..], None), (&[0; 4], Some(0)), (&[&[0, 0, 0, 1][..], &[0; 16]].concat(), Some(1))]
    {
        let body = response(aborted);
        let view = FetchResponseView::new(&body, 4).expect("readable");
        let partition = view.topics().next().and_then(|topic| topic.partitions().next()).expect("one");
        assert_eq!(partition.aborted_transactions().map(|all| all.len()), expected);
    }
}
