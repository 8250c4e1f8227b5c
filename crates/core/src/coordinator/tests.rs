//! Coordinator lookups through the metadata machine that hosts them.

use std::sync::Arc;

use bytes::BytesMut;
use ottla_protocol::Message;
use ottla_protocol::messages::find_coordinator::Coordinator;
use ottla_protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse};
use ottla_types::{BrokerId, ErrorCode};

use crate::cluster::CoordinatorState;
use crate::error::ErrorKind;
use crate::io::{CoordinatorKind, Demand};
use crate::machine::{Input, Response};
use crate::metadata::tests::{ME, OTHER, World, body};
use crate::metadata::utf8;

const GROUP: CoordinatorKind = CoordinatorKind::Group;

fn want(world: &mut World, key: &str, wrong: Option<i32>) -> bool {
    world.demand(ME, Demand::Coordinator { kind: GROUP, key: Arc::from(key), wrong: wrong.map(BrokerId) })
}

fn found(key: &str, id: i32, error_code: ErrorCode) -> Coordinator {
    let host = utf8(&format!("host{id}"));
    Coordinator { key: utf8(key), node_id: BrokerId(id), host, port: 9092, error_code, ..Default::default() }
}

/// Answers the one lookup that is out and gives the keys that it asked for.
fn answer(world: &mut World, coordinators: Vec<Coordinator>) -> Vec<String> {
    assert_eq!(world.requests.len(), 1, "{:?}", world.requests);
    let request = world.requests.remove(0);
    let decoded = FindCoordinatorRequest::decode(&body(&request), request.version).unwrap();
    let response = if request.version >= 4 {
        FindCoordinatorResponse { coordinators, ..Default::default() }
    } else {
        let one = coordinators.into_iter().next().unwrap();
        let (error_code, node_id, host, port) = (one.error_code, one.node_id, one.host, one.port);
        FindCoordinatorResponse { error_code, node_id, host, port, ..Default::default() }
    };
    let mut bytes = BytesMut::new();
    response.encode(request.version, &mut bytes).unwrap();
    let response = Response { version: request.version, body: bytes.freeze() };
    world.input(Input::Response(request.id, Ok(response)));
    if request.version >= 4 {
        decoded.coordinator_keys.iter().map(ToString::to_string).collect()
    } else {
        vec![decoded.key.to_string()]
    }
}

fn state(world: &World, key: &str) -> Option<CoordinatorState> {
    world.view().coordinator(GROUP, key).map(|view| view.state.clone())
}

#[test]
fn keys_that_are_wanted_together_are_looked_up_together() {
    let mut world = World::started(vec![]);
    want(&mut world, "a", None);
    answer(&mut world, vec![found("a", 1, ErrorCode::NONE)]);
    assert_eq!(world.view().coordinator_id(GROUP, "a"), Some(BrokerId(1)));
    assert!(want(&mut world, "a", None), "the view has it");
    assert!(world.requests.is_empty());
    // Both are held up by the same pause, and leave together.
    for key in ["b", "c"] {
        want(&mut world, key, None);
    }
    let first = answer_unavailable(&mut world);
    let second = answer_unavailable(&mut world);
    assert_eq!((first, second), (vec!["b".to_owned()], vec!["c".to_owned()]));
    world.wait(130);
    let mut together = answer(&mut world, vec![found("c", 2, ErrorCode::NONE), found("b", 1, ErrorCode::NONE)]);
    together.sort();
    assert_eq!(together, ["b", "c"]);
    assert_eq!(world.view().coordinator_id(GROUP, "c"), Some(BrokerId(2)));
}

fn answer_unavailable(world: &mut World) -> Vec<String> {
    let later = world.requests.split_off(1);
    let request = &world.requests[0];
    let keys = FindCoordinatorRequest::decode(&body(request), request.version).unwrap().coordinator_keys;
    let not_yet = keys.iter().map(|key| found(key, -1, ErrorCode::COORDINATOR_NOT_AVAILABLE)).collect();
    let asked = answer(world, not_yet);
    world.requests.extend(later);
    asked
}

