//! The whole client against small servers.

use std::future::Future;
use std::io::{Read, Write};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use ottla_core::error::{ErrorKind, Outcome};
use ottla_mock::{ClusterState, Fault, MockCluster, MockConfig, Output};
use ottla_protocol::ApiKey;
use ottla_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use ottla_protocol::messages::{DescribeClusterRequest, ListOffsetsRequest, MetadataRequest};
use ottla_types::{BrokerId, ErrorCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use super::Client;
use crate::ClientConfig;
use crate::raw::{Target, send, send_within};

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

#[test]
fn in_a_runtime_without_a_timer_a_client_is_misuse() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let error = runtime.block_on(async { Client::new("localhost:9092", ClientConfig::default()).unwrap_err() });
    assert_eq!(error.kind(), ErrorKind::Misuse);
}

#[tokio::test]
async fn every_address_of_a_name_is_tried() {
    // `localhost` may be ::1 as well, where nobody listens.
    let mock = MockCluster::start(1).await.unwrap();
    let port = mock.bootstrap_servers().rsplit_once(':').unwrap().1.to_owned();
    let client = Client::new(&format!("localhost:{port}"), ClientConfig::default()).unwrap();
    assert_eq!(brokers(&client, MINUTE).await.unwrap(), 1);
}

// ---- on the mock cluster

fn mock(brokers: u16) -> Arc<MockCluster> {
    Arc::new(MockCluster::in_memory(MockConfig::new(brokers)))
}

fn client_of(mock: &Arc<MockCluster>, config: ClientConfig) -> Client {
    let cluster = Arc::clone(mock);
    let connector = move |host: &str, port: u16| cluster.connect(host, port);
    Client::with_connector(&mock.bootstrap_servers(), config, Arc::new(connector)).unwrap()
}

async fn brokers(client: &Client, within: Duration) -> ottla_core::error::Result<usize> {
    let answer = send_within(client, Target::Any, MetadataRequest::default(), within).await?;
    Ok(answer.brokers.len())
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_client_runs_on_the_mock_cluster_under_paused_time_without_ports() {
    let mock = mock(3);
    mock.create_topic("t", 4).unwrap();
    let client = client_of(&mock, ClientConfig::default());
    assert_eq!(brokers(&client, MINUTE).await.unwrap(), 3);
    for partition in 0..4 {
        let asked = ListOffsetsPartition { partition_index: partition, timestamp: -1, ..Default::default() };
        let topic = ListOffsetsTopic { name: "t".into(), partitions: vec![asked], ..Default::default() };
        let request = ListOffsetsRequest { replica_id: BrokerId(-1), topics: vec![topic], ..Default::default() };
        let leader = Target::Leader(client.topic("t"), partition);
        let answer = send(&client, leader, request).await.unwrap();
        assert_eq!(answer.topics[0].partitions[0].error_code, ErrorCode::NONE);
    }
    client.close(MINUTE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn many_requests_share_one_connection() {
    let mock = mock(1);
    let client = client_of(&mock, ClientConfig::default());
    let tasks: Vec<_> = (0..300)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { brokers(&client, MINUTE).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), 1);
    }
    let handshakes = mock.state().requests().count(ApiKey::API_VERSIONS);
    assert_eq!(handshakes, 2, "one for the bootstrap address, one for the broker");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_answered_ends_its_connection_and_says_it_may_have_happened() {
    let mock = mock(1);
    let client = client_of(&mock, ClientConfig::default().request_timeout(Duration::from_secs(3)));
    brokers(&client, MINUTE).await.unwrap();
    mock.inject(Fault::no_answer().api(ApiKey::DESCRIBE_CLUSTER).times(1));
    let begin = tokio::time::Instant::now();
    let error = send_within(&client, Target::Any, DescribeClusterRequest::default(), MINUTE).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::MayHaveHappened));
    assert!(error.to_string().contains("DescribeCluster was not answered in time"), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(4));
    assert_eq!(brokers(&client, MINUTE).await.unwrap(), 1, "a new connection is made");
}

