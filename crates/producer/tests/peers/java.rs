//! `Partitions.java`, which asks the partitioner that is built into Kafka's producer.

use std::path::PathBuf;
use std::process::Command;

use ottla_producer::Partitioner;

use crate::keys::{assert_same, keys, ours, theirs};

#[test]
fn keys_go_where_the_java_client_sends_them() {
    let java = std::env::var_os("OTTLA_JAVA").expect("OTTLA_JAVA names Java, see docs/testing.md");
    let libs = std::env::var_os("OTTLA_KAFKA_LIBS").expect("OTTLA_KAFKA_LIBS names Kafka's jars, see docs/testing.md");
    let mut command = Command::new(java);
    command.args(["-Xmx256m", "-XX:+UseSerialGC", "-cp"]).arg(PathBuf::from(libs).join("*"));
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/Partitions.java"));
    let keys = keys();
    let theirs = theirs(&mut command, &keys);
    let theirs = theirs.into_iter().map(|partitioners| partitioners[0]);
    assert_same(&keys, &ours(&Partitioner::java(), &keys), theirs);
}
