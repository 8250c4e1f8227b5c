//! `ottla produce`: records from standard input, a file or the command line.

mod receipts;

use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use clap::{Args, ValueEnum};
use ottla::{NewRecord, Producer, Topic};
use tokio::time::timeout;

use self::receipts::Receipts;
use crate::args::{self, Connection};
use crate::escapes::unescape;
use crate::failure::{Failure, Outcome, Status, note};
use crate::input::Blocks;
use crate::lines::{LONGEST, Lines, TooLong, each_line};
use crate::progress::Progress;
use crate::session::Session;
use crate::signals::{Signal, Signals};

/// What to produce.
#[derive(Debug, Args)]
#[command(after_help = "\
Each line of input is a record, without its line end; an empty line is a record with an empty value. How many records
were acknowledged and how many failed is printed to standard error; the exit status is not 0 unless all of them were
acknowledged. SIGINT and SIGTERM end the reading; what was read is still delivered.")]
pub(crate) struct Arguments {
    /// The topic; one that is not there is created where the cluster allows it
    topic: String,
    /// Read this file in place of standard input
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Make the whole input one record
    #[arg(long)]
    whole: bool,
    /// Split each line at the first S into key and value; \t and the like are understood
    #[arg(short = 'K', long, value_name = "S", conflicts_with_all = ["whole", "value", "key"])]
    key_delimiter: Option<String>,
    /// The key of every record
    #[arg(short, long, value_name = "K")]
    key: Option<String>,
    /// Produce one record with this value, and read no input
    #[arg(long, value_name = "V", conflicts_with_all = ["file", "whole"])]
    value: Option<String>,
    /// The partition of every record, in place of the partitioner's choice
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// How batches are compressed; the level by -X compression.zstd.level=N and the like
    #[arg(short = 'z', long, value_name = "C", value_enum)]
    compression: Option<Compression>,
    /// A header of every record; may be given more than once. NAME without a `=` gives it a null value
    #[arg(short = 'H', long, value_name = "K=V", value_parser = args::header)]
    header: Vec<(String, Option<String>)>,
    /// Make empty values and keys null
    #[arg(short = 'Z', long)]
    null: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Kafka's names of codecs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compression {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl Compression {
    /// As `compression.type` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// A little more than Kafka's default of `delivery.timeout.ms`.
const PATIENCE: Duration = Duration::from_secs(130);

/// How long what was read may take to be delivered after a signal.
const ENDING: Duration = Duration::from_secs(10);

/// Produces.
pub(crate) async fn run(connection: &Connection, arguments: Arguments) -> Outcome {
    let signals = Signals::listen();
    let mut session = Session::open(connection)?;
    if let Some(compression) = arguments.compression {
        session.set("compression.type", compression.name());
    }
    // While brokers are away, input waits at least for as long as what was read before it may take to be delivered.
    let patient = session.property("max.block.ms").is_none();
    let mut config = session.producer_config()?;
    if patient {
        config = config.max_block(PATIENCE);
    }
    session.finish_settings()?;
    let shape = Shape::new(&session, &arguments)?;
    // Input that cannot be opened is found out before anything is created.
    let blocks = if arguments.value.is_some() { None } else { Some(Blocks::open(arguments.file.as_deref())?) };
    session.reach().await?;
    let topic = session.topic_or_make(&arguments.topic).await?;
    if let Some(partition) = arguments.partition
        && !topic.partitions.iter().any(|there| there.partition == partition)
    {
        let count = topic.partitions.len();
        let what = format!("topic {} has no partition {partition}: it has {count}, from 0 on", topic.topic);
        return Err(Failure::usage(what));
    }
    let producer = Producer::new(&session.client, config).map_err(Failure::usage)?;
    let mut work = Work {
        producer: &producer,
        shape: &shape,
        receipts: Receipts::new(),
        progress: Progress::new(blocks.is_some(), None),
        signals: &signals,
    };
    let fed = match (blocks, &arguments.value) {
        (None, value) => work.one(value.as_deref().unwrap_or_default().as_bytes()).await,
        (Some(blocks), _) if arguments.whole => work.whole(blocks).await,
        (Some(blocks), _) => work.lines(blocks).await,
    };
    let outcome = work.finish(fed, arguments.file.is_some()).await;
    session.close().await;
    outcome
}

/// What all records have in common.
struct Shape {
    topic: Topic,
    partition: Option<i32>,
    key: Option<Vec<u8>>,
    delimiter: Option<Vec<u8>>,
    headers: Vec<(String, Option<String>)>,
    null: bool,
}

impl Shape {
    fn new(session: &Session, arguments: &Arguments) -> Outcome<Self> {
        let delimiter = arguments.key_delimiter.as_deref().map(unescape);
        if delimiter.as_ref().is_some_and(Vec::is_empty) {
            return Err(Failure::usage("--key-delimiter is empty"));
        }
        Ok(Self {
            topic: session.client.topic(&arguments.topic),
            partition: arguments.partition,
            key: arguments.key.as_ref().map(|key| key.clone().into_bytes()),
            delimiter,
            headers: arguments.header.clone(),
            null: arguments.null,
        })
    }

    /// A record of one line.
    fn record<'a>(&'a self, line: &'a [u8]) -> NewRecord<'a> {
        let (key, value) = self.split(line);
        let mut record = NewRecord::to(&self.topic);
        let wanted = |bytes: &[u8]| !(self.null && bytes.is_empty());
        if let Some(key) = key.filter(|key| wanted(key)) {
            record = record.key(key);
        }
        if wanted(value) {
            record = record.value(value);
        }
        if let Some(partition) = self.partition {
            record = record.partition(partition);
        }
        for (name, value) in &self.headers {
            record = match value {
                Some(value) => record.header(name, value),
                None => record.null_header(name),
            };
        }
        record
    }