#[tokio::test(start_paused = true)]
async fn a_client_outlives_brokers_that_go_and_come_back() {
    let mock = mock(2);
    let client = client_of(&mock, ClientConfig::default());
    assert_eq!(brokers(&client, MINUTE).await.unwrap(), 2);
    for id in [1, 2] {
        mock.stop_broker(BrokerId(id)).unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let error = brokers(&client, Duration::from_secs(5)).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::DidNotHappen));
    mock.start_broker(BrokerId(2)).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(brokers(&client, MINUTE).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_unused_connection_is_closed_and_opened_again_when_it_is_needed() {
    let mock = mock(1);
    let client = client_of(&mock, ClientConfig::default().connections_max_idle(Duration::from_secs(30)));
    brokers(&client, MINUTE).await.unwrap();
    let before = mock.state().requests().count(ApiKey::API_VERSIONS);
    tokio::time::sleep(MINUTE).await;
    assert_eq!(brokers(&client, MINUTE).await.unwrap(), 1);
    assert_eq!(mock.state().requests().count(ApiKey::API_VERSIONS), before + 1);
}

#[tokio::test(start_paused = true)]
async fn closing_resolves_what_waits_and_ends_every_task() {
    let mock = mock(1);
    let client = client_of(&mock, ClientConfig::default());
    brokers(&client, MINUTE).await.unwrap();
    mock.inject(Fault::no_answer().api(ApiKey::METADATA).always());
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move { brokers(&client, MINUTE).await })
    };
    tokio::time::sleep(Duration::from_millis(10)).await;
    client.close(MINUTE).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(brokers(&client, MINUTE).await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn dropping_the_last_handle_ends_every_task() {
    let before = Handle::current().metrics().num_alive_tasks();
    let mock = MockCluster::start(1).await.unwrap();
    let client = Client::new(&mock.bootstrap_servers(), ClientConfig::default()).unwrap();
    brokers(&client, MINUTE).await.unwrap();
    drop(client);
    mock.shutdown();
    drop(mock);
    for _ in 0..500 {
        if Handle::current().metrics().num_alive_tasks() <= before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} tasks are left", Handle::current().metrics().num_alive_tasks() - before);
}

#[test]
fn when_the_runtime_ends_everybody_who_waits_is_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (client, waiting) = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(&listener.local_addr().unwrap().to_string(), ClientConfig::default()).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let inner = client.clone();
        std::thread::spawn(move || {
            let waiting = Box::pin(async move { brokers(&inner, MINUTE).await });
            sender.send(block_on(waiting)).unwrap();
        });
        let (stream, _) = listener.accept().await.unwrap();
        std::mem::forget(stream.into_std().unwrap());
        (client, receiver)
    });
    drop(runtime);
    let error = waiting.recv_timeout(MINUTE).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    drop(client);
}

/// Waits on this thread, without any runtime.
fn block_on<T>(mut future: Pin<Box<dyn Future<Output = T>>>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// A mock cluster that is served by threads of its own, and tells the key of every request.
fn served_by_threads() -> (String, std::sync::mpsc::Receiver<i16>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut cluster = ClusterState::new(MockConfig::new(1));
    cluster.set_address(BrokerId(1), "127.0.0.1", address.port()).unwrap();
    let cluster = Arc::new(Mutex::new(cluster));
    let (sender, seen) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let (cluster, sender) = (Arc::clone(&cluster), sender.clone());
            std::thread::spawn(move || serve_one(stream, &cluster, &sender));
        }
    });
    (address.to_string(), seen)
}

fn serve_one(mut stream: std::net::TcpStream, cluster: &Mutex<ClusterState>, sender: &std::sync::mpsc::Sender<i16>) {
    let id = cluster.lock().unwrap().connect(BrokerId(1)).unwrap();
    let mut length = [0; 4];
    while stream.read_exact(&mut length).is_ok() {
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut frame).unwrap();
        let _ = sender.send(i16::from_be_bytes([frame[0], frame[1]]));
        let mut cluster = cluster.lock().unwrap();
        cluster.handle(Duration::ZERO, id, frame.into());
        while let Some(output) = cluster.poll_output() {
            if let Output::Response { frames, .. } = output {
                frames.iter().for_each(|chunk| stream.write_all(chunk).unwrap());
            }
        }
    }
}

#[tokio::test]
async fn a_request_is_written_by_the_thread_that_makes_it_with_no_task_between() {
    let (address, seen) = served_by_threads();
    let client = Client::new(&address, ClientConfig::default()).unwrap();
    brokers(&client, MINUTE).await.unwrap();
    while seen.try_recv().is_ok() {}
    let mut request = pin!(send(&client, Target::Any, DescribeClusterRequest::default()));
    assert!(request.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    // This is the runtime's only thread: nothing else of the client can run until the server has seen the request.
    assert_eq!(seen.recv_timeout(MINUTE), Ok(ApiKey::DESCRIBE_CLUSTER.0));
    assert_eq!(request.await.unwrap().brokers.len(), 1);
}
