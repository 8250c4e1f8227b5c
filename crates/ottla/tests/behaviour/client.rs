//! The client itself: reaching a cluster, failing to, raw requests, closing.

use std::time::Duration;

use ottla::{Admin, AdminConfig, Client, ClientConfig, ErrorKind};

use super::support::{client, within};
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
