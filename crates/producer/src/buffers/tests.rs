//! Buffers are used again, the last one first.

use super::{Buffers, FIRST};

#[test]
fn the_buffer_given_back_last_is_used_first() {
    let buffers = Buffers::new(1000);
    buffers.give(Vec::with_capacity(100));
    let shared = buffers.share(Vec::with_capacity(200));
    let clone = shared.clone();
    drop(shared);
    assert_eq!(buffers.take().capacity(), 100);
    drop(clone);
    assert_eq!(buffers.take().capacity(), 200);
    assert_eq!(buffers.take().capacity(), FIRST);
}

#[test]
fn no_more_is_kept_than_asked_for() {
    let buffers = Buffers::new(250);
    buffers.give(Vec::with_capacity(200));
    buffers.give(Vec::with_capacity(100));
    assert_eq!(buffers.take().capacity(), 200);
    assert_eq!(buffers.take().capacity(), FIRST);
}
