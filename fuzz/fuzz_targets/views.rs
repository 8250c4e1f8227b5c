//! Any bytes, viewed as a Produce request and as a Fetch response of any version: read and refused where the typed message is,
//! for the same reason at the same byte, with the same in it.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use ottla_protocol::messages::{FetchResponse, ProduceRequest, fetch};
use ottla_protocol::views::{FetchPartitionView, FetchResponseView, ProduceRequestView};
use ottla_protocol::walk::Text;
use ottla_protocol::{DecodeError, Message as _, Utf8Bytes};

fuzz_target!(|data: &[u8]| {
    let [which, version, body @ ..] = data else { return };
    let (body, version) = (Bytes::copy_from_slice(body), i16::from(*version % 24));
    if which % 2 == 0 {
        match (ProduceRequest::decode_prefix(&body, version), ProduceRequestView::new(&body, version)) {
            (Ok((typed, length)), Ok(view)) => {
                assert_eq!(view.body_len(), length);
                produce(&typed, &view);
            }
            (typed, view) => refused(typed.err(), view.err()),
        }
    } else {
        match (FetchResponse::decode_prefix(&body, version), FetchResponseView::new(&body, version)) {
            (Ok((typed, length)), Ok(view)) => {
                assert_eq!(view.body_len(), length);
                fetch(&typed, &view, version);
            }
            (typed, view) => refused(typed.err(), view.err()),
        }
    }
});

fn refused(typed: Option<DecodeError>, view: Option<DecodeError>) {
    let text = |error: Option<DecodeError>| error.map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(text(typed), text(view));
}

/// Typed messages have U+FFFD where text is not UTF-8, and nothing where there is none.
fn same_text(typed: &Utf8Bytes, view: Option<Text<'_>>) {
    assert_eq!(&**typed, &*view.unwrap_or_default().to_str_lossy());
}

fn produce(typed: &ProduceRequest, view: &ProduceRequestView<'_>) {
    assert_eq!(typed.transactional_id.is_some(), view.transactional_id().is_some());
    if let Some(id) = &typed.transactional_id {
        same_text(id, view.transactional_id());
    }
    assert_eq!((typed.acks, typed.timeout_ms), (view.acks(), view.timeout_ms()));
    assert_eq!(typed.topic_data.len(), view.topics().len());
    for (typed, view) in typed.topic_data.iter().zip(view.topics()) {
        same_text(&typed.name, view.name());
        assert_eq!(typed.topic_id, view.id().unwrap_or_default());
        assert_eq!(typed.partition_data.len(), view.partitions().len());
        for (typed, view) in typed.partition_data.iter().zip(view.partitions()) {
            assert_eq!((typed.index, typed.records.as_deref()), (view.index, view.records));
        }
    }
}

fn fetch(typed: &FetchResponse, view: &FetchResponseView<'_>, version: i16) {
    assert_eq!(
        (typed.throttle_time_ms, typed.error_code, typed.session_id),
        (view.throttle_time_ms(), view.error_code(), view.session_id())
    );
    assert_eq!(typed.responses.len(), view.topics().len());
    for (typed, view) in typed.responses.iter().zip(view.topics()) {
        same_text(&typed.topic, view.name());
        assert_eq!(typed.topic_id, view.id().unwrap_or_default());
        assert_eq!(typed.partitions.len(), view.partitions().len());
        for (typed, view) in typed.partitions.iter().zip(view.partitions()) {
            partition(typed, &view, version);
        }
    }
    assert_eq!(typed.node_endpoints.len(), view.node_endpoints().len());
    for (typed, view) in typed.node_endpoints.iter().zip(view.node_endpoints()) {
        assert_eq!((typed.node_id, typed.port), (view.node_id, view.port));
        same_text(&typed.host, Some(view.host));
        assert_eq!(typed.rack.is_some(), view.rack.is_some());
        same_text(&typed.rack.clone().unwrap_or_default(), view.rack);
    }
}

fn partition(typed: &fetch::PartitionData, view: &FetchPartitionView<'_>, version: i16) {
    assert_eq!(typed.partition_index, view.index);
    assert_eq!(typed.error_code, view.error_code);
    assert_eq!(typed.high_watermark, view.high_watermark);
    assert_eq!(typed.last_stable_offset, view.last_stable_offset);
    assert_eq!(typed.log_start_offset, view.log_start_offset);
    assert_eq!(typed.preferred_read_replica, view.preferred_read_replica);
    assert_eq!(typed.records.as_deref(), view.records);
    if let Some(diverging) = view.diverging_epoch {
        assert_eq!(
            (typed.diverging_epoch.epoch, typed.diverging_epoch.end_offset),
            (diverging.epoch, diverging.end_offset)
        );
    }
    if let Some(leader) = view.current_leader {
        assert_eq!(
            (typed.current_leader.leader_id, typed.current_leader.leader_epoch),
            (leader.leader_id, leader.leader_epoch)
        );
    }
    if let Some(snapshot) = view.snapshot_id {
        assert_eq!((typed.snapshot_id.end_offset, typed.snapshot_id.epoch), (snapshot.end_offset, snapshot.epoch));
    }
    // Before version 4 there is none, which typed messages say by their default, an empty list.
    let typed = typed.aborted_transactions.as_deref().filter(|_| version >= 4);
    assert_eq!(typed.map(<[_]>::len), view.aborted_transactions().map(|aborted| aborted.len()));
    for (typed, view) in typed.unwrap_or_default().iter().zip(view.aborted_transactions().into_iter().flatten()) {
        assert_eq!((typed.producer_id, typed.first_offset), (view.producer_id, view.first_offset));
    }
}
