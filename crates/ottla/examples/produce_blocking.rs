//! `ottla::blocking`: producing from threads, without a runtime.
//!
//!     cargo run --example produce_blocking
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::thread;
use std::time::Duration;

use ottla::blocking::{Client, Producer};
use ottla::{ClientConfig, NewRecord, ProducerConfig};
use ottla_mock::MockCluster;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The embedded cluster needs a runtime, on threads of its own; a real one does not.
    let runtime = tokio::runtime::Runtime::new()?;
    let cluster = runtime.block_on(MockCluster::start(3))?;

    let client = Client::new(&cluster.bootstrap_servers(), ClientConfig::default())?;
    let producer = Producer::new(&client, ProducerConfig::default())?;

    // Threads that send at the same time share requests.
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let producer = producer.clone();
            thread::spawn(move || producer.send(NewRecord::to("orders").value(number.to_string())))
        })
        .collect();
    for thread in threads {
        let written = thread.join().map_err(|_| "a thread panicked")??;
        println!("partition {}, offset {:?}", written.partition, written.offset);
    }

    let receipt = producer.enqueue(NewRecord::to("orders").value("later"))?;
    producer.close(Duration::from_secs(30))?;
    println!("the last one at offset {:?}", receipt.wait()?.offset);
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_runs() {
        super::main().unwrap();
    }
}
