//! Every message in every version, attacked everywhere.

use bytes::Bytes;
use ottla_protocol::schema::MessageSchema;

use super::borrowed;
use super::frames::{Attack, NoSuch, body};
use super::meter::{Worst, peak};
use super::registry;

/// Bytes of an attack: enough that the constant is no matter; two sizes, since what grows by steps has its worst case just
/// above a step.
const SIZES: [usize; 2] = [8192, 8400];

/// The multiple for typed messages. The densest array there is has elements of three bytes that have 136 in
/// memory (ListGroupsResponse version 3, two empty strings); to that comes what was foreseen before the array proved that it
/// is so dense, eight times the input. Unknown tagged fields of two bytes have 40 in memory, and grow by halves.
const TYPED: f64 = 56.0;

pub(crate) fn measure(worst: &mut Worst) {
    for message in registry::ALL {
        let schema = MessageSchema::named(message.name).expect("every message has a schema");
        for version in message.min..=message.max {
            for (attack, size) in Attack::ALL.into_iter().flat_map(|attack| SIZES.map(|size| (attack, size))) {
                for place in 0.. {
                    let bytes = match body(schema, version, place, attack, size) {
                        Ok(bytes) => Bytes::from(bytes),
                        Err(NoSuch::Attack) => continue,
                        Err(NoSuch::Place) => break,
                    };
                    let what = || format!("{} version {version}, {attack:?} of {size} at place {place}", message.name);
                    let (peak, read) = peak(|| (message.holds)(&bytes, version));
                    if attack.is_honest() {
                        assert_eq!(read, Ok(bytes.len()), "{}", what());
                    }
                    // Borrowed reading has one code for all versions, and none that looks at the size.
                    if version == message.max && size == SIZES[0] {
                        let small = body(schema, version, place, attack, 1024);
                        borrowed::check(schema, version, &small.unwrap_or_default(), what);
                    }
                    worst.note(sort(attack), TYPED, bytes.len(), peak, what);
                }
            }
        }
    }
}

fn sort(attack: Attack) -> &'static str {
    match attack {
        Attack::Dense => "typed, honest: dense arrays",
        Attack::Rich => "typed, honest: elements with a little of everything",
        Attack::Tags => "typed, honest: unknown tags",
        Attack::NotText => "typed, honest: strings that are not UTF-8",
        Attack::Zeros | Attack::Ones | Attack::Huge => "typed, lying counts and lengths",
    }
}
