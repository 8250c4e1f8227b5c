//! What members of a classic consumer group tell each other through the coordinator, which does not read it:
//! subscriptions to the leader, assignments back. Each is a message with its version, two bytes, before it.
//!
//! A version above those that are known is read as the highest that is, as Kafka does it: later versions only add at the
//! end.

use bytes::{BufMut, Bytes, BytesMut};

use crate::messages::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use crate::{Decode, DecodeError, Encode, EncodeError, WireError};

/// Writes a subscription (`protocols.metadata` of JoinGroup).
///
/// # Errors
///
/// When it cannot be written in this version.
pub fn encode_subscription(subscription: &ConsumerProtocolSubscription, version: i16) -> Result<Bytes, EncodeError> {
    encode(subscription, version)
}

/// Reads a subscription, and tells the version that its writer gave.
///
/// # Errors
///
/// When the bytes are none.
pub fn decode_subscription(bytes: &Bytes) -> Result<(ConsumerProtocolSubscription, i16), DecodeError> {
    decode(bytes)
}

/// Writes an assignment (`assignments.assignment` of SyncGroup).
///
/// # Errors
///
/// When it cannot be written in this version.
pub fn encode_assignment(assignment: &ConsumerProtocolAssignment, version: i16) -> Result<Bytes, EncodeError> {
    encode(assignment, version)
}

/// Reads an assignment, and tells the version that its writer gave. A member that is assigned nothing may get no bytes at
/// all: that is for the caller to see.
///
/// # Errors
///
/// When the bytes are none.
pub fn decode_assignment(bytes: &Bytes) -> Result<(ConsumerProtocolAssignment, i16), DecodeError> {
    decode(bytes)
}

fn encode<M: Encode>(message: &M, version: i16) -> Result<Bytes, EncodeError> {
    let length = message.encoded_len(version)?;
    let mut out = BytesMut::with_capacity(length.saturating_add(2));
    out.put_i16(version);
    message.encode(version, &mut out)?;
    Ok(out.freeze())
}

fn decode<M: Decode>(bytes: &Bytes) -> Result<(M, i16), DecodeError> {
    let failed = |version, kind| DecodeError::new(M::NAME, version, 0, kind);
    let Some((version, _)) = bytes.split_first_chunk() else {
        return Err(failed(-1, WireError::Truncated));
    };
    let version = i16::from_be_bytes(*version);
    if version < M::MIN {
        return Err(failed(version, WireError::UnsupportedVersion));
    }
    let message = M::decode(&bytes.slice(2..), version.min(M::MAX));
    message
        .map(|message| (message, version))
        .map_err(|error| DecodeError { offset: error.offset.saturating_add(2), ..error })
}

#[cfg(test)]
mod tests;
