//! Tests of which fault meets which request.

use std::time::Duration;

use ottla_types::{BrokerId, ErrorCode};

use super::{Asked, Fault, Faults, Touched, Verdict};
use crate::ApiKey;
use crate::random::Random;

fn judge(faults: &mut Faults, api: ApiKey, broker: i32, touched: &[Touched]) -> Verdict {
    let asked = Asked { api, broker: BrokerId(broker), client_id: Some("me"), touched };
    faults.judge(&asked, &mut Random::new(1))
}

#[test]
fn a_fault_meets_what_it_names_as_often_as_it_says() {
    let mut faults = Faults::default();
    let fault = Fault::disconnect().api(ApiKey::FETCH).broker(BrokerId(2)).skip(1).times(2);
    let id = faults.inject(fault);
    assert!(!judge(&mut faults, ApiKey::PRODUCE, 2, &[]).disconnect);
    assert!(!judge(&mut faults, ApiKey::FETCH, 1, &[]).disconnect);
    let met: Vec<_> = (0..4).map(|_| judge(&mut faults, ApiKey::FETCH, 2, &[]).disconnect).collect();
    assert_eq!(met, [false, true, true, false]);
    assert!(!faults.is_active(id) && faults.is_empty());
}

#[test]
fn a_fault_of_a_partition_meets_requests_that_name_it_or_its_whole_topic() {
    let mut faults = Faults::default();
    faults.inject(Fault::error(ErrorCode::CORRUPT_MESSAGE).partition("t", 1).always());
    let code = |faults: &mut Faults, touched: Touched| {
        judge(faults, ApiKey::FETCH, 1, &[touched]).partition_error("t", 1).map(|(code, _)| code)
    };
    let topic = "t".into();
    assert_eq!(code(&mut faults, Touched::partition(&topic, 0)), None);
    assert_eq!(code(&mut faults, Touched::partition(&topic, 1)), Some(ErrorCode::CORRUPT_MESSAGE));
    assert_eq!(code(&mut faults, Touched::topic(&topic)), Some(ErrorCode::CORRUPT_MESSAGE));
    let verdict = judge(&mut faults, ApiKey::FETCH, 1, &[Touched::partition(&topic, 1)]);
    assert_eq!(verdict.partition_error("t", 0), None);
    assert_eq!(verdict.error(), None);
}

#[test]
fn faults_of_chance_meet_some_requests() {
    let mut faults = Faults::default();
    faults.inject(Fault::delay(Duration::from_millis(1)).one_in(4).always());
    let mut random = Random::new(7);
    let asked = Asked { api: ApiKey::FETCH, broker: BrokerId(1), client_id: None, touched: &[] };
    let met = (0..1_000).filter(|_| !faults.judge(&asked, &mut random).delay.is_zero()).count();
    assert!((200..300).contains(&met), "{met} of 1000");
}

#[test]
fn faults_that_meet_the_same_request_all_happen() {
    let mut faults = Faults::default();
    faults.inject(Fault::delay(Duration::from_millis(5)));
    faults.inject(Fault::throttle(Duration::from_millis(7)));
    faults.inject(Fault::error(ErrorCode::REQUEST_TIMED_OUT).after_applying());
    let verdict = judge(&mut faults, ApiKey::PRODUCE, 1, &[]);
    assert_eq!((verdict.delay, verdict.throttle_ms()), (Duration::from_millis(5), 7));
    assert_eq!(verdict.partition_error("t", 0), Some((ErrorCode::REQUEST_TIMED_OUT, true)));
}
