use bytes::Bytes;

use crate::messages::registry;

#[test]
fn zeros_are_read_or_refused_by_every_message_in_every_version() {
    let zeros = Bytes::from_static(&[0; 512]);
    for message in registry::ALL {
        for version in message.min..=message.max {
            let _ = (message.again)(&zeros, version);
        }
        assert!((message.again)(&zeros, message.max + 1).is_err(), "{}", message.name);
    }
}
