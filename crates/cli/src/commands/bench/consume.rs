//! `ottla bench consume`: all partitions from the beginning, every value touched.

use std::time::Duration;

use ottla::{Consumer, Start};

use super::Arguments;
use super::report::{Done, Watch, print};
use crate::args::Connection;
use crate::failure::{Failure, Outcome, Status, note};
use crate::progress::Progress;
use crate::session::Session;
use crate::signals::Signals;

/// For how long nothing may come.
const STALLED: Duration = Duration::from_secs(30);

/// Measures consuming, from the making of a client to the last record.
pub(super) async fn run(connection: &Connection, arguments: &Arguments) -> Outcome {
    let signals = Signals::listen();
    let mut first_session = Session::open(connection)?;
    let _ = first_session.consumer_config()?;
    first_session.finish_settings()?;
    first_session.reach().await?;
    let topic = first_session.topic(&arguments.topic).await?;
    first_session.close().await;

    let mut progress = Progress::new(true, Some(arguments.n));
    let watch = Watch::start();
    let mut session = Session::open(connection)?;
    let config = session.consumer_config()?;
    let partitions = topic.partitions.iter().map(|partition| ((&topic.topic, partition.partition), Start::Beginning));
    let mut consumer = Consumer::assign(&session.client, partitions, config).map_err(Failure::usage)?;
    let (mut records, mut bytes, mut touched) = (0_u64, 0_u64, 0_u64);
    let mut first = None;
    let mut short = false;
    while records < arguments.n {
        let batch = tokio::select! {
            biased;
            batch = consumer.recv_batch() => batch,
            _ = signals.wait() => break,
            () = tokio::time::sleep(STALLED) => {
                short = true;
                break;
            }
        };
        let batch = batch.map_err(|error| Failure::client("consuming ended", &error))?;
        let Some(batch) = batch else { break };
        first.get_or_insert_with(|| watch.elapsed());
        let (before, bytes_before) = (records, bytes);
        for record in &batch {
            let value = record.value().unwrap_or_default();
            bytes += value.len() as u64;
            touched = touched.wrapping_add(value.first().copied().map_or(0, u64::from));
            records += 1;
            if records == arguments.n {
                break;
            }
        }
        progress.add(records - before, usize::try_from(bytes - bytes_before).unwrap_or(usize::MAX));
    }
    std::hint::black_box(touched);
    let measured = watch.stop();

    progress.finish();
    let size = bytes.checked_div(records).unwrap_or_default();
    print(&Done { mode: "consume", records, bytes, size, errors: u64::from(short), first }, &measured)?;
    let _ = consumer.close(Duration::from_secs(1)).await;
    session.close().await;
    if let Some(signal) = signals.received() {
        return Err(Failure::told(signal.status()));
    }
    if short {
        note(format_args!("only {records} records came; nothing more for {} s", STALLED.as_secs()));
        return Err(Failure::told(Status::NotDone));
    }
    Ok(())
}
