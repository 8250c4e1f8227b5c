//! A broker's properties file, with settings that suit tests, and the configuration of its logging.

use super::State;
use super::state::Broker;
use super::zookeeper::ZooKeeper;

/// The properties of one broker of a cluster; `extra` is put last and so wins.
pub fn server_properties(cluster: &State, broker: &Broker, partitions: u32, extra: &[(String, String)]) -> String {
    let replicas = cluster.brokers.len().min(3).to_string();
    let mut pairs = match &cluster.zookeeper {
        Some(zookeeper) => with_zookeeper(zookeeper, broker),
        None => with_quorum(cluster, broker),
    };
    pairs.extend([
        ("log.dirs", broker.log_dir.display().to_string()),
        ("num.partitions", partitions.to_string()),
        ("auto.create.topics.enable", "true".into()),
        ("default.replication.factor", replicas.clone()),
        ("min.insync.replicas", "1".into()),
        ("offsets.topic.replication.factor", replicas.clone()),
        ("transaction.state.log.replication.factor", replicas.clone()),
        ("transaction.state.log.min.isr", "1".into()),
        ("share.coordinator.state.topic.replication.factor", replicas),
        ("share.coordinator.state.topic.min.isr", "1".into()),
        // Kafka's 50 partitions each make the first use of a group or a transaction slow for nothing.
        ("offsets.topic.num.partitions", "8".into()),
        ("transaction.state.log.num.partitions", "8".into()),
        ("share.coordinator.state.topic.num.partitions", "8".into()),
        ("group.initial.rebalance.delay.ms", "0".into()),
        // Tests write timestamps of any year. After a week by those, Kafka deletes: half a minute after its start, and so in
        // the middle of a test.
        ("log.retention.ms", "-1".into()),
        // 128 MiB by default, a third of the heap that brokers get here.
        ("log.cleaner.dedupe.buffer.size", "16777216".into()),
    ]);
    pairs.extend(extra.iter().map(|(key, value)| (key.as_str(), value.clone())));
    pairs.into_iter().map(|(key, value)| format!("{key}={value}\n")).collect()
}

/// Brokers that are controllers too.
fn with_quorum(cluster: &State, broker: &Broker) -> Vec<(&'static str, String)> {
    let voters: Vec<String> =
        cluster.brokers.iter().map(|peer| format!("{}@127.0.0.1:{}", peer.id, peer.controller_port)).collect();
    vec![
        ("process.roles", "broker,controller".into()),
        ("node.id", broker.id.to_string()),
        ("controller.quorum.voters", voters.join(",")),
        (
            "listeners",
            format!("PLAINTEXT://127.0.0.1:{},CONTROLLER://127.0.0.1:{}", broker.port, broker.controller_port),
        ),
        ("advertised.listeners", format!("PLAINTEXT://127.0.0.1:{}", broker.port)),
        ("controller.listener.names", "CONTROLLER".into()),
        ("inter.broker.listener.name", "PLAINTEXT".into()),
        ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".into()),
        // A killed broker's partitions move after some four seconds instead of nine.
        ("broker.heartbeat.interval.ms", "500".into()),
        ("broker.session.timeout.ms", "4000".into()),
    ]
}

/// Brokers that know each other through ZooKeeper.
fn with_zookeeper(zookeeper: &ZooKeeper, broker: &Broker) -> Vec<(&'static str, String)> {
    vec![
        ("broker.id", broker.id.to_string()),
        ("zookeeper.connect", format!("127.0.0.1:{}", zookeeper.port)),
        ("zookeeper.connection.timeout.ms", "60000".into()),
        ("zookeeper.session.timeout.ms", "4000".into()),
        ("listeners", format!("PLAINTEXT://127.0.0.1:{}", broker.port)),
    ]
}

/// Logging of Kafka 4.x: standard error, from the level that the property `ottla.log` names.
pub const LOG4J2: &str = "\
rootLogger.level=${sys:ottla.log}
rootLogger.appenderRef.err.ref=err
appender.err.type=Console
appender.err.name=err
appender.err.target=SYSTEM_ERR
appender.err.layout.type=PatternLayout
appender.err.layout.pattern=[%d] %p %m (%c)%n
";

/// Logging up to Kafka 3.x: the same.
pub const LOG4J: &str = "\
log4j.rootLogger=${ottla.log}, err
log4j.appender.err=org.apache.log4j.ConsoleAppender
log4j.appender.err.target=System.err
log4j.appender.err.layout=org.apache.log4j.PatternLayout
log4j.appender.err.layout.ConversionPattern=[%d] %p %m (%c)%n
";
