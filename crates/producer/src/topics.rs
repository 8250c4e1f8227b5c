//! Topics as the producer sees them: known or not, where their partitions are, and which one is being filled.

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla_protocol::Utf8Bytes;
use ottla_types::{ErrorCode, Topic, Uuid};

use crate::partitioner::chooser::Chooser;
use crate::partitioner::foreign::View;
use crate::record::TopicName;

/// Whether records can be queued for a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not known (yet, or any more), and what the cluster said last.
    Unknown(Option<ErrorCode>),
    /// There.
    Known,
    /// Not to be had: asking again gives the same answer.
    Refused(ErrorCode),
}

/// One topic.
#[derive(Debug)]
pub(crate) struct TopicEntry {
    pub(crate) topic: Topic,
    /// The name as requests carry it.
    pub(crate) wire_name: Utf8Bytes,
    pub(crate) id: Uuid,
    /// The revision of the view that this is from.
    pub(crate) revision: u64,
    pub(crate) standing: Standing,
    /// Indexes of its partitions among all of the producer's.
    pub(crate) partitions: Vec<usize>,
    /// The partitions that have a leader.
    pub(crate) available: Vec<i32>,
    /// Chooses among them for records that name none.
    pub(crate) chooser: Chooser,
    /// The partitions as a user's partitioner is shown them, once it was.
    view: Option<Arc<View>>,
    views: u32,
    /// Whether it is going to be asked for again after a pause.
    pub(crate) asking: bool,
    /// How many views in a row did not help.
    pub(crate) failures: u32,
}

impl TopicEntry {
    fn new(topic: Topic) -> Self {
        Self {
            wire_name: Utf8Bytes::copy_from(topic.name()),
            topic,
            id: Uuid::NIL,
            revision: 0,
            standing: Standing::Unknown(None),
            partitions: Vec::new(),
            available: Vec::new(),
            chooser: Chooser::default(),
            view: None,
            views: 0,
            asking: false,
            failures: 0,
        }
    }

    /// The number of partitions.
    pub(crate) fn count(&self) -> i32 {
        i32::try_from(self.partitions.len()).unwrap_or(i32::MAX)
    }

    /// The number of the partitions' present view.
    pub(crate) fn view_number(&self) -> u32 {
        self.views
    }

    /// The partitions as they are now, for code that runs without the lock.
    #[cold]
    pub(crate) fn view(&mut self) -> Arc<View> {
        let (topic, number, count, available) = (&self.topic, self.views, self.count(), &self.available);
        let view = self.view.get_or_insert_with(|| Arc::new(View::new(topic.clone(), number, count, available)));
        Arc::clone(view)
    }

    /// There are other partitions to choose from.
    pub(crate) fn on_other_partitions(&mut self) {
        self.chooser.reset();
        self.view = None;
        self.views = self.views.wrapping_add(1);
    }
}

/// All topics that records were sent to.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    entries: Vec<TopicEntry>,
    by_name: BTreeMap<Topic, usize>,
    by_id: BTreeMap<Uuid, usize>,
    last: usize,
}

impl Topics {
    /// The index of a topic: by comparing addresses where it is the topic of the record before.
    #[inline]
    pub(crate) fn find(&mut self, name: &TopicName<'_>) -> Option<usize> {
        if let Some(entry) = self.entries.get(self.last)
            && name.is(&entry.topic)
        {
            return Some(self.last);
        }
        let found = *self.by_name.get(name.name())?;
        self.last = found;
        Some(found)
    }

    /// Adds a topic.
    pub(crate) fn add(&mut self, topic: Topic) -> usize {
        let index = self.entries.len();
        self.by_name.insert(topic.clone(), index);
        self.entries.push(TopicEntry::new(topic));
        self.last = index;
        index
    }

    pub(crate) fn get(&self, index: usize) -> Option<&TopicEntry> {
        self.entries.get(index)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut TopicEntry> {
        self.entries.get_mut(index)
    }

    /// Notes a topic's id, in place of the one that it had.
    pub(crate) fn identify(&mut self, index: usize, id: Uuid) {
        if let Some(entry) = self.entries.get_mut(index)
            && entry.id != id
        {
            self.by_id.remove(&entry.id);
            entry.id = id;
            if !id.is_nil() {
                self.by_id.insert(id, index);
            }
        }
    }

    pub(crate) fn by_id(&self, id: Uuid) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
