//! Reading takes no more memory than a small multiple of what is read, whatever it is: measured under a counting allocator.
//!
//! One test, since the counter counts all threads.
#![allow(clippy::print_stdout, reason = "the multiples that were reached are worth seeing")]

#[path = "memory/borrowed.rs"]
mod borrowed;
#[path = "memory/compressed.rs"]
mod compressed;
#[path = "golden/corpus.rs"]
#[allow(dead_code, reason = "shared with another target")]
mod corpus;
#[path = "memory/damaged.rs"]
mod damaged;
#[path = "memory/frames.rs"]
mod frames;
#[path = "memory/messages.rs"]
mod messages_under_attack;
#[path = "shared/typed.rs"]
mod message;
#[path = "memory/meter.rs"]
mod meter;
#[path = "memory/records.rs"]
mod records_under_attack;
#[path = "../src/generated/registry.rs"]
mod registry;

// What the registry of the unit tests finds in the crate's root.
use ottla_protocol::{Absent, Decode, DecodeError, Encode, EncodeError, messages};

#[test]
fn reading_takes_no_more_than_a_small_multiple_of_what_is_read() {
    let mut worst = meter::Worst::default();
    messages_under_attack::measure(&mut worst);
    damaged::measure(&mut worst);
    records_under_attack::measure(&mut worst);
    compressed::measure(&mut worst);
    worst.finish();
}
