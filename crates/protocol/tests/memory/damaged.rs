//! Golden vectors, damaged: a count or a length that was honest before is most often untrue afterwards.

use bytes::Bytes;

use super::corpus;
use super::messages_under_attack::{Sort, TYPED, measure_one};
use super::meter::Worst;
use super::registry;

/// How often each vector is damaged.
const TIMES: u64 = 4;
const SORT: Sort = ("typed, damaged vectors", TYPED);

pub(crate) fn measure(worst: &mut Worst) {
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    for file in corpus::files("golden-") {
        for line in &file.lines {
            let columns: Vec<&str> = line.text.split('\t').collect();
            let name = corpus::current_name(columns[0]);
            let message = registry::ALL.iter().find(|message| message.name == name).expect("a message");
            let version = columns[3].parse().expect("a version");
            let vector = corpus::unhex(columns[4]).expect("hex");
            for _ in 0..TIMES {
                let mut bytes = vector.to_vec();
                for _ in 0..=next(&mut dice) % 3 {
                    let place = next(&mut dice) as usize % bytes.len().max(1);
                    let value = [0, 1, 0x7f, 0x80, 0xff, next(&mut dice) as u8][next(&mut dice) as usize % 6];
                    if let Some(byte) = bytes.get_mut(place) {
                        *byte = value;
                    }
                }
                let what = || format!("{name} version {version}, line {} of {}", line.number, file.name);
                // Read or refused, both will do.
                let _ = measure_one(worst, message, version, &Bytes::from(bytes), SORT, what);
            }
        }
    }
}

fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
