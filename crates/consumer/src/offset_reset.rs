//! Finding an offset by asking for others: the steps of each start position and of the out-of-range policy.

use std::time::Duration;

use ottla_core::properties::PropertyValue;

use crate::position::Start;

/// What to do when the position is not, or no longer, in the partition (`auto.offset.reset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OffsetReset {
    /// Go on at the first record that is still there (`earliest`).
    Earliest,
    /// Go on at the end (`latest`).
    Latest,
    /// Go on at the nearest offset that exists: the first one if the position was before it, else the end (`nearest`).
    Nearest,
    /// Go on at the first record not older than this, counted from when it happens (`by_duration:PT1H`, KIP-1106).
    ByDuration(Duration),
    /// `recv` fails and the partition stands still until the application seeks (`none`).
    Fail,
}

impl PropertyValue for OffsetReset {
    /// Kafka's names, and librdkafka's.
    fn parse(_key: &str, text: &str) -> Result<Self, String> {
        match text {
            "earliest" | "smallest" | "beginning" => Ok(Self::Earliest),
            "latest" | "largest" | "end" => Ok(Self::Latest),
            "nearest" => Ok(Self::Nearest),
            "none" | "fail" | "error" => Ok(Self::Fail),
            _ => match text.strip_prefix("by_duration:").and_then(iso_8601) {
                Some(duration) => Ok(Self::ByDuration(duration)),
                None => Err("must be earliest, latest, nearest, none or by_duration:<ISO 8601>, as in \
                             by_duration:PT1H30M"
                    .to_owned()),
            },
        }
    }
}

/// Reads a duration of days, hours, minutes and seconds: `P1DT2H30M5.5S`.
fn iso_8601(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('P')?;
    let mut seconds = 0.0;
    let mut time = false;
    let mut parts = 0;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            if std::mem::replace(&mut time, true) {
                return None;
            }
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = rest.split_at_checked(end)?;
        let mut letters = unit.chars();
        let factor = match (letters.next()?, time) {
            ('D', false) => 86_400.0,
            ('H', true) => 3_600.0,
            ('M', true) => 60.0,
            ('S', true) => 1.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * factor;
        parts += 1;
        rest = letters.as_str();
    }
    (parts > 0 && seconds <= 1e12).then(|| Duration::from_secs_f64(seconds))
}

/// ListOffsets' timestamp for the end of a partition.
const LATEST: i64 = -1;
/// ListOffsets' timestamp for its beginning.
const EARLIEST: i64 = -2;

/// What is being looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    Earliest,
    Latest,
    Timestamp(i64),
    Tail(u64),
    /// What is nearest to an offset that was out of range.
    Nearest(i64),
}

impl Goal {
    /// The goal of a start that must be looked up, or the offset of one that need not be.
    pub(crate) fn of(start: Start) -> Result<Self, i64> {
        match start {
            Start::Beginning => Ok(Self::Earliest),
            Start::End => Ok(Self::Latest),
            Start::Offset(offset) => Err(offset),
            Start::Timestamp(millis) => Ok(Self::Timestamp(millis)),
            Start::Tail(count) => Ok(Self::Tail(count)),
        }
    }

    /// The goal of a policy, for a position that is out of range; none where the policy is to fail.
    pub(crate) fn after_out_of_range(policy: OffsetReset, position: i64, wall_ms: i64) -> Option<Self> {
        Some(match policy {
            OffsetReset::Earliest => Self::Earliest,
            OffsetReset::Latest => Self::Latest,
            OffsetReset::Nearest => Self::Nearest(position),
            OffsetReset::ByDuration(age) => {
                let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
                Self::Timestamp(wall_ms.saturating_sub(age).max(0))
            }
            OffsetReset::Fail => return None,
        })
    }
}

/// A search under way: which question is open and what was learnt by those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    goal: Goal,
    asking: i64,
    latest: i64,
}

/// What an answer leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The next question is to be asked.
    Ask,
    /// This is the offset.
    Found(i64),
}

impl Search {
    pub(crate) fn new(goal: Goal) -> Self {
        let asking = match goal {
            Goal::Earliest | Goal::Nearest(_) => EARLIEST,
            Goal::Latest | Goal::Tail(_) => LATEST,
            Goal::Timestamp(millis) => millis,
        };
        Self { goal, asking, latest: 0 }
    }

    /// The timestamp to ask ListOffsets for.
    pub(crate) fn asking(&self) -> i64 {
        self.asking
    }

    /// Takes the answer's offset; −1 says that no record is that late.
    pub(crate) fn on_answer(&mut self, offset: i64) -> Step {
        match (self.goal, self.asking) {
            (Goal::Earliest | Goal::Latest, _) | (Goal::Timestamp(_), LATEST) => Step::Found(offset.max(0)),
            (Goal::Timestamp(_), _) => {
                if offset >= 0 {
                    return Step::Found(offset);
                }
                self.asking = LATEST;
                Step::Ask
            }
            (Goal::Tail(_), LATEST) => {
                self.latest = offset.max(0);
                self.asking = EARLIEST;
                Step::Ask
            }
            (Goal::Tail(count), _) => {
                let back = i64::try_from(count).unwrap_or(i64::MAX);
                Step::Found(self.latest.saturating_sub(back).max(offset).max(0))
            }
            (Goal::Nearest(position), EARLIEST) => {
                if position <= offset {
                    return Step::Found(offset);
                }
                self.asking = LATEST;
                Step::Ask
            }
            (Goal::Nearest(position), _) => Step::Found(position.min(offset).max(0)),
        }
    }
}

#[cfg(test)]
mod tests;
