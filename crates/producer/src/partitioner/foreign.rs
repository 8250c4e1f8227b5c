//! Runs users' code outside of the lock: before a record is handed in, and again where the machine asks.
//!
//! | the machine | asks | the caller |
//! |---|---|---|
//! | does not know the topic, or is short of memory | nothing: the record waits | comes again |
//! | has a choice that was made of the partitions as they are | nothing | |
//! | has none, or one of other partitions | with the partitions | chooses of them |
//! | would begin a batch, and the partitioner watches batches | with the partition | says whether the choice holds |

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use ottla_core::error::{Error, ErrorKind, Result};
use ottla_core::object::Object;
use ottla_types::Topic;

use super::custom::{CustomPartitioner, InvalidPartition, Needs, NewBatch, RecordToPartition};
use super::keyed::KeyHash;
use super::{EmptyKeys, Keyless, Kind, Partitioner};
use crate::admission::{Admission, Terms};
use crate::machine::ProducerMachine;
use crate::producer::Producer;
use crate::receipt::BatchSlot;
use crate::record::NewRecord;

/// The partitions of a topic at one moment.
#[derive(Debug)]
pub(crate) struct View {
    topic: Topic,
    number: u32,
    all: Box<[i32]>,
    writable: Box<[i32]>,
}

impl View {
    pub(crate) fn new(topic: Topic, number: u32, count: i32, available: &[i32]) -> Self {
        Self { topic, number, all: (0..count).collect(), writable: available.into() }
    }

    fn offered(&self, needs: Needs) -> &[i32] {
        if needs == Needs::All || self.writable.is_empty() { &self.all } else { &self.writable }
    }
}

/// What a user's code chose for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) partition: i32,
    /// The number of the view that it was chosen of.
    pub(crate) view: u32,
    /// Whether it holds even where a batch begins.
    pub(crate) settled: bool,
}

/// The machine needs a choice.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) view: Arc<View>,
    /// Where a batch would begin.
    pub(crate) beginning: Option<i32>,
}

/// A user's code, and the partitions of each topic as far as the machine told of them.
pub(crate) struct Foreign {
    code: Arc<dyn CustomPartitioner>,
    /// Where only keys are the code's business: what those of no bytes are.
    keys_only: Option<EmptyKeys>,
    views: RwLock<BTreeMap<Topic, Arc<View>>>,
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Foreign").field("keys_only", &self.keys_only).finish_non_exhaustive()
    }
}

impl Foreign {
    /// What of a partitioner is a user's code.
    pub(crate) fn of(partitioner: &Partitioner) -> Option<Self> {
        let (code, keys_only): (Arc<dyn CustomPartitioner>, _) = match &partitioner.0 {
            Kind::Custom(code) => (Arc::clone(code), None),
            Kind::Keyed { hash, keyless, empty } if hash.is_foreign() => {
                let keys_only = (*keyless != Keyless::AsEmptyKey).then_some(*empty);
                (Arc::new(Hashed(hash.clone())), keys_only)
            }
            _ => return None,
        };
        Some(Self { code, keys_only, views: RwLock::default() })
    }

    /// Chooses for a record that is about to be handed in, where the partitions are known and the machine would ask.
    /// What fails is left to be asked for: it may have been of partitions as they are no longer.
    fn choose(&self, record: &NewRecord<'_>) -> Option<Choice> {
        if record.partition.is_some() {
            return None;
        }
        match (self.keys_only, record.key_bytes()) {
            (Some(_), None) | (Some(EmptyKeys::AreKeyless), Some([])) => return None,
            _ => {}
        }
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        let view = views.get(record.topic()).map(Arc::clone)?;
        drop(views);
        self.choose_of(record, &view).ok()
    }

    /// Takes over the partitions that the machine told of. Says whether they are news.
    fn learn(&self, view: &Arc<View>) -> bool {
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        match views.get_mut(&view.topic) {
            Some(known) if known.number == view.number => false,
            Some(known) => {
                *known = Arc::clone(view);
                true
            }
            None => views.insert(view.topic.clone(), Arc::clone(view)).is_none(),
        }
    }

    /// Chooses where the machine asks.
    fn answer(&self, record: &NewRecord<'_>, asked: &Asked) -> Result<Choice> {
        let view = &asked.view;
        let Some(partition) = asked.beginning else { return self.choose_of(record, view) };
        match guarded(|| self.code.on_new_batch(&view.topic, partition))? {
            NewBatch::Keep => Ok(Choice { partition, view: view.number, settled: true }),
            NewBatch::ChooseAgain => Ok(Choice { settled: true, ..self.choose_of(record, view)? }),
        }
    }

    /// On what terms a record is handed in.
    pub(crate) fn terms(&self, record: &NewRecord<'_>, terms: Terms) -> Terms {
        Terms { choice: self.choose(record), ..terms }
    }

