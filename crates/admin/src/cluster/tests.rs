//! Tests of describing the cluster.

use ottla_protocol::ApiKey;
use ottla_protocol::messages::describe_cluster::DescribeClusterBroker;
use ottla_protocol::messages::metadata::MetadataResponseBroker;

use super::*;
use crate::testing::{body, broker, sent};

#[test]
fn old_brokers_are_asked_by_metadata() {
    let mut question = DescribeCluster::default();
    let old = broker(&[(ApiKey::METADATA, 5)]);
    let (version, request) = sent::<MetadataRequest>(question.encode(&old, None).unwrap());
    assert_eq!((version, request.topics), (5, Some(Vec::new())));
    let response = MetadataResponse {
        controller_id: BrokerId(-1),
        brokers: vec![MetadataResponseBroker { node_id: BrokerId(4), host: "h".into(), port: 9, ..Default::default() }],
        ..Default::default()
    };
    assert!(matches!(question.read(version, &body(&response, version)), Ok(Progress::Done)));
    let cluster = question.conclude(Ok(())).unwrap();
    assert_eq!((cluster.controller, cluster.brokers[0].id, cluster.brokers[0].port), (None, BrokerId(4), 9));
}

#[test]
fn brokers_come_in_the_order_of_their_ids() {
    let mut question = DescribeCluster::default();
    let new = broker(&[(ApiKey::METADATA, 12), (ApiKey::DESCRIBE_CLUSTER, 1)]);
    let (version, _) = sent::<DescribeClusterRequest>(question.encode(&new, None).unwrap());
    let one = |id| DescribeClusterBroker { broker_id: BrokerId(id), port: 1, ..Default::default() };
    let response = DescribeClusterResponse {
        cluster_id: "abc".into(),
        controller_id: BrokerId(2),
        brokers: vec![one(3), one(1), one(2)],
        ..Default::default()
    };
    question.read(version, &body(&response, version)).unwrap();
    let cluster = question.conclude(Ok(())).unwrap();
    assert_eq!(cluster.brokers.iter().map(|broker| broker.id.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((cluster.cluster_id.as_deref(), cluster.controller), (Some("abc"), Some(BrokerId(2))));
}

#[test]
fn a_port_that_cannot_be_is_malformed() {
    let mut question = DescribeCluster::default();
    let new = broker(&[(ApiKey::DESCRIBE_CLUSTER, 0)]);
    question.encode(&new, None).unwrap();
    let response = DescribeClusterResponse {
        brokers: vec![DescribeClusterBroker { port: 70_000, ..Default::default() }],
        ..Default::default()
    };
    let error = question.read(0, &body(&response, 0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
}
