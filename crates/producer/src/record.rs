//! A record on its way out, and what is known of it once it is written.

use bytes::Bytes;
use ottla_protocol::records::largest_record_len;
use ottla_types::Topic;

/// Bytes that a record borrows or shares. Either way they are copied once, into the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// Borrowed from the caller.
    Borrowed(&'a [u8]),
    /// Shared.
    Shared(Bytes),
}

impl Payload<'_> {
    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }

    /// The bytes, shared: copied only where they were borrowed.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Borrowed(bytes) => Bytes::copy_from_slice(bytes),
            Self::Shared(bytes) => bytes,
        }
    }

    fn into_owned(self) -> Payload<'static> {
        match self {
            Self::Borrowed(bytes) => Payload::Shared(Bytes::copy_from_slice(bytes)),
            Self::Shared(bytes) => Payload::Shared(bytes),
        }
    }
}

macro_rules! borrowed_payload {
    ($($from:ty => $convert:expr),* $(,)?) => {$(
        impl<'a> From<&'a $from> for Payload<'a> {
            fn from(value: &'a $from) -> Self {
                let convert: fn(&'a $from) -> &'a [u8] = $convert;
                Self::Borrowed(convert(value))
            }
        }
    )*};
}

borrowed_payload! {
    [u8] => |bytes| bytes,
    str => str::as_bytes,
    String => |text| text.as_bytes(),
    Vec<u8> => |bytes| bytes.as_slice(),
    Bytes => |bytes| bytes.as_ref(),
}

impl<'a, const N: usize> From<&'a [u8; N]> for Payload<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Borrowed(bytes)
    }
}

impl From<Bytes> for Payload<'_> {
    fn from(bytes: Bytes) -> Self {
        Self::Shared(bytes)
    }
}

impl From<Vec<u8>> for Payload<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Shared(bytes.into())
    }
}

impl From<String> for Payload<'_> {
    fn from(text: String) -> Self {
        Self::Shared(text.into())
    }
}

/// A topic as a record names it. Borrowing a [`Topic`] costs nothing per record; a plain name is looked up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TopicName<'a> {
    /// A borrowed handle.
    Handle(&'a Topic),
    /// A name.
    Name(&'a str),
    /// An owned handle.
    Owned(Topic),
}

impl<'a> From<&'a Topic> for TopicName<'a> {
    fn from(topic: &'a Topic) -> Self {
        Self::Handle(topic)
    }
}

impl<'a> From<&'a str> for TopicName<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

impl<'a> From<&'a String> for TopicName<'a> {
    fn from(name: &'a String) -> Self {
        Self::Name(name)
    }
}

impl From<Topic> for TopicName<'_> {
    fn from(topic: Topic) -> Self {
        Self::Owned(topic)
    }
}

impl From<String> for TopicName<'_> {
    fn from(name: String) -> Self {
        Self::Owned(name.into())
    }
}

impl TopicName<'_> {
    /// The name.
    pub fn name(&self) -> &str {
        match self {
            Self::Handle(topic) => topic.name(),
            Self::Name(name) => name,
            Self::Owned(topic) => topic.name(),
        }
    }

    /// As a handle of its own.
    pub(crate) fn to_topic(&self) -> Topic {
        match self {
            Self::Handle(topic) => (*topic).clone(),
            Self::Name(name) => Topic::from(*name),
            Self::Owned(topic) => topic.clone(),
        }
    }

    /// Whether this is the topic: found out without reading the names where both are the same handle.
    #[inline]
    pub(crate) fn is(&self, topic: &Topic) -> bool {
        match self {
            Self::Handle(handle) => handle.same(topic),
            Self::Name(name) => topic.name() == *name,
            Self::Owned(handle) => handle.same(topic),
        }
    }
}

/// A record to be produced.
///
/// ```
/// use ottla_producer::NewRecord;
///
/// let line = String::from("12.50 EUR");
/// let record = NewRecord::to("orders").key("customer-7").value(&line).header("source", "shop");
/// assert_eq!(record.topic(), "orders");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a record does nothing before it is handed to a producer"]
pub struct NewRecord<'a> {
    pub(crate) topic: TopicName<'a>,
    pub(crate) partition: Option<i32>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<Payload<'a>>,
    pub(crate) value: Option<Payload<'a>>,
    pub(crate) headers: Vec<(Payload<'a>, Option<Payload<'a>>)>,
}

impl<'a> NewRecord<'a> {
    /// A record for a topic, with neither key nor value.
    pub fn to(topic: impl Into<TopicName<'a>>) -> Self {
        Self { topic: topic.into(), partition: None, timestamp: None, key: None, value: None, headers: Vec::new() }
    }

