//! The write token, and what becomes of requests when a connection ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use ottla_core::io::OwnerId;
use ottla_core::lane::Lane;
use ottla_core::machine::{Delivery, Outbound, RequestId};
use ottla_protocol::ApiKey;
use ottla_protocol::frame::RequestFrame;
use ottla_types::BrokerId;
use tokio::io::{AsyncReadExt, DuplexStream};

use super::{Check, Outbox};
use crate::transport::{ReadHalf, split_boxed};
use crate::writer::Writer;

const ME: OwnerId = OwnerId(1);
const IDLE: Duration = Duration::from_secs(60);

fn outbox(room: usize) -> (Outbox, DuplexStream, ReadHalf) {
    let (near, far) = tokio::io::duplex(room);
    let (read, write) = split_boxed(Box::new(near));
    (Outbox::new(1, Writer::new(write), Instant::now()), far, read)
}

fn request(id: u64, size: usize, expects_response: bool) -> Outbound {
    let mut head = BytesMut::zeroed(12);
    head[0] = id as u8;
    Outbound {
        id: RequestId(id),
        broker: BrokerId(1),
        lane: Lane::Shared,
        epoch: 1,
        key: ApiKey::METADATA,
        version: 9,
        frame: RequestFrame { head, tail: vec![Bytes::from(vec![id as u8; size])] },
        timeout: Duration::from_secs(30),
        expects_response,
    }
}

fn queue(outbox: &Outbox, id: u64, size: usize, expects_response: bool) {
    assert!(outbox.queue(ME, request(id, size, expects_response), Instant::now()));
}

fn lost(outbox: &Outbox) -> Vec<(u64, Delivery)> {
    outbox.close().into_iter().map(|lost| (lost.id.0, lost.delivery)).collect()
}

#[tokio::test]
async fn a_flush_writes_everything_and_tells_of_requests_without_a_response() {
    let (outbox, mut far, _read) = outbox(1000);
    queue(&outbox, 1, 10, true);
    queue(&outbox, 2, 20, false);
    assert_eq!(outbox.flush(), [(ME, RequestId(2))]);
    let mut bytes = [0; 54];
    far.read_exact(&mut bytes).await.unwrap();
    assert_eq!((bytes[0], bytes[21], bytes[22], bytes[53]), (1, 1, 2, 2));
    assert_eq!(bytes[22 + 8..22 + 12], [0, 0, 0, 1], "correlation ids count");
}

#[tokio::test]
async fn a_full_socket_hands_the_token_to_the_task() {
    let (outbox, mut far, _read) = outbox(100);
    queue(&outbox, 1, 200, false);
    assert!(outbox.flush().is_empty());
    outbox.kicked().await;
    let mut writer = outbox.take_stalled().unwrap();
    queue(&outbox, 2, 10, false);
    assert!(outbox.flush().is_empty(), "the token is away");
    let reader = tokio::spawn(async move {
        let mut bytes = vec![0; 234];
        far.read_exact(&mut bytes).await.unwrap();
        bytes
    });
    let mut told = Vec::new();
    loop {
        std::future::poll_fn(|context| writer.poll_some(context)).await.unwrap();
        told.extend(outbox.put_back(writer));
        told.extend(outbox.flush());
        match outbox.take_stalled() {
            Some(stalled) => writer = stalled,
            None => break,
        }
    }
    assert_eq!(told, [(ME, RequestId(1)), (ME, RequestId(2))]);
    let bytes = reader.await.unwrap();
    assert_eq!((bytes[12], bytes[211], bytes[212], bytes[233]), (1, 1, 2, 2));
}

#[tokio::test]
async fn the_end_tells_what_may_have_been_received_from_what_was_not() {
    let (outbox, _far, _read) = outbox(100);
    queue(&outbox, 1, 50, true);
    queue(&outbox, 2, 50, true);
    queue(&outbox, 3, 50, false);
    outbox.flush();
    queue(&outbox, 4, 50, true);
    let expected = [(1, Delivery::MaybeSent), (2, Delivery::MaybeSent), (3, Delivery::NotSent), (4, Delivery::NotSent)];
    assert_eq!(lost(&outbox), expected);
    assert!(!outbox.queue(ME, request(5, 1, true), Instant::now()));
    assert!(lost(&outbox).is_empty());
}

#[tokio::test]
async fn a_request_can_be_withdrawn_until_it_is_taken_to_be_written() {
    let (outbox, _far, _read) = outbox(1000);
    queue(&outbox, 1, 10, true);
    queue(&outbox, 2, 10, true);
    assert!(outbox.withdraw(ME, RequestId(2)));
    assert!(!outbox.withdraw(OwnerId(2), RequestId(1)));
    outbox.flush();
    assert!(!outbox.withdraw(ME, RequestId(1)));
    assert_eq!(lost(&outbox), [(1, Delivery::MaybeSent)]);
}

#[tokio::test]
async fn the_task_is_told_only_of_deadlines_before_the_one_it_waits_for() {
    let (outbox, _far, _read) = outbox(10_000);
    let now = Instant::now();
    let kicked = || tokio::time::timeout(Duration::from_millis(20), outbox.kicked());
    assert!(matches!(outbox.check(now, IDLE), Check::At(at) if at >= now + Duration::from_secs(59)));
    queue(&outbox, 1, 10, true);
    outbox.flush();
    assert!(kicked().await.is_ok());
    assert!(matches!(outbox.check(now, IDLE), Check::At(at) if at <= Instant::now() + Duration::from_secs(30)));
    queue(&outbox, 2, 10, true);
    outbox.flush();
    assert!(kicked().await.is_err());
    assert!(matches!(outbox.check(now + Duration::from_secs(31), IDLE), Check::Expired(ApiKey::METADATA)));
}

#[tokio::test]
async fn a_request_without_a_response_expires_while_it_cannot_be_written() {
    let (outbox, _far, _read) = outbox(10);
    queue(&outbox, 1, 100, false);
    outbox.flush();
    assert!(matches!(outbox.check(Instant::now() + Duration::from_secs(31), IDLE), Check::Expired(ApiKey::METADATA)));
    assert_eq!(lost(&outbox), [(1, Delivery::MaybeSent)]);
}

#[tokio::test]
async fn an_idle_connection_takes_no_more_requests() {
    let (outbox, _far, _read) = outbox(100);
    assert!(matches!(outbox.check(Instant::now() + IDLE, IDLE), Check::Idle));
    assert!(!outbox.queue(ME, request(1, 1, true), Instant::now()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_threads_that_flush_at_once_leave_nothing_behind_and_mix_nothing() {
    let (outbox, mut far, _read) = outbox(1_000_000);
    let outbox = Arc::new(outbox);
    let threads: Vec<_> = (0..4_u64)
        .map(|thread| {
            let outbox = Arc::clone(&outbox);
            std::thread::spawn(move || {
                for count in 0..500 {
                    queue(&outbox, thread * 500 + count, 16, true);
                    outbox.flush();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let mut bytes = vec![0; 2000 * 28];
    far.read_exact(&mut bytes).await.unwrap();
    for (index, frame) in bytes.chunks(28).enumerate() {
        assert_eq!(frame[8..12], i32::try_from(index).unwrap().to_be_bytes());
        assert!(frame[12..].iter().all(|byte| *byte == frame[0]));
    }
}
