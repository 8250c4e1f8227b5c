//! Produce requests and Fetch responses, borrowed: for proxies and brokers, which look at every record set that passes and
//! keep nothing of it.
//!
//! A view is made from a body that is checked whole, once; from then on its topics and partitions are read as they are
//! asked for, out of the same bytes, without allocation and without failure. Records are handed out as they stand, for
//! `records::batches`.
//!
//! ```
//! use ottla_protocol::views::ProduceRequestView;
//!
//! // Version 3: no transactional id, acks 1, 30 seconds, one topic with one partition.
//! let body = b"\xff\xff\x00\x01\x00\x00\x75\x30\x00\x00\x00\x01\x00\x01t\x00\x00\x00\x01\x00\x00\x00\x07\x00\x00\x00\x02..";
//! let request = ProduceRequestView::new(body, 3)?;
//! assert_eq!((request.acks(), request.timeout_ms()), (1, 30_000));
//! for topic in request.topics() {
//!     assert_eq!(topic.name().map(|name| name.to_string()).as_deref(), Some("t"));
//!     for partition in topic.partitions() {
//!         assert_eq!((partition.index, partition.records), (7, Some(&b".."[..])));
//!     }
//! }
//! # Ok::<(), ottla_protocol::DecodeError>(())
//! ```

mod fetch;
mod produce;

pub use fetch::{
    AbortedTransactionView, CurrentLeader, DivergingEpoch, FetchPartitionView, FetchResponseView, FetchTopicView,
    NodeEndpointView, SnapshotId,
};
pub use produce::{ProducePartitionView, ProduceRequestView, ProduceTopicView};

use std::fmt;
use std::marker::PhantomData;

use ottla_types::Uuid;

use crate::schema::MessageSchema;
use crate::walk::{Input, Text, locate};
use crate::{DecodeError, WireError};

type Read<T> = Result<T, WireError>;

/// A part of a view that is read from where it stands to its end.
trait Part<'a>: Sized {
    /// The least bytes that one takes in any version.
    const LEAST: usize;
    fn read(input: &mut Input<'a>) -> Read<Self>;
}

/// Checks a whole body, and gives what was read of it and its length.
fn checked<'a, T>(
    name: &'static str,
    body: &'a [u8],
    version: i16,
    read: impl FnOnce(&mut Input<'a>) -> Read<T>,
) -> Result<(T, usize), DecodeError> {
    let schema = MessageSchema::named(name).filter(|schema| schema.versions.contains(version));
    let Some(schema) = schema else {
        return Err(DecodeError::new(name, version, 0, WireError::UnsupportedVersion));
    };
    let mut input = Input::new(body, 0, version, schema.is_flexible(version));
    match read(&mut input) {
        Ok(view) => Ok((view, input.offset())),
        Err(kind) => Err(locate(name, version, body, input.offset(), kind)),
    }
}

/// The elements of an array: where they begin, and how many they are.
struct Parts<'a, T> {
    input: Input<'a>,
    left: usize,
    part: PhantomData<fn() -> T>,
}

impl<'a, T: Part<'a>> Parts<'a, T> {
    /// Reads over an array that may be null.
    fn nullable(input: &mut Input<'a>) -> Read<Option<Self>> {
        let Some(left) = input.count(T::LEAST)? else {
            return Ok(None);
        };
        let parts = Self { input: *input, left, part: PhantomData };
        for _ in 0..left {
            T::read(input)?;
        }
        Ok(Some(parts))
    }

    /// Reads over an array that may not be null.
    fn read(input: &mut Input<'a>) -> Read<Self> {
        Self::nullable(input)?.ok_or(WireError::UnexpectedNull)
    }
}

impl<T> Parts<'_, T> {
    /// None at all.
    fn empty() -> Self {
        Self { input: Input::new(&[], 0, 0, false), left: 0, part: PhantomData }
    }
}

impl<T> Clone for Parts<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Parts<'_, T> {}

impl<T> fmt::Debug for Parts<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} …]", self.left)
    }
}

impl<'a, T: Part<'a>> Iterator for Parts<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        // Was read before, when the view was made.
        T::read(&mut self.input).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<'a, T: Part<'a>> ExactSizeIterator for Parts<'a, T> {}

/// A topic by its name, up to the version before this one, or by its id.
fn topic<'a>(input: &mut Input<'a>, ids_from: i16) -> Read<(Option<Text<'a>>, Option<Uuid>)> {
    if input.version() < ids_from {
        Ok((Some(input.string()?.ok_or(WireError::UnexpectedNull)?), None))
    } else {
        Ok((None, Some(input.uuid()?)))
    }
}

/// Reads over the tagged fields of a struct, where the version has any; `known` reads those that it knows and says
/// whether the tag was one of them.
fn tags<'a>(input: &mut Input<'a>, mut known: impl FnMut(&mut Input<'a>, u32) -> Read<bool>) -> Read<()> {
    if !input.is_flexible() {
        return Ok(());
    }
    for _ in 0..input.unsigned_varint()? {
        let (tag, size) = (input.unsigned_varint()?, input.unsigned_varint()?);
        if !known(input, tag)? {
            input.take(usize::try_from(size).map_err(|_| WireError::Truncated)?)?;
        }
    }
    Ok(())
}

/// Reads over the tagged fields of a struct that knows none.
fn unknown_tags(input: &mut Input<'_>) -> Read<()> {
    tags(input, |_, _| Ok(false))
}

#[cfg(test)]
mod tests;
