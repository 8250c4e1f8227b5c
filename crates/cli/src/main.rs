//! The ottla command: records into and out of Kafka from a shell
fn main() {}
