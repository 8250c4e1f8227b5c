//! Threads that wait, and clients that end.

use std::thread;
use std::time::Duration;

use ottla_core::error::ErrorKind;

use super::{block_on, close, on_its_own_thread};
use crate::client::Client;
use crate::config::ClientConfig;

fn client() -> Client {
    on_its_own_thread(|| Client::new("127.0.0.1:1", ClientConfig::default())).unwrap()
}

#[test]
fn waiting_ends_when_another_thread_wakes() {
    let (filler, waiting) = ottla_core::slot::slot();
    let other = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        filler.fill(7);
    });
    assert_eq!(block_on(waiting).unwrap().unwrap(), 7);
    other.join().unwrap();
}

#[tokio::test]
async fn within_a_runtime_every_blocking_call_is_an_error() {
    assert_eq!(block_on(async {}).unwrap_err().kind(), ErrorKind::Misuse);
    let made = on_its_own_thread(|| Client::new("127.0.0.1:1", ClientConfig::default()));
    assert_eq!(made.unwrap_err().kind(), ErrorKind::Misuse);
}

#[test]
fn what_is_wrong_with_the_settings_is_told() {
    let made = on_its_own_thread(|| Client::new("", ClientConfig::default()));
    assert_eq!(made.unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn the_clients_tasks_end_when_it_is_dropped_and_when_it_is_closed() {
    let dropped = client();
    let ended = dropped.ended();
    drop(dropped);
    block_on(ended).unwrap();
    let closed = client();
    close(&closed, Duration::from_secs(10)).unwrap();
    block_on(closed.ended()).unwrap();
}
