//! `ottla quickstart`: shows records going into and out of an embedded cluster, step by step.

use std::time::{Duration, Instant};

use ottla::Error;
use ottla::{
    Admin, Client, ClientConfig, Consumer, ConsumerConfig, NewRecord, NewTopic, Producer, ProducerConfig, Start,
};
use ottla_mock::MockCluster;

use crate::failure::{Failure, Outcome, Status};
use crate::output;

const TOPIC: &str = "greetings";
const PARTITIONS: i32 = 3;
const RECORDS: usize = 9;

/// For each step. The whole takes a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs it.
pub(crate) async fn run() -> Outcome {
    let began = Instant::now();
    let step = |text: &str| output::print(&format!("{:>5} ms  {text}\n", began.elapsed().as_millis()));
    let failed = |doing: &'static str| move |error: Error| Failure::client(doing, &error);

    let cluster = MockCluster::start(3)
        .await
        .map_err(|error| Failure::new(Status::NotDone, format_args!("the embedded cluster cannot listen: {error}")))?;
    let bootstrap = cluster.bootstrap_servers();
    step(&format!("started an embedded cluster of 3 brokers: {bootstrap}"))?;

    let client = Client::new(&bootstrap, ClientConfig::default().client_id("quickstart".to_owned()))
        .map_err(failed("the client cannot be made"))?;
    let admin = Admin::new(&client);
    let topic = NewTopic::new(TOPIC).partitions(PARTITIONS).replication_factor(3);
    in_time(admin.create_topic(topic)).await?.map_err(failed("the topic is not created"))?;
    step(&format!("created topic {TOPIC:?} with {PARTITIONS} partitions, 3 replicas each"))?;

    let producer = Producer::new(&client, ProducerConfig::default()).map_err(failed("the producer cannot be made"))?;
    for number in 1..=RECORDS {
        let key = format!("guest-{}", number % 3);
        let value = format!("hello number {number}");
        let written = in_time(producer.send(NewRecord::to(TOPIC).key(&key).value(&value)))
            .await?
            .map_err(failed("a record is not acknowledged"))?;
        let offset = written.offset.map_or_else(|| "not told".to_owned(), |offset| offset.to_string());
        step(&format!("produced {key} = {value:?}  ->  partition {}, offset {offset}", written.partition))?;
    }

    let partitions = (0..PARTITIONS).map(|partition| ((TOPIC, partition), Start::Beginning));
    let mut consumer = Consumer::assign(&client, partitions, ConsumerConfig::default())
        .map_err(failed("the consumer cannot be made"))?;
    for _ in 0..RECORDS {
        let record = in_time(consumer.recv()).await?.map_err(failed("a record cannot be consumed"))?;
        let Some(record) = record else { break };
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        let (key, value) = (text(record.key()), text(record.value()));
        step(&format!("consumed {key} = {value:?}  <-  partition {}, offset {}", record.partition, record.offset))?;
    }

    let _ = consumer.close(PATIENCE).await;
    producer.close(PATIENCE).await.map_err(failed("the producer cannot be closed"))?;
    client.close(PATIENCE).await.map_err(failed("the client cannot be closed"))?;
    step(&format!("closed; all {RECORDS} records went in and came out"))?;
    output::print(
        "\nNext: `ottla mock` serves such a cluster, `ottla produce` and `ottla consume` use it or a real one.\n",
    )
}

/// A step that must not take for ever.
async fn in_time<T>(step: impl Future<Output = T>) -> Outcome<T> {
    tokio::time::timeout(PATIENCE, step)
        .await
        .map_err(|_| Failure::new(Status::NotDone, format_args!("a step took longer than {} s", PATIENCE.as_secs())))
}
