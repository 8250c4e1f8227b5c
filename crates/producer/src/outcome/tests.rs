//! What answers mean.

use ottla_core::error::{Error, ErrorKind, Outcome};
use ottla_protocol::messages::produce::{BatchIndexAndErrorMessage, PartitionProduceResponse};
use ottla_types::ErrorCode;

use super::{Again, BatchOutcome, SequenceFault, Settlement, Written, settle};

fn answer(code: ErrorCode) -> PartitionProduceResponse {
    PartitionProduceResponse { error_code: code, base_offset: -1, ..PartitionProduceResponse::default() }
}

fn settled(answer: &PartitionProduceResponse) -> Settlement {
    settle(answer, &|| "3 records for t-0".to_owned(), 3)
}

#[test]
fn a_duplicate_is_written_at_an_offset_that_is_not_known() {
    let Settlement::Written(written) = settled(&answer(ErrorCode::DUPLICATE_SEQUENCE_NUMBER)) else {
        panic!("not written")
    };
    assert_eq!(written, Written { base_offset: None, log_append_time: None });
}

#[test]
fn every_code_has_a_settlement_and_only_appended_batches_may_be_written() {
    for code in ErrorCode::ALL {
        if let Settlement::Again(Again { maybe_written, .. }) = settled(&answer(*code)) {
            let appended = [ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND, ErrorCode::REQUEST_TIMED_OUT];
            assert_eq!(maybe_written, appended.contains(code), "{code}");
        }
    }
}

#[test]
fn a_moved_leader_is_learnt_anew_and_the_batch_sent_again() {
    let Settlement::Again(again) = settled(&answer(ErrorCode::NOT_LEADER_OR_FOLLOWER)) else { panic!("not again") };
    assert!(again.refresh && again.pause);
    assert_eq!(again.sequence, SequenceFault::None);
}

#[test]
fn records_that_the_broker_names_fail_with_its_words_and_the_others_with_the_reason() {
    let mut answer = answer(ErrorCode::INVALID_RECORD);
    answer.record_errors.push(BatchIndexAndErrorMessage {
        batch_index: 1,
        batch_index_error_message: Some("no key".to_owned().into()),
        ..BatchIndexAndErrorMessage::default()
    });
    let Settlement::Refused(outcome) = settled(&answer) else { panic!("not refused") };
    assert!(outcome.of(1).unwrap_err().to_string().contains("no key"));
    assert!(outcome.of(0).unwrap_err().to_string().contains("another record"));
}

#[test]
fn what_may_have_been_written_is_told_of_each_record() {
    let failed = BatchOutcome::failed(Error::new(ErrorKind::Timeout, "over")).maybe_written();
    assert_eq!(failed.of(0).unwrap_err().outcome(), Outcome::MayHaveHappened);
}

#[test]
fn a_batch_that_is_too_large_names_the_settings() {
    let Settlement::Refused(outcome) = settled(&answer(ErrorCode::MESSAGE_TOO_LARGE)) else { panic!("not refused") };
    let text = outcome.of(0).unwrap_err().to_string();
    assert!(text.contains("max.message.bytes") && text.contains("batch.size"), "{text}");
}