    fn split<'a>(&'a self, line: &'a [u8]) -> (Option<&'a [u8]>, &'a [u8]) {
        if let Some(delimiter) = &self.delimiter
            && let Some(at) = memchr::memmem::find(line, delimiter)
        {
            return (Some(&line[..at]), &line[at + delimiter.len()..]);
        }
        (self.key.as_deref(), line)
    }
}

/// One run of the command.
struct Work<'a> {
    producer: &'a Producer,
    shape: &'a Shape,
    receipts: Receipts,
    progress: Progress,
    signals: &'a Signals,
}

/// Why the reading came to an end.
enum Fed {
    /// All of the input was read.
    All,
    /// A record failed in a way that the next will too.
    Hopeless,
    /// A signal.
    Stopped(Signal),
}

impl Work<'_> {
    /// Hands records to the producer, in order. Says why, if there is no use in going on.
    async fn feed<'l>(&mut self, lines: impl Iterator<Item = &'l [u8]> + Clone) -> Option<Fed> {
        let shape = self.shape;
        let mut queueing = pin!(self.producer.enqueue_all(lines.clone().map(|line| shape.record(line))));
        let (queued, signal) = tokio::select! {
            biased;
            queued = &mut queueing => (Ok(queued), None),
            signal = self.signals.wait() => (timeout(ENDING, queueing).await, Some(signal)),
        };
        match queued {
            Ok(Ok(receipts)) => self.receipts.push(receipts),
            Ok(Err(error)) => self.receipts.refused(lines.count(), &error),
            Err(_) => self.receipts.given_up(lines.count()),
        }
        match signal {
            Some(signal) => Some(Fed::Stopped(signal)),
            None => self.receipts.is_hopeless().then_some(Fed::Hopeless),
        }
    }

    async fn one(&mut self, value: &[u8]) -> Outcome<Fed> {
        Ok(self.feed(std::iter::once(value)).await.unwrap_or(Fed::All))
    }

    async fn whole(&mut self, mut blocks: Blocks) -> Outcome<Fed> {
        let mut whole = Vec::new();
        loop {
            match self.next(&mut blocks).await? {
                Next::Block(block) => {
                    if whole.len() + block.len() > LONGEST {
                        return Err(too_long("the input"));
                    }
                    whole.extend_from_slice(&block);
                }
                Next::End => return self.one(&whole).await,
                Next::Stopped(signal) => return Ok(Fed::Stopped(signal)),
            }
        }
    }

    async fn lines(&mut self, mut blocks: Blocks) -> Outcome<Fed> {
        let mut lines = Lines::default();
        loop {
            let block = match self.next(&mut blocks).await? {
                Next::Block(block) => block,
                Next::End => break,
                // The line that was begun is not one.
                Next::Stopped(signal) => return Ok(Fed::Stopped(signal)),
            };
            let size = block.len();
            let long = |TooLong| too_long(format_args!("line {}", self.receipts.count() + 1));
            let (joined, block) = lines.join(block).map_err(long)?;
            let (whole, rest) = block.split_at(memchr::memrchr(b'\n', &block).map_or(0, |last| last + 1));
            let before = self.receipts.count();
            if let Some(fed) = self.feed(joined.as_deref().into_iter().chain(each_line(whole))).await {
                return Ok(fed);
            }
            let long = |TooLong| too_long(format_args!("line {}", self.receipts.count() + 1));
            lines.keep(rest).map_err(long)?;
            self.receipts.settle();
            self.progress.add(self.receipts.count() - before, size);
            if self.receipts.is_hopeless() {
                return Ok(Fed::Hopeless);
            }
        }
        match lines.finish() {
            Some(line) => self.one(&line).await,
            None => Ok(Fed::All),
        }
    }

    async fn next(&self, blocks: &mut Blocks) -> Outcome<Next> {
        tokio::select! {
            biased;
            signal = self.signals.wait() => Ok(Next::Stopped(signal)),
            block = blocks.next() => Ok(block?.map_or(Next::End, Next::Block)),
        }
    }

    /// Waits for what is on its way, and says how it went.
    async fn finish(mut self, fed: Outcome<Fed>, from_file: bool) -> Outcome {
        // The failures of both show in the receipts.
        let _ = match fed {
            Ok(Fed::Stopped(_)) => self.producer.close(ENDING).await,
            _ => self.producer.flush().await,
        };
        self.receipts.finish().await;
        self.progress.finish();
        let told = self.receipts.tell();
        let _ = self.producer.close(ENDING).await;
        match fed? {
            Fed::All => told,
            Fed::Hopeless => {
                note("the rest of the input was not read");
                told
            }
            Fed::Stopped(signal) => {
                note(format_args!("{} came before the input ended", signal.name()));
                told?;
                // A file has more, a pipe may not.
                if from_file { Err(Failure::told(signal.status())) } else { Ok(()) }
            }
        }
    }
}

enum Next {
    Block(Bytes),
    End,
    Stopped(Signal),
}

fn too_long(what: impl std::fmt::Display) -> Failure {
    Failure::new(Status::NotDone, format_args!("{what} is longer than {} MiB", LONGEST >> 20))
        .advise("Kafka is not made for records of that size: keep them elsewhere, and produce where they are")
}
