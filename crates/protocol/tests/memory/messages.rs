//! Every message in every version, attacked everywhere.

use bytes::{Bytes, BytesMut};
use ottla_protocol::DecodeError;
use ottla_protocol::schema::MessageSchema;
use ottla_protocol::walk::{Walker, redact, rewrite};

use super::borrowed;
use super::frames::{Attack, NoSuch, body};
use super::message::walk::Walked;
use super::meter::{Worst, peak};
use super::registry;

/// Bytes of an attack: enough that the constant is no matter; two sizes for what may grow by steps, which has its worst case
/// just above one.
const SIZES: [usize; 2] = [4096, 4200];

/// What is measured, and the multiple of the input that it may reach.
pub(crate) type Sort = (&'static str, f64);

/// The multiple for typed messages. The densest array there is has elements of three bytes that have 136 in memory
/// (ListGroupsResponse version 3, two empty strings); to that comes what was foreseen before the array had proved that it is
/// so dense, eight times the input.
pub(crate) const TYPED: f64 = 56.0;
/// Unknown tagged fields of two bytes have 40 in memory, and grow by halves.
const TAGS: f64 = 50.0;
/// What is not UTF-8 becomes three bytes for one, while its string doubles.
const NOT_TEXT: f64 = 7.0;
/// A copy of the input, while its buffer doubles.
const REWRITTEN: f64 = 3.0;
/// The same, where secrets of one byte become ten.
const REDACTED: f64 = 12.0;

pub(crate) fn measure(worst: &mut Worst) {
    for message in registry::ALL {
        let schema = MessageSchema::named(message.name).expect("every message has a schema");
        for version in message.min..=message.max {
            for (attack, size) in attacks() {
                for place in 0.. {
                    let bytes = match body(schema, version, place, attack, size) {
                        Ok(bytes) => Bytes::from(bytes),
                        Err(NoSuch::Attack) => continue,
                        Err(NoSuch::Place) => break,
                    };
                    let what = || format!("{} version {version}, {attack:?} of {size} at place {place}", message.name);
                    let read = measure_one(worst, message, version, &bytes, sort(attack), what);
                    if attack.is_honest() {
                        assert_eq!(read, Ok(bytes.len()), "{}", what());
                    }
                }
            }
        }
    }
}

fn attacks() -> impl Iterator<Item = (Attack, usize)> {
    let grows = |attack| matches!(attack, Attack::Dense | Attack::Tags);
    let sized = |size| Attack::ALL.into_iter().map(move |attack| (attack, size));
    sized(SIZES[0]).chain(sized(SIZES[1]).filter(move |(attack, _)| grows(*attack)))
}

/// Reads a body in every way there is; gives what the typed way gave.
pub(crate) fn measure_one(
    worst: &mut Worst,
    message: &Walked,
    version: i16,
    bytes: &Bytes,
    sort: Sort,
    what: impl Fn() -> String,
) -> Result<usize, DecodeError> {
    let (used, read) = peak(|| (message.holds)(bytes, version));
    worst.note(sort.0, sort.1, bytes.len(), used, &what);

    read_otherwise(worst, message, version, bytes, &read, what);
    read
}

fn read_otherwise(
    worst: &mut Worst,
    message: &Walked,
    version: i16,
    bytes: &Bytes,
    read: &Result<usize, DecodeError>,
    what: impl Fn() -> String,
) {
    let schema = MessageSchema::named(message.name).expect("every message has a schema");
    borrowed::check(schema, version, bytes, read, &what);
    let walker = || Walker::new(schema, bytes, version).expect("a version");
    let (used, _) = peak(|| rewrite(walker(), &mut BytesMut::new(), |_| ()));
    worst.note("rewritten", REWRITTEN, bytes.len(), used, &what);
    let (used, _) = peak(|| redact(walker(), &mut BytesMut::new()));
    worst.note("redacted", REDACTED, bytes.len(), used, &what);
}

/// The name of what is measured, and the multiple of the input that it may reach.
fn sort(attack: Attack) -> Sort {
    match attack {
        Attack::Dense => ("typed, honest: dense arrays", TYPED),
        Attack::Rich => ("typed, honest: elements with a little of everything", TYPED),
        Attack::Tags => ("typed, honest: unknown tags", TAGS),
        Attack::NotText => ("typed, honest: strings that are not UTF-8", NOT_TEXT),
        Attack::Zeros | Attack::Ones | Attack::Huge => ("typed, lying counts and lengths", TYPED),
    }
}
