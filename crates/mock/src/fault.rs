//! Faults that a test scripts: what goes wrong, for whom, and how often.

#[cfg(test)]
mod tests;

use std::time::Duration;

use ottla_protocol::{ApiKey, Utf8Bytes};
use ottla_types::{BrokerId, ErrorCode};

use crate::random::Random;

/// Something that goes wrong with requests: made by one of the functions that say what, narrowed down by those that say
/// for whom, and given to [`ClusterState::inject`](crate::ClusterState::inject).
///
/// Unless it says otherwise a fault meets one request of any kind to any broker. Faults that meet the same request all
/// happen.
///
/// ```
/// use std::time::Duration;
/// use ottla_mock::{ApiKey, BrokerId, ErrorCode, Fault};
///
/// // Two produces to partition 0 are refused.
/// Fault::error(ErrorCode::NOT_ENOUGH_REPLICAS).api(ApiKey::PRODUCE).partition("events", 0).times(2);
/// // One produce is written, and its answer is lost with the connection.
/// Fault::disconnect().after_applying().api(ApiKey::PRODUCE);
/// // Broker 2 no longer answers anything.
/// Fault::no_answer().broker(BrokerId(2)).always();
/// // One fetch in ten takes a second longer.
/// Fault::delay(Duration::from_secs(1)).api(ApiKey::FETCH).one_in(10).always();
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Fault {
    effect: Effect,
    after_applying: bool,
    api: Option<ApiKey>,
    broker: Option<BrokerId>,
    topic: Option<String>,
    partition: Option<i32>,
    client_id: Option<String>,
    skip: u32,
    times: Option<u32>,
    one_in: u32,
}

#[derive(Clone, Copy, Debug)]
enum Effect {
    Error(ErrorCode),
    Delay(Duration),
    Disconnect,
    NoAnswer,
    Throttle(Duration),
}

impl Fault {
    fn new(effect: Effect) -> Self {
        Self {
            effect,
            after_applying: false,
            api: None,
            broker: None,
            topic: None,
            partition: None,
            client_id: None,
            skip: 0,
            times: Some(1),
            one_in: 1,
        }
    }

    /// The request, or what it asks for the partition that the fault names, is answered with this error and not carried
    /// out; with [`Fault::after_applying`] it is carried out all the same, as when the leader wrote a batch and its
    /// followers did not confirm in time. APIs whose responses have no place for an error (and Produce with `acks=0`)
    /// are answered as ever.
    pub fn error(code: ErrorCode) -> Self {
        Self::new(Effect::Error(code))
    }

    /// The request is carried out later by this time, and with it all requests behind it on its connection; with
    /// [`Fault::after_applying`] it is carried out at once, and only the answer is late.
    pub fn delay(duration: Duration) -> Self {
        Self::new(Effect::Delay(duration))
    }

    /// The connection ends when the request arrives; with [`Fault::after_applying`] when it was carried out, before it is
    /// answered.
    pub fn disconnect() -> Self {
        Self::new(Effect::Disconnect)
    }

    /// The request is never answered, nor is any other on its connection, which stays open; with
    /// [`Fault::after_applying`] it is carried out all the same.
    pub fn no_answer() -> Self {
        Self::new(Effect::NoAnswer)
    }

    /// The answer says that the client is throttled for this time (`throttle_time_ms`), and the broker reads nothing more
    /// from the connection until it is over, as brokers do since KIP-219.
    pub fn throttle(duration: Duration) -> Self {
        Self::new(Effect::Throttle(duration))
    }

    /// What goes wrong goes wrong after the request was carried out.
    pub fn after_applying(mut self) -> Self {
        self.after_applying = true;
        self
    }

    /// Meets requests of this API only.
    pub fn api(mut self, api: ApiKey) -> Self {
        self.api = Some(api);
        self
    }

    /// Meets requests to this broker only.
    pub fn broker(mut self, broker: BrokerId) -> Self {
        self.broker = Some(broker);
        self
    }

    /// Meets requests that name this topic only.
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self.partition = None;
        self
    }

    /// Meets requests that name this partition only.
    pub fn partition(mut self, topic: impl Into<String>, partition: i32) -> Self {
        self.topic = Some(topic.into());
        self.partition = Some(partition);
        self
    }

    /// Meets requests of clients of this name (`client.id`) only.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Lets the first requests that it would meet pass.
    pub fn skip(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// Meets this many requests. Default: one.
    pub fn times(mut self, requests: u32) -> Self {
        self.times = Some(requests);
        self
    }

    /// Meets requests until it is taken back.
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Meets one request in `n`, by the cluster's seeded chance. Those that it lets pass do not count.
    pub fn one_in(mut self, n: u32) -> Self {
        self.one_in = n;
        self
    }

    fn meets(&self, request: &Asked<'_>) -> bool {
        self.api.is_none_or(|api| api == request.api)
            && self.broker.is_none_or(|broker| broker == request.broker)
            && self.client_id.as_deref().is_none_or(|id| Some(id) == request.client_id)
            && self.topic.as_deref().is_none_or(|topic| {
                let partition = |touched: &Touched| match (self.partition, touched.partition) {
                    (Some(wanted), Some(named)) => wanted == named,
                    _ => true,
                };
                request.touched.iter().any(|touched| touched.topic == *topic && partition(touched))
            })
    }
}

