//! The proxy that `ottla-protocol` has for an example, between Kafka's own producer and consumer and real brokers: they
//! notice nothing, and it can read all they say to each other.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::clusters::{Cluster, formatter_property, three, variable, with_version};
use super::run::text;

const RECORDS: usize = 60;

/// A proxy in front of one broker, for as long as the value lives.
struct Proxy {
    child: Child,
    address: String,
    printed: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Proxy {
    fn start(broker: &str) -> Self {
        let mut command = Command::new(variable("OTTLA_PROXY"));
        let mut child = command.args(["127.0.0.1:0", broker]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.split_whitespace().find(|word| word.starts_with("127.")).unwrap().to_owned();
        let printed = Arc::new(Mutex::new(vec![first]));
        let lines_read = Arc::clone(&printed);
        let read = move || lines.map_while(Result::ok).for_each(|line| lines_read.lock().unwrap().push(line));
        Self { child, address, printed, reader: Some(std::thread::spawn(read)) }
    }

    /// Ends it, and gives what it printed.
    fn end(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.reader.take().unwrap().join().unwrap();
        std::mem::take(&mut self.printed.lock().unwrap())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes and reads records with Kafka's tools, and gives all that these print.
fn clients(cluster: &Cluster, server: Option<&str>, formatter: &str) -> [String; 4] {
    let replicas = cluster.brokers().count().to_string();
    let topic = cluster.topic("proxied", &["--partitions", "3", "--replication-factor", &replicas]);
    let input: String = (0..RECORDS).map(|record| format!("key-{record}\tpayload {record}\n")).collect();
    let keyed = ["--property", "parse.key=true", "--topic", &topic];
    let produced = cluster.tool_at(server, "console-producer", &keyed, input.as_bytes());
    let (count, group) = (RECORDS.to_string(), format!("group-of-{topic}"));
    let mut arguments = vec!["--topic", &topic, "--from-beginning", "--timeout-ms", "60000"];
    arguments.extend(["--max-messages", &count, "--group", &group]);
    for property in ["print.key=true", "print.partition=true", "print.offset=true"] {
        arguments.extend([formatter, property]);
    }
    let consumed = cluster.tool_at(server, "console-consumer", &arguments, b"");
    // Records of different partitions come in any order.
    let read = text(&consumed.stdout);
    let mut lines: Vec<_> = read.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines.len(), RECORDS, "{read}");
    [text(&produced.stdout), produced.stderr, lines.join("\n"), consumed.stderr]
        .map(|text| text.replace(&topic, "topic"))
}

/// What both tests demand.
fn is_not_noticed(cluster: &Cluster, formatter: &str) {
    let proxy = Proxy::start(cluster.brokers().next().unwrap());
    let through = clients(cluster, Some(&proxy.address), formatter);
    let printed = proxy.end();
    assert_eq!(through, clients(cluster, None, formatter));

    let about = |words: &str| printed.iter().filter(|line| line.contains(words)).collect::<Vec<_>>();
    assert_eq!(about("UNDECODED"), Vec::<&String>::new());
    let (requests, responses) = (about(": request ").len(), about(": response ").len());
    // A connection may be closed while the broker still waits for records to answer with.
    assert!(responses > 20 && (responses..responses + 10).contains(&requests), "{requests} {responses}");
    for api in ["ApiVersions", "Metadata", "Produce", "FindCoordinator", "JoinGroup", "SyncGroup", "OffsetCommit"] {
        assert!(!about(&format!(": {api} v")).is_empty(), "no {api} in {printed:#?}");
    }
    // Each broker leads a partition, and is reached through the proxy.
    for broker in cluster.brokers() {
        let fetches = about(": Fetch v");
        assert!(fetches.iter().any(|line| line.contains(&format!("to {broker}: request"))), "{broker}: {fetches:#?}");
    }
    assert_eq!(about("payload "), Vec::<&String>::new());
}

#[test]
fn the_proxy_is_not_noticed_between_three_brokers_and_their_clients() {
    is_not_noticed(&three(), formatter_property());
}

#[test]
fn the_proxy_is_not_noticed_by_kafka_2_8() {
    is_not_noticed(&with_version("2.8.2"), "--property");
}
