//! The tables: found by name and by API, and sound.

use super::*;

#[test]
fn messages_are_found_by_their_name_and_by_their_api() {
    assert!(MessageSchema::ALL.is_sorted_by(|one, two| one.name < two.name));
    for key in ApiKey::ALL {
        let request = MessageSchema::request(*key).expect("a request");
        let response = MessageSchema::response(*key).expect("a response");
        assert_eq!((request.kind, response.kind), (MessageKind::Request, MessageKind::Response));
        assert_eq!((request.key, response.key), (Some(*key), Some(*key)));
        assert_eq!(key.versions(), Some(request.versions));
        assert_eq!(request.versions, response.versions);
        assert_eq!(key.flexible_from(), request.flexible_from);
    }
    assert!(MessageSchema::named("NoSuchRequest").is_none());
}

#[test]
fn every_range_of_a_field_is_within_that_of_its_struct() {
    fn check(fields: &[FieldSchema], within: VersionRange) {
        for field in fields {
            assert_eq!(field.versions.intersect(within), Some(field.versions), "{}", field.name);
            if let Some(nullable) = field.nullable {
                assert_eq!(nullable.intersect(field.versions), Some(nullable), "{}", field.name);
            }
            if let FieldKind::Struct(fields) = field.kind {
                // A struct that several fields share may have versions that not all of them have.
                check(fields, within);
            }
        }
    }
    for message in MessageSchema::ALL {
        check(message.fields, message.versions);
    }
}