/// Names a fault that was injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(u64);

/// A request as faults see it.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) api: ApiKey,
    pub(crate) broker: BrokerId,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) touched: &'a [Touched],
}

/// A topic that a request names, and the partition where it names that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) topic: Utf8Bytes,
    pub(crate) partition: Option<i32>,
}

impl Touched {
    pub(crate) fn topic(topic: &Utf8Bytes) -> Self {
        Self { topic: topic.clone(), partition: None }
    }

    pub(crate) fn partition(topic: &Utf8Bytes, partition: i32) -> Self {
        Self { topic: topic.clone(), partition: Some(partition) }
    }
}

/// What happens to one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) delay: Duration,
    pub(crate) delay_after: Duration,
    pub(crate) disconnect: bool,
    pub(crate) disconnect_after: bool,
    pub(crate) silent: bool,
    pub(crate) silent_after: bool,
    pub(crate) throttle: Duration,
    errors: Vec<Forced>,
}

#[derive(Clone, Debug)]
struct Forced {
    code: ErrorCode,
    after_applying: bool,
    topic: Option<String>,
    partition: Option<i32>,
}

impl Verdict {
    /// The error for the request as a whole, where the response has a place for it.
    pub(crate) fn error(&self) -> Option<ErrorCode> {
        self.errors.iter().find(|forced| forced.topic.is_none()).map(|forced| forced.code)
    }

    /// The error for a topic.
    pub(crate) fn topic_error(&self, topic: &str) -> Option<ErrorCode> {
        let meets = |forced: &&Forced| forced.topic.as_deref().is_none_or(|named| named == topic);
        self.errors.iter().find(meets).map(|forced| forced.code)
    }

    /// The error for a partition, and whether what was asked is carried out all the same.
    pub(crate) fn partition_error(&self, topic: &str, partition: i32) -> Option<(ErrorCode, bool)> {
        let meets = |forced: &&Forced| {
            forced.topic.as_deref().is_none_or(|named| named == topic)
                && forced.partition.is_none_or(|named| named == partition)
        };
        self.errors.iter().find(meets).map(|forced| (forced.code, forced.after_applying))
    }

    /// `throttle_time_ms` of the response.
    pub(crate) fn throttle_ms(&self) -> i32 {
        i32::try_from(self.throttle.as_millis()).unwrap_or(i32::MAX)
    }
}

/// The faults that are there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    last: u64,
    active: Vec<(FaultId, Fault)>,
}

impl Faults {
    pub(crate) fn inject(&mut self, fault: Fault) -> FaultId {
        self.last += 1;
        let id = FaultId(self.last);
        self.active.push((id, fault));
        id
    }

    pub(crate) fn remove(&mut self, id: FaultId) -> bool {
        let before = self.active.len();
        self.active.retain(|(active, _)| *active != id);
        self.active.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    /// Whether a fault may still meet requests.
    pub(crate) fn is_active(&self, id: FaultId) -> bool {
        self.active.iter().any(|(active, _)| *active == id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// Whether any fault asks which topics a request names.
    pub(crate) fn ask_for_topics(&self) -> bool {
        self.active.iter().any(|(_, fault)| fault.topic.is_some())
    }

    /// What the faults do to a request; those that met their number of requests are gone after it.
    pub(crate) fn judge(&mut self, request: &Asked<'_>, random: &mut Random) -> Verdict {
        let mut verdict = Verdict::default();
        self.active.retain_mut(|(_, fault)| {
            if fault.times == Some(0) {
                return false;
            }
            if !fault.meets(request) || !random.one_in(fault.one_in) {
                return true;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                return true;
            }
            match (fault.effect, fault.after_applying) {
                (Effect::Error(code), after_applying) => {
                    let (topic, partition) = (fault.topic.clone(), fault.partition);
                    verdict.errors.push(Forced { code, after_applying, topic, partition });
                }
                (Effect::Delay(delay), false) => verdict.delay = verdict.delay.max(delay),
                (Effect::Delay(delay), true) => verdict.delay_after = verdict.delay_after.max(delay),
                (Effect::Disconnect, false) => verdict.disconnect = true,
                (Effect::Disconnect, true) => verdict.disconnect_after = true,
                (Effect::NoAnswer, false) => verdict.silent = true,
                (Effect::NoAnswer, true) => verdict.silent_after = true,
                (Effect::Throttle(throttle), _) => verdict.throttle = verdict.throttle.max(throttle),
            }
            match &mut fault.times {
                None => true,
                Some(times) => {
                    *times -= 1;
                    *times > 0
                }
            }
        });
        verdict
    }
}