#[test]
fn a_coordinator_that_is_not_available_is_told_and_looked_up_again() {
    let mut world = World::started(vec![]);
    want(&mut world, "g", None);
    answer(&mut world, vec![found("g", -1, ErrorCode::COORDINATOR_NOT_AVAILABLE)]);
    match state(&world, "g") {
        Some(CoordinatorState::Failed { error, .. }) => assert!(error.is_retriable()),
        other => panic!("{other:?}"),
    }
    world.wait(130);
    answer(&mut world, vec![found("g", 2, ErrorCode::NONE)]);
    assert_eq!(world.view().coordinator_id(GROUP, "g"), Some(BrokerId(2)));
}

#[test]
fn a_lookup_that_is_not_allowed_is_not_repeated_until_it_is_wanted_anew() {
    let mut world = World::started(vec![]);
    want(&mut world, "g", None);
    answer(&mut world, vec![found("g", -1, ErrorCode::GROUP_AUTHORIZATION_FAILED)]);
    world.wait(5_000);
    assert!(world.requests.is_empty());
    match state(&world, "g") {
        Some(CoordinatorState::Failed { error, .. }) => assert_eq!(error.kind(), ErrorKind::Authorization),
        other => panic!("{other:?}"),
    }
    want(&mut world, "g", None);
    assert_eq!(world.requests.len(), 1);
}

#[test]
fn a_wrong_coordinator_is_taken_out_of_the_view_and_looked_up_anew() {
    let mut world = World::started(vec![]);
    want(&mut world, "g", None);
    answer(&mut world, vec![found("g", 1, ErrorCode::NONE)]);
    assert!(!want(&mut world, "g", Some(1)));
    assert!(state(&world, "g").is_none());
    answer(&mut world, vec![found("g", 2, ErrorCode::NONE)]);
    assert!(want(&mut world, "g", Some(1)), "the wrong one is not known any more");
    assert_eq!(world.view().coordinator_id(GROUP, "g"), Some(BrokerId(2)));
}

#[test]
fn the_wrong_coordinator_again_is_asked_about_once_more_and_then_believed() {
    let mut world = World::started(vec![]);
    want(&mut world, "g", None);
    answer(&mut world, vec![found("g", 1, ErrorCode::NONE)]);
    want(&mut world, "g", Some(1));
    answer(&mut world, vec![found("g", 1, ErrorCode::NONE)]);
    assert!(state(&world, "g").is_none());
    world.wait(130);
    answer(&mut world, vec![found("g", 1, ErrorCode::NONE)]);
    assert_eq!(world.view().coordinator_id(GROUP, "g"), Some(BrokerId(1)));
}

#[test]
fn older_brokers_are_asked_for_one_key_at_a_time_in_every_version() {
    for version in 0..4 {
        let mut world = World::new();
        world.coordinator_max = version;
        want(&mut world, "g", None);
        world.ready(crate::cluster::bootstrap_id(0));
        assert_eq!(answer(&mut world, vec![found("g", 3, ErrorCode::NONE)]), ["g"]);
        assert_eq!(world.view().coordinator_id(GROUP, "g"), Some(BrokerId(3)), "version {version}");
        assert_eq!(&*world.view().broker(BrokerId(3)).unwrap().host, "host3", "the answer brings the address");
    }
}

#[test]
fn a_broker_without_transactions_fails_the_lookup_with_a_reason() {
    let mut world = World::new();
    world.coordinator_max = 0;
    let kind = CoordinatorKind::Transaction;
    world.demand(ME, Demand::Coordinator { kind, key: Arc::from("x"), wrong: None });
    world.ready(crate::cluster::bootstrap_id(0));
    match &world.view().coordinator(kind, "x").unwrap().state {
        CoordinatorState::Failed { error, .. } => assert_eq!(error.kind(), ErrorKind::Incompatible),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_coordinator_is_forgotten_with_the_last_object_that_wants_it() {
    let mut world = World::started(vec![]);
    want(&mut world, "g", None);
    answer(&mut world, vec![found("g", 1, ErrorCode::NONE)]);
    world.demand(OTHER, Demand::Coordinator { kind: GROUP, key: Arc::from("g"), wrong: None });
    world.demand(ME, Demand::ForgetCoordinator { kind: GROUP, key: Arc::from("g") });
    assert!(state(&world, "g").is_some());
    world.machine.forget_owner(OTHER);
    world.input(Input::Timeout);
    assert!(state(&world, "g").is_none());
}
