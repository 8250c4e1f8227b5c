//! Tests of fetch sessions.

use std::collections::BTreeMap;

use bytes::Bytes;
use ottla_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic, ForgottenTopic, PartitionData};
use ottla_types::ErrorCode;

use super::{Context, FetchSessions, TopicKey, Wanted};
use crate::random::Random;

fn request(session_id: i32, session_epoch: i32, partitions: &[i32], forgotten: &[i32]) -> FetchRequest {
    let partition = |partition: &i32| FetchPartition { partition: *partition, ..Default::default() };
    let topics = vec![FetchTopic {
        topic: "t".into(),
        partitions: partitions.iter().map(partition).collect(),
        ..Default::default()
    }];
    let forgotten_topics_data =
        vec![ForgottenTopic { topic: "t".into(), partitions: forgotten.to_vec(), ..Default::default() }];
    FetchRequest { session_id, session_epoch, topics, forgotten_topics_data, ..Default::default() }
}

fn answers(partitions: &[(i32, i64, &'static [u8])]) -> BTreeMap<(TopicKey, i32), PartitionData> {
    let answer = |(partition, high_watermark, records): &(i32, i64, &'static [u8])| {
        let data = PartitionData {
            partition_index: *partition,
            high_watermark: *high_watermark,
            records: Some(Bytes::from_static(records)),
            ..Default::default()
        };
        ((TopicKey::Name("t".into()), *partition), data)
    };
    partitions.iter().map(answer).collect()
}

fn indexes(wanted: &[Wanted]) -> Vec<i32> {
    wanted.iter().map(|wanted| wanted.partition).collect()
}

fn opened(partitions: &[i32]) -> (FetchSessions, i32) {
    let mut sessions = FetchSessions::default();
    let (context, wanted) = sessions.begin(&request(0, 0, partitions, &[]), 12).unwrap();
    assert_eq!(context, Context::Full);
    let told: Vec<_> = partitions.iter().map(|partition| (*partition, 5, &b""[..])).collect();
    let id = sessions.open(&wanted, &answers(&told), false, 10, &mut Random::new(1));
    assert!(id > 0);
    (sessions, id)
}

#[test]
fn an_incremental_fetch_fetches_all_partitions_of_its_session() {
    let (mut sessions, id) = opened(&[0, 1, 2]);
    let (context, wanted) = sessions.begin(&request(id, 1, &[3], &[1]), 12).unwrap();
    assert_eq!(context, Context::Incremental(id));
    assert_eq!(indexes(&wanted), [0, 2, 3]);
    assert!(sessions.begin(&request(id, 2, &[], &[]), 12).is_ok());
}

#[test]
fn a_wrong_session_epoch_or_id_is_refused() {
    let (mut sessions, id) = opened(&[0]);
    let refusal = |result: Result<_, ErrorCode>| result.map(|(context, _): (Context, Vec<Wanted>)| context);
    assert_eq!(refusal(sessions.begin(&request(id, 2, &[], &[]), 12)), Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH));
    assert_eq!(refusal(sessions.begin(&request(id + 1, 1, &[], &[]), 12)), Err(ErrorCode::FETCH_SESSION_ID_NOT_FOUND));
    assert_eq!(refusal(sessions.begin(&request(id, 1, &[], &[]), 13)), Err(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR));
}

#[test]
fn what_the_client_knows_is_left_out() {
    let (mut sessions, id) = opened(&[0, 1, 2]);
    let mut told = answers(&[(0, 5, b""), (1, 6, b""), (2, 5, b"x")]);
    sessions.reduce(id, &mut told);
    let left: Vec<_> = told.keys().map(|(_, partition)| *partition).collect();
    assert_eq!(left, [1, 2]);
    // What had records goes to the end of the line.
    let (_, wanted) = sessions.begin(&request(id, 1, &[], &[]), 12).unwrap();
    assert_eq!(indexes(&wanted), [0, 1, 2]);
    let mut told = answers(&[(0, 5, b"x")]);
    sessions.reduce(id, &mut told);
    let (_, wanted) = sessions.begin(&request(id, 2, &[], &[]), 12).unwrap();
    assert_eq!(indexes(&wanted), [1, 2, 0]);
}

#[test]
fn a_final_epoch_ends_the_session() {
    let (mut sessions, id) = opened(&[0]);
    let (context, _) = sessions.begin(&request(id, -1, &[], &[]), 12).unwrap();
    assert_eq!(context, Context::Sessionless);
    assert_eq!(sessions.len(), 0);
}

#[test]
fn a_session_without_partitions_ends() {
    let (mut sessions, id) = opened(&[0]);
    let (context, wanted) = sessions.begin(&request(id, 1, &[], &[0]), 12).unwrap();
    assert_eq!((context, wanted.len()), (Context::Sessionless, 0));
    assert_eq!(sessions.len(), 0);
}

#[test]
fn without_a_free_slot_the_client_gets_no_session() {
    let (mut sessions, _) = opened(&[0]);
    let id = sessions.open(&[], &BTreeMap::new(), false, 1, &mut Random::new(2));
    assert_eq!(id, 0);
}