    /// The key, which chooses the partition where none is given: equal keys go to the same partition.
    pub fn key(mut self, key: impl Into<Payload<'a>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The value. A record without one is a tombstone in a compacted topic.
    pub fn value(mut self, value: impl Into<Payload<'a>>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// The partition, in place of the partitioner's choice.
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// The timestamp in milliseconds since 1970-01-01 UTC; else the time at which the record is queued.
    pub fn timestamp(mut self, timestamp_ms: i64) -> Self {
        self.timestamp = Some(timestamp_ms);
        self
    }

    /// Adds a header after those that are there; the same key may come more than once.
    pub fn header(mut self, key: impl Into<HeaderKey<'a>>, value: impl Into<Payload<'a>>) -> Self {
        self.headers.push((key.into().0, Some(value.into())));
        self
    }

    /// Adds a header whose value is null.
    pub fn null_header(mut self, key: impl Into<HeaderKey<'a>>) -> Self {
        self.headers.push((key.into().0, None));
        self
    }

    /// The name of its topic.
    pub fn topic(&self) -> &str {
        self.topic.name()
    }

    /// The same record with all that it borrowed copied.
    pub fn into_owned(self) -> NewRecord<'static> {
        NewRecord {
            topic: TopicName::Owned(self.topic.to_topic()),
            partition: self.partition,
            timestamp: self.timestamp,
            key: self.key.map(Payload::into_owned),
            value: self.value.map(Payload::into_owned),
            headers: self
                .headers
                .into_iter()
                .map(|(key, value)| (key.into_owned(), value.map(Payload::into_owned)))
                .collect(),
        }
    }

    /// The record in parts. Key, value and headers are copied only where they were borrowed.
    pub fn into_parts(self) -> RecordParts {
        RecordParts {
            topic: self.topic.to_topic(),
            partition: self.partition,
            timestamp: self.timestamp,
            key: self.key.map(Payload::into_bytes),
            value: self.value.map(Payload::into_bytes),
            headers: self
                .headers
                .into_iter()
                .map(|(key, value)| (key.into_bytes(), value.map(Payload::into_bytes)))
                .collect(),
        }
    }

    /// Its key.
    #[inline]
    pub fn key_bytes(&self) -> Option<&[u8]> {
        self.key.as_ref().map(Payload::as_slice)
    }

    /// Its value.
    #[inline]
    pub fn value_bytes(&self) -> Option<&[u8]> {
        self.value.as_ref().map(Payload::as_slice)
    }

    /// What it takes of memory by being kept, apart from itself.
    pub(crate) fn kept_len(&self) -> usize {
        let headers = self.header_bytes().map(|(key, value)| {
            size_of::<(Payload<'_>, Option<Payload<'_>>)>() + key.len() + value.map_or(0, <[u8]>::len)
        });
        let (key, value) = (self.key_bytes().map_or(0, <[u8]>::len), self.value_bytes().map_or(0, <[u8]>::len));
        headers.fold(key.saturating_add(value), usize::saturating_add)
    }

    /// Its headers: key and value, in order.
    #[inline]
    pub fn header_bytes(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> + Clone {
        self.headers.iter().map(|(key, value)| (key.as_slice(), value.as_ref().map(Payload::as_slice)))
    }

    /// The most bytes that the record can take in a batch of its own.
    #[inline]
    pub(crate) fn largest_len(&self) -> usize {
        largest_record_len(self.key_bytes(), self.value_bytes(), self.header_bytes())
    }
}

/// A record in parts, as [`NewRecord::into_parts`] gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordParts {
    /// The topic.
    pub topic: Topic,
    /// The partition, where the record names one.
    pub partition: Option<i32>,
    /// The timestamp in milliseconds since 1970-01-01 UTC, where the record has one of its own.
    pub timestamp: Option<i64>,
    /// The key.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
    /// The headers in order: key and value.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}

/// The key of a header: text, as Kafka has it.
#[derive(Clone, Debug)]
pub struct HeaderKey<'a>(Payload<'a>);

impl<'a> From<&'a str> for HeaderKey<'a> {
    fn from(key: &'a str) -> Self {
        Self(Payload::Borrowed(key.as_bytes()))
    }
}

impl<'a> From<&'a String> for HeaderKey<'a> {
    fn from(key: &'a String) -> Self {
        Self(Payload::Borrowed(key.as_bytes()))
    }
}

impl From<String> for HeaderKey<'_> {
    fn from(key: String) -> Self {
        Self(Payload::Shared(key.into()))
    }
}

/// Where a record was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordMetadata {
    /// The topic.
    pub topic: Topic,
    /// The partition.
    pub partition: i32,
    /// The offset; none with `acks=0`, and where a retry found that the record had been written before.
    pub offset: Option<i64>,
    /// Milliseconds since 1970-01-01 UTC: the record's own, or the broker's for topics that stamp at appending.
    pub timestamp: i64,
}

#[cfg(test)]
mod tests;
