//! Administering a cluster.

use ottla::{Admin, ErrorCode, NewTopic, OffsetSpec, Outcome, TopicPartition};

use super::support::{client, producer, send, topic, unique, within};
use crate::cluster;

#[tokio::test]
async fn a_topic_can_be_created_listed_described_and_deleted() {
    let cluster = cluster::three().await;
    let client = client(cluster.bootstrap());
    let admin = Admin::new(&client);
    let name = topic(&client, "life", 3).await;
    let listed = within(admin.list_topics()).await.unwrap();
    assert_eq!(listed.iter().find(|topic| topic.topic == *name.as_str()).map(|topic| topic.partitions), Some(3));
    let described = within(admin.describe_topic(&name)).await.unwrap();
    assert_eq!(described.partitions.iter().map(|partition| partition.partition).collect::<Vec<_>>(), [0, 1, 2]);
    for partition in &described.partitions {
        assert!(partition.replicas.contains(&partition.leader.unwrap()));
    }
    let deleted = within(admin.delete_topics([&name])).await.unwrap();
    assert!(deleted[0].1.is_ok(), "{deleted:?}");
    within(async {
        while admin.describe_topic(&name).await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn each_topic_of_a_call_has_its_own_result() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let admin = Admin::new(&client);
    let there = topic(&client, "there", 1).await;
    let new = unique("new");
    let topics =
        [NewTopic::new(&there).partitions(1), NewTopic::new(&new).partitions(2), NewTopic::new("no/such name")];
    let results = within(admin.create_topics(topics)).await.unwrap();
    let error = results[0].1.as_ref().unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Some(ErrorCode::TOPIC_ALREADY_EXISTS), Outcome::DidNotHappen));
    assert!(results[1].1.is_ok(), "{results:?}");
    assert_eq!(results[2].1.as_ref().unwrap_err().code(), Some(ErrorCode::INVALID_TOPIC_EXCEPTION));
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_neither_described_nor_made() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let admin = Admin::new(&client);
    let name = unique("absent");
    for _ in 0..2 {
        let error = within(admin.describe_topic(&name)).await.unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    }
    let deleted = within(admin.delete_topics([&name])).await.unwrap();
    assert_eq!(deleted[0].1.as_ref().unwrap_err().code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
}

#[tokio::test]
async fn the_cluster_knows_its_brokers() {
    let cluster = cluster::three().await;
    let described = within(Admin::new(&client(cluster.bootstrap())).describe_cluster()).await.unwrap();
    assert_eq!(described.brokers.len(), 3);
    assert!(described.cluster_id.is_some());
    let ids: Vec<_> = described.brokers.iter().map(|broker| broker.id).collect();
    assert!(ids.contains(&described.controller.unwrap()));
}

#[tokio::test]
async fn offsets_are_those_of_each_partition() {
    let cluster = cluster::three().await;
    let client = client(cluster.bootstrap());
    let admin = Admin::new(&client);
    let topic = topic(&client, "offsets", 3).await;
    let producer = producer(&client);
    send(&producer, &topic, 1, &["a", "b"]).await;
    let record = ottla::NewRecord::to(&topic).partition(2).timestamp(5_000).value("old");
    within(producer.send(record)).await.unwrap();
    let partition = |partition| TopicPartition::new(&topic, partition);
    let asked = [
        (partition(0), OffsetSpec::Latest),
        (partition(1), OffsetSpec::Latest),
        (partition(1), OffsetSpec::Earliest),
        (partition(2), OffsetSpec::LastStable),
        (partition(2), OffsetSpec::Timestamp(5_000)),
        (partition(2), OffsetSpec::Timestamp(5_001)),
    ];
    let found = within(admin.list_offsets(asked)).await.unwrap();
    let offsets: Vec<_> = found.into_iter().map(|(_, result)| result.unwrap().map(|listed| listed.offset)).collect();
    assert_eq!(offsets, [Some(0), Some(2), Some(0), Some(1), Some(0), None]);
}
