//! `ottla bench produce`: pipelined, all acknowledgements awaited.

use std::time::Duration;

use ottla::{NewRecord, Producer, Receipt};

use super::report::{Done, Watch, print};
use super::values::values;
use super::{Arguments, prepare};
use crate::args::Connection;
use crate::failure::{Failure, Outcome, Status, note};
use crate::progress::Progress;
use crate::session::Session;
use crate::signals::Signals;

/// How many receipts gather before the oldest are looked at.
const EVERY: usize = 4096;

/// Measures producing.
pub(super) async fn run(connection: &Connection, arguments: &Arguments) -> Outcome {
    let signals = Signals::listen();
    let mut session = Session::open(connection)?;
    session.set("compression.type", arguments.compression.name());
    session.set("linger.ms", &arguments.linger_ms.to_string());
    let config = session.producer_config()?;
    session.finish_settings()?;
    prepare(&session, arguments).await?;
    let values = values(arguments.size);
    let topic = session.client.topic(&arguments.topic);
    let producer = Producer::new(&session.client, config).map_err(Failure::usage)?;
    producer
        .send(NewRecord::to(&topic).value(&values[0]))
        .await
        .map_err(|error| Failure::client("the record that warms up is not acknowledged", &error))?;
    let mut progress = Progress::new(true, Some(arguments.n));
    let mut errors = Errors::default();
    let mut receipts: Vec<Receipt> = Vec::with_capacity(2 * EVERY);
    let mut handed = 0;

    let watch = Watch::start();
    for value in values.iter().cycle().take(usize::try_from(arguments.n).unwrap_or(usize::MAX)) {
        match producer.enqueue(NewRecord::to(&topic).value(value)).await {
            Ok(receipt) => receipts.push(receipt),
            Err(error) => errors.add(&error),
        }
        handed += 1;
        if receipts.len() >= 2 * EVERY {
            for receipt in receipts.drain(..EVERY) {
                if let Err(error) = receipt.await {
                    errors.add(&error);
                }
            }
            progress.add(EVERY as u64, EVERY * arguments.size);
            if signals.received().is_some() {
                break;
            }
        }
    }
    // Whatever still lingers leaves now.
    let _ = producer.flush().await;
    for receipt in receipts.drain(..) {
        if let Err(error) = receipt.await {
            errors.add(&error);
        }
    }
    let measured = watch.stop();

    progress.finish();
    let _ = producer.close(Duration::from_secs(1)).await;
    let records = handed - errors.count;
    let size = arguments.size as u64;
    print(
        &Done { mode: "produce", records, bytes: records * size, size, errors: errors.count, first: None },
        &measured,
    )?;
    session.close().await;
    match signals.received() {
        Some(signal) => Err(Failure::told(signal.status())),
        None if errors.count > 0 => Err(Failure::told(Status::NotDone)),
        None => Ok(()),
    }
}

/// Counts failures, and tells the first.
#[derive(Default)]
struct Errors {
    count: u64,
}

impl Errors {
    fn add(&mut self, error: &ottla::Error) {
        if self.count == 0 {
            note(format_args!("a record is not acknowledged: {}", crate::failure::explain(error)));
        }
        self.count += 1;
    }
}
