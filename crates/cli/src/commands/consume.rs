//! `ottla consume`: records to standard output.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use ottla::{Batch, Consumer, ErrorKind, Start, TopicDescription};

use crate::args::Connection;
use crate::failure::{Failure, Outcome, Status, explain};
use crate::format::{self, Template};
use crate::json;
use crate::offsets;
use crate::output::{Ended, Output};
use crate::progress::Progress;
use crate::session::Session;
use crate::signals::Signals;
use crate::view::View;

/// What to consume.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The topic
    topic: String,
    #[arg(short, long, value_name = "OFFSET", default_value = "beginning", allow_hyphen_values = true,
          value_parser = offsets::parse, help = offsets::HELP)]
    pub(crate) offset: offsets::From,
    /// Only these partitions, such as 0,2 [default: all]
    #[arg(short, long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(i32).range(0..))]
    partitions: Vec<i32>,
    /// End when all that was there at the start has been printed
    #[arg(short, long)]
    pub(crate) exit_at_end: bool,
    /// End after so many records
    #[arg(short = 'n', long, value_name = "N")]
    count: Option<u64>,
    #[arg(short, long, value_name = "FORMAT", value_parser = Template::parse, help = format::HELP)]
    format: Option<Template>,
    /// How to print
    #[arg(long, value_enum, conflicts_with = "format")]
    output: Option<Form>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Forms of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Values, each with a line end
    Value,
    /// One JSON object a line, with topic, partition, offset, timestamp, key, value and headers; bytes that are not UTF-8
    /// come in base64, with `_base64` behind the name
    Json,
}

/// Kafka's default of `request.timeout.ms`.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Consumes.
pub(crate) async fn run(connection: &Connection, arguments: Arguments) -> Outcome {
    let signals = Signals::listen();
    let mut session = Session::open(connection)?;
    let config = session.consumer_config()?;
    let request_timeout = session.property("request.timeout.ms").and_then(|text| text.parse().ok());
    // Two requests in a row that nobody answers: nothing is going to come.
    let patience = 2 * request_timeout.map_or(REQUEST_TIMEOUT, Duration::from_millis);
    session.finish_settings()?;
    session.reach().await?;
    let topic = session.topic(&arguments.topic).await?;
    let partitions = partitions(&topic, &arguments.partitions)?;
    let starts = partitions.iter().map(|partition| ((&topic.topic, *partition), start(arguments.offset)));
    let consumer = Consumer::assign(&session.client, starts, config).map_err(Failure::usage)?;
    if arguments.exit_at_end {
        consumer.control().until_end().map_err(|error| Failure::client("the ends cannot be asked for", &error))?;
    }
    let mut work = Work {
        consumer,
        print: Print::new(&arguments),
        output: Output::stdout(),
        left: arguments.count.unwrap_or(u64::MAX),
        patience: arguments.exit_at_end.then_some(patience),
        // Records on the same terminal would be torn by it.
        progress: Progress::new(!std::io::IsTerminal::is_terminal(&std::io::stdout()), arguments.count),
    };
    let outcome = work.run(&signals).await;
    work.progress.finish();
    let _ = work.consumer.close(Duration::from_secs(1)).await;
    session.close().await;
    match outcome {
        Ok(()) | Err(Ended::ReaderGone) => Ok(()),
        Err(Ended::Failed(failure)) => Err(failure),
    }
}

fn partitions(topic: &TopicDescription, wanted: &[i32]) -> Outcome<Vec<i32>> {
    let there: Vec<i32> = topic.partitions.iter().map(|partition| partition.partition).collect();
    if let Some(missing) = wanted.iter().find(|partition| !there.contains(partition)) {
        return Err(Failure::usage(format_args!(
            "topic {} has no partition {missing}: it has {}, from 0 on",
            topic.topic,
            there.len()
        )));
    }
    let mut partitions = if wanted.is_empty() { there } else { wanted.to_vec() };
    partitions.sort_unstable();
    partitions.dedup();
    Ok(partitions)
}

fn start(from: offsets::From) -> Start {
    match from {
        offsets::From::Beginning => Start::Beginning,
        offsets::From::End => Start::End,
        offsets::From::Offset(offset) => Start::Offset(offset),
        offsets::From::Timestamp(timestamp) => Start::Timestamp(timestamp),
        offsets::From::Tail(count) => Start::Tail(count),
    }
}

