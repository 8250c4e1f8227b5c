//! What the tests share: names of their own, records in and out, bounded waits.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ottla::{
    Admin, Client, ClientConfig, Consumer, ConsumerConfig, NewRecord, NewTopic, Producer, ProducerConfig, Record, Start,
};

/// Anything that takes longer hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A name that no other test uses, in this run or in another on the same cluster.
pub(crate) fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("{name}-{}-{}-{next}", since.as_millis(), std::process::id())
}

/// A client of the cluster.
pub(crate) fn client(bootstrap: &str) -> Client {
    Client::new(bootstrap, ClientConfig::default()).unwrap()
}

/// Creates a topic with a name of its own and waits until all of its partitions have leaders.
pub(crate) async fn topic(client: &Client, name: &str, partitions: i32) -> String {
    topic_with(client, NewTopic::new(unique(name)).partitions(partitions)).await
}

/// Creates the topic and waits until all of its partitions have leaders.
pub(crate) async fn topic_with(client: &Client, topic: NewTopic) -> String {
    let admin = Admin::new(client);
    let name = topic.name().to_string();
    admin.create_topic(topic).await.unwrap();
    within(async {
        loop {
            let described = admin.describe_topic(&name).await;
            if described.is_ok_and(|topic| topic.partitions.iter().all(|partition| partition.leader.is_some())) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    name
}

/// A producer with the default settings.
pub(crate) fn producer(client: &Client) -> Producer {
    Producer::new(client, ProducerConfig::default()).unwrap()
}

/// Sends values to a partition, one after another.
pub(crate) async fn send(producer: &Producer, topic: &str, partition: i32, values: &[&str]) {
    for value in values {
        within(producer.send(NewRecord::to(topic).partition(partition).value(*value))).await.unwrap();
    }
}

/// A consumer of partitions, all from the same start.
pub(crate) fn consumer(
    client: &Client,
    topic: &str,
    partitions: impl IntoIterator<Item = i32>,
    start: Start,
) -> Consumer {
    let partitions = partitions.into_iter().map(|partition| ((topic, partition), start));
    Consumer::assign(client, partitions, ConsumerConfig::default()).unwrap()
}

/// So many records.
pub(crate) async fn take(consumer: &mut Consumer, count: usize) -> Vec<Record> {
    let mut records = Vec::with_capacity(count);
    while records.len() < count {
        records.push(within(consumer.recv()).await.unwrap().unwrap());
    }
    records
}

/// The values as text.
pub(crate) fn texts(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| String::from_utf8(record.value().unwrap().to_vec()).unwrap()).collect()
}

/// Fails where the future takes too long.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it ends in time")
}

/// Whether nothing comes for a while.
pub(crate) async fn nothing_comes(consumer: &mut Consumer) -> bool {
    tokio::time::timeout(Duration::from_millis(300), consumer.recv()).await.is_err()
}
