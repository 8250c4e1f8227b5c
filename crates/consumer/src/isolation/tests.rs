//! Tests of hiding aborted records.

use ottla_protocol::messages::fetch::AbortedTransaction;
use ottla_protocol::records::{Attributes, BatchBuilder, BatchHeader, ControlRecordType, NO_HEADERS, Producer};
use ottla_types::ProducerId;

use super::AbortedFilter;

fn aborted(producer: i64, first_offset: i64) -> AbortedTransaction {
    AbortedTransaction { producer_id: ProducerId(producer), first_offset, ..Default::default() }
}

fn batch(producer: i64, offset: i64, attributes: Attributes) -> BatchHeader {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(0, None, None, NO_HEADERS).unwrap();
    builder.append(0, None, None, NO_HEADERS).unwrap();
    let mut batch = builder.build_with(attributes);
    batch.assign(Producer { id: ProducerId(producer), epoch: 0, base_sequence: 0 });
    batch.set_base_offset(offset);
    *batch.header()
}

/// A list in any order hides the batches from an aborted transaction's first offset to its marker, and nothing else.
#[test]
fn ranges_are_hidden_whatever_the_order_of_the_list() {
    let transaction = Attributes::default().with_transactional(true);
    let marker = transaction.with_control(true);
    let mut list = vec![aborted(1, 10), aborted(2, 14), aborted(1, 30)];
    for _ in 0..3 {
        list.rotate_left(1);
        let mut filter = AbortedFilter::new(&list);
        let mut hides =
            |producer, offset, attributes, control| filter.hides(&batch(producer, offset, attributes), control);
        assert!(!hides(1, 8, transaction, None), "a transaction before");
        assert!(hides(1, 10, transaction, None));
        assert!(!hides(1, 12, Attributes::default(), None), "not of a transaction");
        assert!(hides(2, 14, transaction, None));
        assert!(!hides(3, 16, transaction, None), "of another producer");
        assert!(hides(1, 18, marker, Some(ControlRecordType::Abort)), "markers are never seen");
        assert!(!hides(1, 20, transaction, None), "the next transaction");
        assert!(hides(2, 22, transaction, None), "not ended by another's marker");
        assert!(hides(1, 24, marker, Some(ControlRecordType::Commit)));
        assert!(hides(2, 26, marker, Some(ControlRecordType::Abort)));
        assert!(!hides(2, 28, transaction, None));
        assert!(hides(1, 30, transaction, None));
    }
}

#[test]
fn a_transaction_that_begins_inside_of_a_batch_counts_from_that_batch_on() {
    let mut filter = AbortedFilter::new(&[aborted(1, 11)]);
    assert!(filter.hides(&batch(1, 10, Attributes::default().with_transactional(true)), None));
}
