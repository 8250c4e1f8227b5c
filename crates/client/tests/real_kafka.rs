//! The client against real Kafka: `cargo xtask test` starts the clusters and sets the environment.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use std::time::Duration;

use ottla_client::raw::{self, Target};
use ottla_client::{Client, ClientConfig};
use ottla_core::io::CoordinatorKind;
use ottla_protocol::Utf8Bytes;
use ottla_protocol::messages::create_topics::CreatableTopic;
use ottla_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use ottla_protocol::messages::{
    CreateTopicsRequest, DescribeClusterRequest, DescribeGroupsRequest, ListOffsetsRequest, MetadataRequest,
};
use ottla_types::{BrokerId, ErrorCode, Topic};

fn bootstrap(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is to be set; `cargo xtask test` does"))
}

async fn create(client: &Client, name: &str, replication_factor: i16) {
    let topic = CreatableTopic {
        name: Utf8Bytes::copy_from(name),
        num_partitions: 3,
        replication_factor,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, ..Default::default() };
    let answer = raw::send(client, Target::Controller, request).await.unwrap();
    let code = answer.topics[0].error_code;
    assert!(code.is_ok() || code == ErrorCode::TOPIC_ALREADY_EXISTS, "{code}");
}

#[tokio::test]
async fn every_target_finds_its_broker() {
    let client = Client::new(&bootstrap("OTTLA_KAFKA_THREE"), ClientConfig::default()).unwrap();
    let metadata = raw::send(&client, Target::Any, MetadataRequest::default()).await.unwrap();
    assert_eq!(metadata.brokers.len(), 3);
    let cluster = raw::send(&client, Target::Controller, DescribeClusterRequest::default()).await;
    assert_eq!(cluster.unwrap().brokers.len(), 3);
    create(&client, "client-targets", 1).await;
    for partition in 0..3 {
        let asked = ListOffsetsPartition { partition_index: partition, timestamp: -1, ..Default::default() };
        let name = Utf8Bytes::from("client-targets");
        let topic = ListOffsetsTopic { name, partitions: vec![asked], ..Default::default() };
        let request = ListOffsetsRequest { replica_id: BrokerId(-1), topics: vec![topic], ..Default::default() };
        let leader = Target::Leader(Topic::from("client-targets"), partition);
        let answer = raw::send(&client, leader, request).await.unwrap();
        assert!(answer.topics[0].partitions[0].error_code.is_ok());
    }
    // The first group of a cluster makes its coordinators load; a raw request does not judge what it is answered.
    let code = loop {
        let request = DescribeGroupsRequest { groups: vec![Utf8Bytes::from("client-group")], ..Default::default() };
        let coordinator = Target::Coordinator(CoordinatorKind::Group, "client-group".into());
        let answer = raw::send(&client, coordinator, request).await.unwrap();
        match answer.groups[0].error_code {
            ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            code => break code,
        }
    };
    assert!(code.is_ok() || code == ErrorCode::GROUP_ID_NOT_FOUND, "{code}");
    client.close(Duration::from_secs(5)).await.unwrap();
}

#[tokio::test]
async fn requests_of_one_connection_are_pipelined() {
    let client = Client::new(&bootstrap("OTTLA_KAFKA_SINGLE"), ClientConfig::default()).unwrap();
    let mut tasks = Vec::new();
    for _ in 0..200 {
        let client = client.clone();
        tasks.push(tokio::spawn(async move { raw::send(&client, Target::Any, MetadataRequest::default()).await }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().brokers.len(), 1);
    }
    client.close(Duration::from_secs(5)).await.unwrap();
}

/// Tests that end and stop brokers: they run one at a time, after the others.
mod brokers {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use ottla_client::raw::{self, Target};
    use ottla_client::{Client, ClientConfig};
    use ottla_protocol::Utf8Bytes;
    use ottla_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
    use ottla_protocol::messages::{ListOffsetsRequest, MetadataRequest};
    use ottla_types::{BrokerId, Topic};

    use super::{bootstrap, create};

    fn xtask(action: &str, broker: BrokerId) {
        let xtask = std::env::var("OTTLA_XTASK").expect("OTTLA_XTASK is to be set; `cargo xtask test` does");
        let name = std::env::var("OTTLA_KAFKA_THREE_NAME").expect("OTTLA_KAFKA_THREE_NAME is to be set");
        let arguments = ["cluster", action, "--name", &name, "--broker", &broker.to_string()];
        let status = Command::new(xtask).args(arguments).status().expect("xtask runs");
        assert!(status.success());
    }

    async fn leader(client: &Client, topic: &str) -> Option<BrokerId> {
        let request = MetadataRequest { topics: None, ..Default::default() };
        let metadata = raw::send(client, Target::Any, request).await.unwrap();
        let found = metadata.topics.iter().find(|found| found.name.as_deref() == Some(topic))?;
        found.partitions.first().map(|partition| partition.leader_id).filter(|id| id.0 > 0)
    }

    /// Asks the leader for the end of the partition until it answers, and tells how long that took.
    async fn until_answered(client: &Client, topic: &str) -> Duration {
        let begin = Instant::now();
        loop {
            let asked = ListOffsetsPartition { partition_index: 0, timestamp: -1, ..Default::default() };
            let name = Utf8Bytes::copy_from(topic);
            let topics = vec![ListOffsetsTopic { name, partitions: vec![asked], ..Default::default() }];
            let request = ListOffsetsRequest { replica_id: BrokerId(-1), topics, ..Default::default() };
            let target = Target::Leader(Topic::from(topic), 0);
            match raw::send_within(client, target, request, Duration::from_secs(5)).await {
                Ok(answer) if answer.topics[0].partitions[0].error_code.is_ok() => return begin.elapsed(),
                other => assert!(begin.elapsed() < Duration::from_secs(90), "{other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    #[tokio::test]
    async fn a_leader_that_is_killed_is_replaced() {
        let client = Client::new(&bootstrap("OTTLA_KAFKA_THREE"), ClientConfig::default()).unwrap();
        create(&client, "client-killed-3", 3).await;
        until_answered(&client, "client-killed-3").await;
        let first = leader(&client, "client-killed-3").await.unwrap();
        xtask("kill", first);
        let took = until_answered(&client, "client-killed-3").await;
        println!("answered {took:?} after the leader was killed");
        xtask("start", first);
        assert!(took < Duration::from_secs(60), "{took:?}");
        assert_ne!(leader(&client, "client-killed-3").await, None);
    }

    #[tokio::test]
    async fn a_broker_that_stands_still_does_not_hold_up_the_view_of_the_cluster() {
        let config = ClientConfig::default().request_timeout(Duration::from_secs(6));
        let client = Client::new(&bootstrap("OTTLA_KAFKA_THREE"), config).unwrap();
        create(&client, "client-paused-3", 3).await;
        until_answered(&client, "client-paused-3").await;
        let first = leader(&client, "client-paused-3").await.unwrap();
        xtask("pause", first);
        let took = until_answered(&client, "client-paused-3").await;
        println!("answered {took:?} after the leader was paused");
        xtask("resume", first);
        assert!(took < Duration::from_secs(60), "{took:?}");
    }
}
