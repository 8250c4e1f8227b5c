//! What happens when something goes wrong, or a leader goes elsewhere.

use super::*;

#[test]
fn a_fetch_is_woken_when_the_leader_moves() {
    let mut wire = with_topic(MockConfig::new(2), 1);
    wire.send(&fetch(0, 1, 500), 16 - 4);
    wire.cluster.move_leader("t", 0, BrokerId(2)).unwrap();
    let response = wire.receive::<FetchRequest>(12).unwrap();
    assert_eq!(response.responses[0].partitions[0].error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
}

#[test]
fn the_old_leader_hints_at_the_new_one() {
    let mut wire = with_topic(MockConfig::new(2), 1);
    let epoch = wire.cluster.move_leader("t", 0, BrokerId(2)).unwrap();
    let response = wire.ask(&produce(0, batch(1)), 10);
    let partition = &response.responses[0].partition_responses[0];
    assert_eq!(partition.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert_eq!((partition.current_leader.leader_id, partition.current_leader.leader_epoch), (BrokerId(2), epoch));
    assert_eq!(response.node_endpoints[0].host, "mock-2");

    let topic_id = wire.ask(&MetadataRequest { topics: None, ..Default::default() }, 12);
    let topic_id = topic_id.topics[0].topic_id;
    let mut request = fetch(0, 1, 0);
    request.topics[0].topic_id = topic_id;
    request.topics[0].topic = Default::default();
    request.topics[0].partitions[0].current_leader_epoch = epoch - 1;
    let response = wire.ask(&request, 16);
    let partition = &response.responses[0].partitions[0];
    assert_eq!(partition.error_code, ErrorCode::FENCED_LEADER_EPOCH);
    assert_eq!(partition.current_leader.leader_id, BrokerId(2));
    assert_eq!(response.node_endpoints[0].port, 9092);
}

#[test]
fn a_broker_that_goes_down_hands_over_its_partitions() {
    let mut wire = with_topic(MockConfig::new(2), 2);
    wire.cluster.create_topic_with("single", 1, 1, Default::default()).unwrap();
    let single = wire.cluster.partition("single", 0).unwrap().replicas[0];
    wire.send(&fetch(0, 1, 500), 12);
    wire.cluster.stop_broker(BrokerId(1)).unwrap();
    assert!(matches!(wire.cluster.poll_output(), Some(Output::Close { .. })));
    assert_eq!(wire.cluster.poll_output(), None);
    assert_eq!(wire.cluster.connect(BrokerId(1)), None);
    let moved = wire.cluster.partition("t", 0).unwrap();
    assert_eq!((moved.leader, moved.leader_epoch), (Some(BrokerId(2)), 1));
    wire.cluster.stop_broker(BrokerId(2)).unwrap();
    assert_eq!(wire.cluster.partition("t", 0).unwrap().leader, None);
    wire.cluster.start_broker(single).unwrap();
    assert_eq!(wire.cluster.partition("single", 0).unwrap().leader, Some(single));
}

#[test]
fn a_fault_after_applying_writes_and_ends_the_connection() {
    let mut wire = with_topic(MockConfig::new(1), 1);
    let fault = Fault::disconnect().after_applying().api(ApiKey::PRODUCE);
    let fault = wire.cluster.inject(fault);
    wire.send(&produce(0, batch(1)), 9);
    assert!(matches!(wire.cluster.poll_output(), Some(Output::Close { .. })));
    assert_eq!(wire.cluster.partition("t", 0).unwrap().high_watermark, 1);
    assert!(!wire.cluster.is_fault_active(fault));

    wire.connection = wire.cluster.connect(BrokerId(1)).unwrap();
    wire.cluster.inject(Fault::disconnect().api(ApiKey::PRODUCE));
    wire.send(&produce(0, batch(1)), 9);
    assert!(matches!(wire.cluster.poll_output(), Some(Output::Close { .. })));
    assert_eq!(wire.cluster.partition("t", 0).unwrap().high_watermark, 1);
}

#[test]
fn errors_by_script_meet_their_partition_and_may_come_after_applying() {
    let mut wire = with_topic(MockConfig::new(1), 2);
    wire.cluster.inject(Fault::error(ErrorCode::NOT_ENOUGH_REPLICAS).api(ApiKey::PRODUCE).partition("t", 1));
    assert_eq!(wire.produce(0, batch(1)).error_code, ErrorCode::NONE);
    assert_eq!(wire.produce(1, batch(1)).error_code, ErrorCode::NOT_ENOUGH_REPLICAS);
    assert_eq!(wire.cluster.partition("t", 1).unwrap().high_watermark, 0);
    wire.cluster.inject(Fault::error(ErrorCode::REQUEST_TIMED_OUT).after_applying().partition("t", 1));
    assert_eq!(wire.produce(1, batch(1)).error_code, ErrorCode::REQUEST_TIMED_OUT);
    assert_eq!(wire.cluster.partition("t", 1).unwrap().high_watermark, 1);
    assert_eq!(wire.produce(1, batch(1)).error_code, ErrorCode::NONE);
}

#[test]
fn delays_hold_back_the_request_or_the_answer() {
    let mut wire = with_topic(MockConfig::new(1), 1);
    let end = |wire: &Wire| wire.cluster.partition("t", 0).unwrap().high_watermark;
    wire.cluster.inject(Fault::delay(10 * MS));
    wire.send(&produce(0, batch(1)), 9);
    assert_eq!((end(&wire), wire.cluster.poll_timeout()), (0, Some(10 * MS)));
    wire.cluster.advance(10 * MS);
    assert_eq!(end(&wire), 1);
    assert!(wire.receive::<ProduceRequest>(9).is_some());
    wire.now = 10 * MS;
    wire.cluster.inject(Fault::delay(10 * MS).after_applying());
    wire.send(&produce(0, batch(1)), 9);
    assert_eq!((end(&wire), wire.cluster.poll_output()), (2, None));
    wire.cluster.advance(20 * MS);
    assert!(wire.receive::<ProduceRequest>(9).is_some());
}

#[test]
fn a_throttled_client_is_told_and_not_read_for_that_time() {
    let mut wire = with_topic(MockConfig::new(1), 1);
    wire.cluster.inject(Fault::throttle(100 * MS).api(ApiKey::PRODUCE));
    let response = wire.ask(&produce(0, batch(1)), 9);
    assert_eq!(response.throttle_time_ms, 100);
    wire.send(&produce(0, batch(1)), 9);
    assert_eq!(wire.cluster.poll_output(), None);
    wire.cluster.advance(100 * MS);
    assert_eq!(wire.receive::<ProduceRequest>(9).unwrap().throttle_time_ms, 0);
}

#[test]
fn a_silent_connection_stays_silent() {
    let mut wire = with_topic(MockConfig::new(1), 1);
    wire.cluster.inject(Fault::no_answer().broker(BrokerId(1)));
    wire.send(&produce(0, batch(1)), 9);
    wire.send(&produce(0, batch(1)), 9);
    wire.cluster.advance(Duration::from_secs(3_600));
    assert_eq!((wire.cluster.poll_output(), wire.cluster.poll_timeout()), (None, None));
    wire.connection = wire.cluster.connect(BrokerId(1)).unwrap();
    wire.now = wire.cluster.now();
    assert_eq!(wire.produce(0, batch(1)).error_code, ErrorCode::NONE);
}
