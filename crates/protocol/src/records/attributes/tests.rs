//! Bits on and off.

use ottla_compression::{Codec, CompressionError};

use super::{Attributes, TimestampType};

#[test]
fn each_part_has_its_bits_and_leaves_the_others_alone() {
    let all = Attributes(-1).with_codec(Codec::Zstd);
    assert_eq!(all.0 & 0b111, 4);
    for (attributes, bit) in [
        (all.with_timestamp_type(TimestampType::CreateTime), 3),
        (all.with_transactional(false), 4),
        (all.with_control(false), 5),
    ] {
        assert_eq!(attributes.0, all.0 & !(1 << bit));
    }
    let some = Attributes::default()
        .with_codec(Codec::Lz4)
        .with_timestamp_type(TimestampType::LogAppendTime)
        .with_transactional(true)
        .with_control(true);
    assert_eq!(some.0, 0b11_1011);
    assert_eq!((some.codec(), some.timestamp_type()), (Ok(Codec::Lz4), TimestampType::LogAppendTime));
    assert!(some.is_transactional() && some.is_control() && !some.has_delete_horizon());
    assert!(Attributes(0x40).has_delete_horizon());
    assert_eq!(Attributes(0x45).codec(), Err(CompressionError::UnknownCodec { id: 5 }));
}
