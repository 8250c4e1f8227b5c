//! The client itself: reaching a cluster, failing to, raw requests, closing.

use std::time::Duration;

use ottla::raw::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use ottla::raw::messages::{ApiVersionsRequest, FindCoordinatorRequest, ListOffsetsRequest};
use ottla::raw::{self, ApiKey, Target, Utf8Bytes};
use ottla::{Admin, AdminConfig, BrokerId, Client, ClientConfig, ErrorKind, Topic};

use super::support::{client, producer, send, topic, within};
use crate::cluster;

#[tokio::test]
async fn an_address_where_nobody_listens_fails_in_time_with_the_cause() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = client(&address);
    let config = AdminConfig::default().default_api_timeout(Duration::from_secs(2));
    let error = within(Admin::with_config(&client, config).describe_cluster()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Transport), "{error}");
}

#[tokio::test]
async fn one_bootstrap_address_that_answers_is_enough() {
    let cluster = cluster::single().await;
    let client = client(&format!("127.0.0.1:1,{}", cluster.bootstrap()));
    assert!(within(Admin::new(&client).describe_cluster()).await.is_ok());
}

#[tokio::test]
async fn bootstrap_servers_that_cannot_be_read_are_a_matter_of_configuration() {
    for servers in ["", "host:port", "host:99999", ":9092", "host:1:2"] {
        let error = Client::new(servers, ClientConfig::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{servers:?}: {error}");
    }
}

#[tokio::test]
async fn closing_ends_calls_and_refuses_new_ones() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let admin = Admin::new(&client);
    assert!(within(admin.describe_cluster()).await.is_ok());
    within(client.close(Duration::from_secs(5))).await.unwrap();
    let error = within(admin.describe_cluster()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
}

#[tokio::test]
async fn a_raw_request_goes_where_it_is_sent() {
    let cluster = cluster::three().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "raw", 3).await;
    send(&producer(&client), &topic, 2, &["a", "b"]).await;

    let targets =
        [Target::Any, Target::Controller, Target::Broker(BrokerId(2)), Target::Leader(Topic::from(&topic), 1)];
    for target in targets {
        let request = ApiVersionsRequest {
            client_software_name: Utf8Bytes::from("test"),
            client_software_version: Utf8Bytes::from("1"),
            ..Default::default()
        };
        let response = within(raw::send(&client, target.clone(), request)).await.unwrap();
        assert!(response.api_keys.iter().any(|key| key.api_key == ApiKey::PRODUCE.0), "{target:?}");
    }

    // Only the leader answers this one.
    let partition = ListOffsetsPartition { partition_index: 2, timestamp: -1, ..Default::default() };
    let asked =
        ListOffsetsTopic { name: Utf8Bytes::copy_from(&topic), partitions: vec![partition], ..Default::default() };
    let request = ListOffsetsRequest { replica_id: BrokerId(-1), topics: vec![asked], ..Default::default() };
    let response = within(raw::send(&client, Target::Leader(Topic::from(&topic), 2), request)).await.unwrap();
    let answer = &response.topics[0].partitions[0];
    assert!(answer.error_code.is_ok());
    assert_eq!(answer.offset, 2);
}

#[tokio::test]
async fn a_raw_answer_is_not_judged() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let request =
        FindCoordinatorRequest { key_type: 77, coordinator_keys: vec![Utf8Bytes::from("group")], ..Default::default() };
    let response = within(raw::send(&client, Target::Any, request)).await.unwrap();
    assert!(response.coordinators.iter().all(|coordinator| !coordinator.error_code.is_ok()), "{response:?}");
}

#[tokio::test]
async fn what_is_made_of_a_client_outlives_its_handle() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "outlive", 1).await;
    let (admin, producer) = (Admin::new(&client), producer(&client));
    let mut consumer = super::support::consumer(&client, &topic, [0], ottla::Start::Beginning);
    drop(client);
    send(&producer, &topic, 0, &["a"]).await;
    assert!(within(consumer.recv()).await.unwrap().is_some());
    assert!(within(admin.describe_topic(&topic)).await.is_ok());
}
