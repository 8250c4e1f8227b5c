//! Numbers, names and levels.

use crate::{Codec, Compression, CompressionError};

#[test]
fn numbers_and_names_lead_back_to_their_codec() {
    for (id, codec) in (0..).zip(Codec::ALL) {
        assert_eq!(codec.id(), id);
        assert_eq!(Codec::from_id(id), Ok(codec));
        assert_eq!(codec.name().to_uppercase().parse(), Ok(codec));
    }
    assert_eq!(Codec::from_id(5), Err(CompressionError::UnknownCodec { id: 5 }));
    assert_eq!("brotli".parse::<Codec>(), Err(CompressionError::UnknownName));
}

#[test]
fn levels_are_those_of_kafka() {
    for (codec, level, allowed) in [
        (Codec::None, 1, false),
        (Codec::Snappy, 1, false),
        (Codec::Gzip, -2, false),
        (Codec::Gzip, -1, true),
        (Codec::Gzip, 0, false),
        (Codec::Gzip, 9, true),
        (Codec::Gzip, 10, false),
        (Codec::Lz4, 0, false),
        (Codec::Lz4, 17, true),
        (Codec::Lz4, 18, false),
        (Codec::Zstd, -131_073, false),
        (Codec::Zstd, -131_072, true),
        (Codec::Zstd, 22, true),
        (Codec::Zstd, 23, false),
    ] {
        let result = Compression::with_level(codec, level);
        assert_eq!(result.is_ok(), allowed, "{codec} {level}");
        if let Err(error) = result {
            assert_eq!(error, CompressionError::UnknownLevel { codec, level });
        }
    }
    assert_eq!(Compression::new(Codec::Zstd).to_string(), "zstd");
    assert_eq!(Compression::with_level(Codec::Zstd, 9).unwrap().to_string(), "zstd level 9");
    assert_eq!(Compression::default(), Compression::NONE);
}
