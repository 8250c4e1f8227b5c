//! librdkafka administers topics, and sees the cluster as it is.

use ottla_mock::MockConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;

use crate::fixture::{Fixture, LONG, TOPIC};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn topics_are_created_grown_described_and_deleted() {
    let fixture = Fixture::new(MockConfig::new(3), 1);
    let admin: AdminClient<DefaultClientContext> = fixture.client_config().create().unwrap();
    let options = AdminOptions::new().operation_timeout(Some(LONG));
    let topic = NewTopic::new("made", 3, TopicReplication::Fixed(2)).set("cleanup.policy", "compact");
    let created = block_on(admin.create_topics([&topic], &options)).unwrap();
    assert_eq!(created, [Ok("made".to_owned())]);
    let again = block_on(admin.create_topics([&topic], &options)).unwrap();
    assert_eq!(again, [Err(("made".to_owned(), RDKafkaErrorCode::TopicAlreadyExists))]);
    let grown = block_on(admin.create_partitions([&NewPartitions::new("made", 5)], &options)).unwrap();
    assert_eq!(grown, [Ok("made".to_owned())]);
    assert_eq!(fixture.cluster.state().partitions("made"), Some(5));
    let configs = block_on(admin.describe_configs([&ResourceSpecifier::Topic("made")], &options)).unwrap();
    let policy = configs[0].as_ref().unwrap().get("cleanup.policy").unwrap().value.clone();
    assert_eq!(policy.as_deref(), Some("compact"));
    let deleted = block_on(admin.delete_topics(&["made"], &options)).unwrap();
    assert_eq!(deleted, [Ok("made".to_owned())]);
    assert_eq!(fixture.cluster.state().topics().collect::<Vec<_>>(), [TOPIC]);
}

#[test]
fn metadata_shows_brokers_leaders_and_replicas() {
    let fixture = Fixture::new(MockConfig::new(3), 4);
    let metadata = fixture.consumer(&[]).fetch_metadata(None, LONG).unwrap();
    assert_eq!(metadata.brokers().len(), 3);
    let topic = metadata.topics().iter().find(|topic| topic.name() == TOPIC).unwrap();
    assert_eq!(topic.partitions().len(), 4);
    for partition in topic.partitions() {
        let known = fixture.cluster.state().partition(TOPIC, partition.id()).unwrap();
        assert_eq!(Some(partition.leader()), known.leader.map(|leader| leader.0));
        assert!(partition.replicas().iter().copied().eq(known.replicas.iter().map(|replica| replica.0)));
    }
}