    /// On what terms it is handed in again, the machine having asked. Where there are none its ticket is given up.
    pub(crate) fn other_terms(
        &self,
        object: &Object<ProducerMachine>,
        record: &NewRecord<'_>,
        terms: Terms,
        asked: &Asked,
    ) -> Result<Terms> {
        self.learn(&asked.view);
        match (self.answer(record, asked), terms.ticket) {
            (Ok(choice), _) => Ok(Terms { choice: Some(choice), ..terms }),
            (Err(error), None) => Err(error),
            (Err(error), Some(ticket)) => {
                object.with(|machine, now| machine.abandon(now, ticket))?;
                Err(error)
            }
        }
    }

    fn choose_of(&self, record: &NewRecord<'_>, view: &View) -> Result<Choice> {
        let (partition, needs, watches) = guarded(|| {
            let record = RecordToPartition::new(record, &view.topic);
            let needs = self.code.needs(&record);
            (self.code.partition(&record, view.offered(needs)), needs, self.code.watches_batches())
        })?;
        if view.offered(needs).binary_search(&partition).is_err() {
            let count = i32::try_from(view.all.len()).unwrap_or(i32::MAX);
            let invalid = InvalidPartition { topic: view.topic.clone(), choice: partition, count };
            return Err(invalid.error("the partitioner's choice is none: "));
        }
        Ok(Choice { partition, view: view.number, settled: !watches })
    }
}

/// A user's hash of keys; everything else is as it is built in.
struct Hashed(KeyHash);

impl CustomPartitioner for Hashed {
    fn partition(&self, record: &RecordToPartition<'_>, partitions: &[i32]) -> i32 {
        let count = i32::try_from(partitions.len()).unwrap_or(i32::MAX);
        self.0.partition(record.key().unwrap_or_default(), count)
    }
}

fn guarded<R>(code: impl FnOnce() -> R) -> Result<R> {
    // What it leaves half done is its own; of ours it sees nothing that it could.
    catch_unwind(AssertUnwindSafe(code)).map_err(|_| Error::new(ErrorKind::Misuse, "the partitioner panicked"))
}

/// Hands one record in, and lets the user's partitioner, if there is one, choose before and between.
#[inline]
pub(crate) fn hand_in<R>(
    producer: &Producer,
    record: &NewRecord<'_>,
    terms: Terms,
    mut keep: impl FnMut(&Arc<BatchSlot>, u32, i64) -> R,
) -> Result<Admission<R>> {
    let object = producer.object();
    let mut attempt = |terms| {
        object.with(|machine, now| {
            let admission = machine.append(now, record, terms, &mut keep);
            machine.finish(now);
            admission
        })
    };
    let Some(foreign) = producer.foreign() else { return attempt(terms) };
    let mut terms = foreign.terms(record, terms);
    loop {
        match attempt(terms)? {
            Admission::Asks(asked) => terms = foreign.other_terms(object, record, terms, &asked)?,
            admission => return Ok(admission),
        }
    }
}

/// What a user's partitioner chose for the records of a chunk, which are handed in under one lock; nothing where there is
/// none.
#[derive(Debug, Default)]
pub(crate) struct Chosen(Vec<Result<Option<Choice>>>);

impl Chosen {
    /// Chooses for all records of a chunk.
    pub(crate) fn choose(&mut self, foreign: Option<&Foreign>, chunk: &[NewRecord<'_>]) {
        self.0.clear();
        if let Some(foreign) = foreign {
            self.0.extend(chunk.iter().map(|record| Ok(foreign.choose(record))));
        }
    }

    /// Answers the machine for the record at this place. Where it told of other partitions, those that follow are chosen
    /// for anew as well.
    pub(crate) fn answer(&mut self, foreign: Option<&Foreign>, chunk: &[NewRecord<'_>], place: usize, asked: &Asked) {
        let Some(foreign) = foreign else { return };
        let others = if foreign.learn(&asked.view) { usize::MAX } else { 1 };
        let choices = self.0.iter_mut().zip(chunk).skip(place).take(others);
        for (number, (choice, record)) in choices.enumerate() {
            *choice = if number == 0 { foreign.answer(record, asked).map(Some) } else { Ok(foreign.choose(record)) };
        }
    }

    /// The choice for the record at this place, or why there is none.
    #[inline]
    pub(crate) fn get(&self, place: usize) -> Result<Option<Choice>> {
        self.0.get(place).map_or(Ok(None), Clone::clone)
    }
}

/// The machine asked though there is no user's code: an answer where nothing else can be said.
#[cold]
pub(crate) fn nobody_to_ask() -> Error {
    Error::new(ErrorKind::Internal, "a partitioner was asked for that is not there")
}

#[cfg(test)]
mod tests;
