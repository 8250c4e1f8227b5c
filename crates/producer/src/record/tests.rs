//! What records are made of.

use bytes::Bytes;
use ottla_types::Topic;

use super::NewRecord;

#[test]
fn an_owned_record_holds_what_the_borrowed_one_showed() {
    let topic = Topic::from("orders");
    let owned = {
        let (key, value) = (String::from("k"), vec![1_u8, 2]);
        NewRecord::to(&topic).key(&key).value(&value).header("h", "x").null_header("n").partition(3).into_owned()
    };
    assert_eq!(owned.topic(), "orders");
    assert_eq!((owned.key_bytes(), owned.value_bytes()), (Some(&b"k"[..]), Some(&[1_u8, 2][..])));
    let headers: Vec<_> = owned.header_bytes().collect();
    assert_eq!(headers, [(&b"h"[..], Some(&b"x"[..])), (&b"n"[..], None)]);
    assert_eq!(owned.partition, Some(3));
}

#[test]
fn payloads_come_from_whatever_holds_bytes() {
    let record = NewRecord::to("t").key(b"abc").value(Bytes::from_static(b"v"));
    assert_eq!((record.key_bytes(), record.value_bytes()), (Some(&b"abc"[..]), Some(&b"v"[..])));
    let record = NewRecord::to(String::from("t")).value(String::from("v"));
    assert_eq!(record.value_bytes(), Some(&b"v"[..]));
}
