//! A borrowed view of Produce requests.

use ottla_types::Uuid;

use super::{Part, Parts, Read, checked, topic, unknown_tags};
use crate::DecodeError;
use crate::walk::{Input, Text};

/// A Produce request of any version.
#[derive(Clone, Copy, Debug)]
pub struct ProduceRequestView<'a> {
    transactional_id: Option<Text<'a>>,
    acks: i16,
    timeout_ms: i32,
    topics: Parts<'a, ProduceTopicView<'a>>,
    len: usize,
}

impl<'a> ProduceRequestView<'a> {
    /// Checks a body. Bytes after its end are ignored.
    ///
    /// # Errors
    ///
    /// When the bytes are no Produce request in this version. It refuses what typed decoding refuses, at the same place.
    pub fn new(body: &'a [u8], version: i16) -> Result<Self, DecodeError> {
        let read = |input: &mut Input<'a>| {
            let view = Self {
                transactional_id: if version >= 3 { input.string()? } else { None },
                acks: input.int16()?,
                timeout_ms: input.int32()?,
                topics: Parts::read(input)?,
                len: 0,
            };
            unknown_tags(input)?;
            Ok(view)
        };
        let (view, len) = checked("ProduceRequest", body, version, read)?;
        Ok(Self { len, ..view })
    }

    /// The transaction it is part of, from version 3 on.
    pub fn transactional_id(&self) -> Option<Text<'a>> {
        self.transactional_id
    }

    /// How many replicas must have the records before the broker answers: -1 for all in sync, 0 for no answer at all.
    pub fn acks(&self) -> i16 {
        self.acks
    }

    /// How long the broker may wait for them.
    pub fn timeout_ms(&self) -> i32 {
        self.timeout_ms
    }

    /// The topics, in wire order. The same topic may come twice.
    pub fn topics(&self) -> impl ExactSizeIterator<Item = ProduceTopicView<'a>> + Clone + use<'a> {
        self.topics
    }

    /// The bytes of the body that are the request.
    pub fn body_len(&self) -> usize {
        self.len
    }
}

/// One topic of a Produce request.
#[derive(Clone, Copy, Debug)]
pub struct ProduceTopicView<'a> {
    name: Option<Text<'a>>,
    id: Option<Uuid>,
    partitions: Parts<'a, ProducePartitionView<'a>>,
}

impl<'a> ProduceTopicView<'a> {
    /// Its name, up to version 12.
    pub fn name(&self) -> Option<Text<'a>> {
        self.name
    }

    /// Its id, from version 13 on.
    pub fn id(&self) -> Option<Uuid> {
        self.id
    }

    /// Its partitions, in wire order.
    pub fn partitions(&self) -> impl ExactSizeIterator<Item = ProducePartitionView<'a>> + Clone + use<'a> {
        self.partitions
    }
}

impl<'a> Part<'a> for ProduceTopicView<'a> {
    const LEAST: usize = 3;

    fn read(input: &mut Input<'a>) -> Read<Self> {
        let (name, id) = topic(input, 13)?;
        let topic = Self { name, id, partitions: Parts::read(input)? };
        unknown_tags(input)?;
        Ok(topic)
    }
}

/// One partition of a Produce request.
#[derive(Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ProducePartitionView<'a> {
    /// Its number.
    pub index: i32,
    /// Record batches, or message sets up to version 2.
    pub records: Option<&'a [u8]>,
}

impl std::fmt::Debug for ProducePartitionView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let records = self.records.map(|records| format!("<{} bytes>", records.len()));
        f.debug_struct("ProducePartitionView").field("index", &self.index).field("records", &records).finish()
    }
}

impl<'a> Part<'a> for ProducePartitionView<'a> {
    const LEAST: usize = 6;

    #[inline]
    fn read(input: &mut Input<'a>) -> Read<Self> {
        let partition = Self { index: input.int32()?, records: input.bytes()? };
        unknown_tags(input)?;
        Ok(partition)
    }
}

#[cfg(test)]
mod tests;