/// How records are printed.
enum Print {
    /// The value and a line end.
    Values,
    /// By a template.
    Template(Template),
    /// As JSON.
    Json,
}

impl Print {
    fn new(arguments: &Arguments) -> Self {
        match (&arguments.format, arguments.output) {
            (Some(template), _) if *template != Template::value_lines() => Self::Template(template.clone()),
            (_, Some(Form::Json)) => Self::Json,
            _ => Self::Values,
        }
    }

    fn wants_headers(&self) -> bool {
        match self {
            Self::Values => false,
            Self::Template(template) => template.wants_headers(),
            Self::Json => true,
        }
    }
}

/// One run of the command.
struct Work {
    consumer: Consumer,
    print: Print,
    output: Output<std::io::Stdout>,
    /// How many records may still be printed.
    left: u64,
    /// For how long nothing may come, where there is an end that is to be reached.
    patience: Option<Duration>,
    progress: Progress,
}

impl Work {
    async fn run(&mut self, signals: &Signals) -> Result<(), Ended> {
        let mut last = Instant::now();
        while self.left > 0 && signals.received().is_none() {
            let Some(batch) = self.next(signals, last).await? else { continue };
            match batch {
                Ok(Some(batch)) => self.print(&batch)?,
                Ok(None) => break,
                Err(error) => {
                    self.output.flush()?;
                    let failure = Failure::client("consuming ended", &error);
                    return Err(Ended::Failed(match error.kind() {
                        ErrorKind::Malformed => failure.advise("--offset and --partitions pass over what is damaged"),
                        _ => failure,
                    }));
                }
            }
            last = Instant::now();
        }
        self.output.flush()
    }

    /// The next batch, or nothing when it is time to look around.
    async fn next(&mut self, signals: &Signals, last: Instant) -> Result<Option<ottla::Result<Option<Batch>>>, Ended> {
        let patience = self.patience;
        {
            let mut next = pin!(self.consumer.recv_batch());
            // Only once nothing more is to be had at once: what there is should be seen.
            if let Some(batch) = at_once(next.as_mut()).await {
                return Ok(Some(batch));
            }
            self.output.flush()?;
            tokio::select! {
                biased;
                batch = next => return Ok(Some(batch)),
                _ = signals.wait() => return Ok(None),
                () = tokio::time::sleep(patience.unwrap_or_default().saturating_sub(last.elapsed())),
                    if patience.is_some() => {}
            }
        }
        match patience {
            Some(patience) if last.elapsed() >= patience => Err(Ended::Failed(self.stalled(patience))),
            _ => Ok(None),
        }
    }

    fn print(&mut self, batch: &Batch) -> Result<(), Ended> {
        let mut headers = Vec::new();
        for record in batch {
            if self.left == 0 {
                break;
            }
            let before = self.output.buffer.len();
            match &self.print {
                Print::Values => {
                    self.output.buffer.extend_from_slice(record.value().unwrap_or_default());
                    self.output.buffer.push(b'\n');
                }
                print => {
                    headers.clear();
                    if print.wants_headers() {
                        headers.extend(record.headers().map(|header| (header.key, header.value)));
                    }
                    let view = View {
                        topic: batch.topic().name(),
                        partition: batch.partition(),
                        offset: record.offset,
                        timestamp: record.timestamp(),
                        key: record.key(),
                        value: record.value(),
                        headers: &headers,
                    };
                    match print {
                        Print::Template(template) => template.write(&view, &mut self.output.buffer),
                        _ => json::write(&view, &mut self.output.buffer),
                    }
                }
            }
            self.left -= 1;
            self.progress.add(1, self.output.buffer.len() - before);
            self.output.relieve()?;
        }
        Ok(())
    }

    fn stalled(&self, patience: Duration) -> Failure {
        let mut what = format!("nothing came for {} s, though not all has been read", patience.as_secs());
        for partition in self.consumer.control().partitions() {
            if partition.position.is_none() || partition.position < partition.stop_at {
                let cause = partition.last_error.as_ref().map_or_else(|| "no answer".to_owned(), explain);
                what.push_str(&format!("; partition {}: {cause}", partition.partition));
            }
        }
        Failure::new(Status::Unreachable, what)
            .advise("`ottla topic describe` shows whether all partitions have leaders")
    }
}

/// What the future gives without waiting.
async fn at_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
