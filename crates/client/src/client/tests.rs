//! The whole client against small servers.

use std::time::{Duration, Instant};

use ottla_core::error::ErrorKind;
use ottla_protocol::messages::MetadataRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::Client;
use crate::ClientConfig;
use crate::raw::{Target, send_within};

async fn server_that<F, R>(serve: F) -> String
where
    F: Fn(tokio::net::TcpStream) -> R + Send + 'static,
    R: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            serve(stream).await;
        }
    });
    address
}

async fn ask(bootstrap: &str, config: ClientConfig, within: Duration) -> ottla_core::error::Error {
    let client = Client::new(bootstrap, config).unwrap();
    let error = send_within(&client, Target::Any, MetadataRequest::default(), within).await.unwrap_err();
    client.close(Duration::from_secs(1)).await.unwrap();
    error
}

#[tokio::test]
async fn an_unreachable_bootstrap_server_is_named_within_the_deadline() {
    let begin = Instant::now();
    let error = ask("127.0.0.1:1", ClientConfig::default(), Duration::from_millis(400)).await;
    assert!(begin.elapsed() < Duration::from_secs(2));
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let text = error.to_string();
    assert!(text.contains("127.0.0.1:1") && text.contains("refused"), "{text}");
}

#[tokio::test]
async fn an_http_server_is_recognised() {
    let address = server_that(|mut stream| async move {
        let mut bytes = [0; 64];
        let _ = stream.read(&mut bytes).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let error = ask(&address, ClientConfig::default(), Duration::from_millis(400)).await;
    assert!(error.to_string().contains("an HTTP server answers"), "{error}");
}

#[tokio::test]
async fn a_server_that_closes_at_once_is_explained() {
    let address = server_that(|stream| async move { drop(stream) }).await;
    let error = ask(&address, ClientConfig::default(), Duration::from_millis(400)).await;
    assert!(error.to_string().contains("TLS"), "{error}");
}

#[tokio::test]
async fn a_silent_server_is_given_up_after_the_setup_timeout() {
    let address = server_that(|stream| async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        drop(stream);
    })
    .await;
    let config = ClientConfig::default().connection_setup_timeout(Duration::from_millis(100));
    let error = ask(&address, config, Duration::from_millis(400)).await;
    assert!(error.to_string().contains("did not answer ApiVersions within 100 ms"), "{error}");
}

#[tokio::test]
async fn half_a_frame_is_told_apart() {
    let address = server_that(|mut stream| async move {
        let mut bytes = [0; 64];
        let _ = stream.read(&mut bytes).await;
        let _ = stream.write_all(&[0, 0, 1, 0, 0, 0]).await;
    })
    .await;
    let error = ask(&address, ClientConfig::default(), Duration::from_millis(400)).await;
    assert!(error.to_string().contains("in the middle of an answer"), "{error}");
}

#[test]
fn outside_of_a_runtime_a_client_is_misuse() {
    let error = Client::new("localhost:9092", ClientConfig::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
}
