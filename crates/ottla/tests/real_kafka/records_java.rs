//! Runs `Records.java`, which puts records into a topic and takes them out with Kafka's own client.

use std::env;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::line::Line;

/// Java takes its time to start, more where much else runs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Writes lines, in order, to the partitions that they name.
pub(crate) async fn produce(bootstrap: &str, topic: &str, properties: &[&str], lines: &str) {
    run("produce", bootstrap, topic, properties, lines.to_owned()).await;
}

/// Everything there is in a topic.
pub(crate) async fn consume(bootstrap: &str, topic: &str, properties: &[&str]) -> Vec<Line> {
    run("consume", bootstrap, topic, properties, String::new()).await.lines().map(Line::parse).collect()
}

async fn run(mode: &str, bootstrap: &str, topic: &str, properties: &[&str], input: String) -> String {
    let missing = "the runner sets it: run `cargo xtask test`";
    let libs = PathBuf::from(env::var_os("OTTLA_KAFKA_LIBS").expect(missing));
    let mut command = Command::new(env::var_os("OTTLA_JAVA").expect(missing));
    command.args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp"]).arg(libs.join("*"));
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real_kafka/Records.java"));
    command.args([mode, bootstrap, topic]).args(properties);
    tokio::task::spawn_blocking(move || to_its_end(command, input)).await.unwrap()
}

fn to_its_end(mut command: Command, input: String) -> String {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feeding = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let (stdout, stderr) = (gather(child.stdout.take().unwrap()), gather(child.stderr.take().unwrap()));
    let began = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if began.elapsed() > PATIENCE => {
                child.kill().unwrap();
                panic!("Java does not end: {}", stderr.join().unwrap());
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
    assert!(status.success(), "{status}: {stderr}");
    feeding.join().unwrap().unwrap();
    stdout
}

fn gather(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    })
}
