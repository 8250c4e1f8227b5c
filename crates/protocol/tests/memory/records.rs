//! Record batches, message sets and what is compressed in them: dense, untrue, and bombs.

use bytes::Bytes;
use ottla_protocol::records::legacy::{Downgrade, MessageFormat, MessageSetBuilder, downgrade, upgrade};
use ottla_protocol::records::{
    BatchBuilder, Codec, Compressor, Decompressor, NO_HEADERS, OwnedBatch, Rebatch, batches, edit, rebatch,
};

use super::meter::{Worst, peak};

/// Bytes of a set before it is compressed.
const SIZE: usize = 1 << 16;
/// The most that may come out of compressed records in these tests, and so what memory is held against if it is more than
/// the input.
const LIMIT: usize = 1 << 18;

const CODECS: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

/// Where the record count of a batch stands, and the offset of its last record.
const COUNT_AT: std::ops::Range<usize> = 57..61;

/// Records found in a batch take no memory; those that are kept have 40 bytes each, of at least 7, gathered by
/// doubling.
const KEPT: f64 = 9.0;
/// Of what is allowed to come out: that, while a buffer grows by doubling, and one more copy on its way into other batches.
const DECOMPRESSED: f64 = 5.0;

pub(crate) fn measure(worst: &mut Worst) {
    for (name, set) in sets() {
        let set = Bytes::from(set);
        let input = set.len().max(LIMIT);
        let mut decompressor = Decompressor::new();
        warm_up(&mut decompressor);

        let (used, _) = peak(|| {
            for batch in batches(&set).flatten() {
                let mut scratch = Vec::new();
                let _ = batch.open(&mut decompressor, &mut scratch, LIMIT).map(Iterator::count);
            }
        });
        if name.ends_with("none") {
            worst.note("records, not compressed", 0.0, set.len(), used, || name.clone());
        } else {
            worst.note("records, decompressed", DECOMPRESSED, input, used, || name.clone());
        }
        let (used, _) = peak(|| {
            let kept: Vec<_> =
                batches(&set).flatten().map(|batch| OwnedBatch::open(&batch, &set, &mut decompressor, LIMIT)).collect();
            drop(kept);
        });
        if name.ends_with("none") {
            worst.note("records, kept", KEPT, set.len(), used, || name.clone());
        } else {
            worst.note("records, decompressed and kept", DECOMPRESSED, input, used, || name.clone());
        }

        let (used, _) = peak(|| upgrade(&set, &mut decompressor, &mut Vec::new(), LIMIT));
        worst.note("message sets, upgraded", DECOMPRESSED, input, used, || name.clone());
        for format in [MessageFormat::V0, MessageFormat::V1] {
            let how = Downgrade::to(format).compress(Codec::None.into());
            let mut compressor = Compressor::new();
            let (used, _) = peak(|| downgrade(&set, &how, &mut decompressor, &mut compressor, &mut Vec::new(), LIMIT));
            worst.note("batches, downgraded", DECOMPRESSED, input, used, || name.clone());
        }
        let how = Rebatch::into_at_most(1000, 10).compress(Codec::None.into());
        let mut compressor = Compressor::new();
        let (used, _) = peak(|| rebatch(&set, &how, &mut decompressor, &mut compressor, &mut Vec::new(), LIMIT));
        worst.note("batches, split", DECOMPRESSED, input, used, || name.clone());
    }
}

/// The contexts of codecs are made once, and are of their own fixed size.
pub(crate) fn warm_up(decompressor: &mut Decompressor) {
    for codec in CODECS {
        let mut packed = Vec::new();
        Compressor::new().compress(&codec.into(), b"warm", &mut packed).expect("compressed");
        decompressor.decompress(codec, &packed, &mut Vec::new(), 100).expect("decompressed");
    }
}

fn sets() -> Vec<(String, Vec<u8>)> {
    let mut sets = Vec::new();
    for codec in CODECS {
        let dense = batch(&vec![(None, None); SIZE / 7], codec);
        sets.push((format!("a batch of empty records, {codec}"), dense.clone()));
        for count in [i32::MAX, i32::MIN, -1, 0] {
            let mut untrue = dense.clone();
            untrue[COUNT_AT].copy_from_slice(&count.to_be_bytes());
            edit::seal(&mut untrue);
            sets.push((format!("a batch that says it has {count} records, {codec}"), untrue));
        }
        let zeros = vec![0; 16 << 20];
        sets.push((format!("a bomb in a batch, {codec}"), batch(&[(None, Some(&zeros))], codec)));
        if codec == Codec::Zstd {
            continue;
        }
        for format in [MessageFormat::V0, MessageFormat::V1] {
            let old = message_set(format, &vec![(None, None); SIZE / 26], codec);
            sets.push((format!("a set of empty messages {format:?}, {codec}"), old));
            sets.push((
                format!("a bomb in a message {format:?}, {codec}"),
                message_set(format, &[(None, Some(&zeros))], codec),
            ));
        }
    }
    // Many batches, and many messages, with next to nothing in them.
    let one = batch(&[(None, None)], Codec::None);
    sets.push(("batches of one empty record, none".into(), one.repeat(SIZE / one.len())));
    let one = batch(&[], Codec::None);
    sets.push(("batches of no record, none".into(), one.repeat(SIZE / one.len())));
    // Lengths without what they are the lengths of.
    for length in [i32::MAX, i32::MIN, 49, 14] {
        let mut lying = vec![0; SIZE];
        lying[8..12].copy_from_slice(&length.to_be_bytes());
        for magic in 0..3 {
            lying[16] = magic;
            sets.push((format!("a length of {length} in format v{magic}, none"), lying.clone()));
        }
    }
    sets
}

type Fields<'a> = (Option<&'a [u8]>, Option<&'a Vec<u8>>);

fn batch(records: &[Fields<'_>], codec: Codec) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Vec::new());
    for (key, value) in records {
        builder.append(0, *key, value.map(Vec::as_slice), NO_HEADERS).expect("it fits");
    }
    let mut batch = builder.build();
    batch.compress(&codec.into(), &mut Compressor::new(), &mut Vec::new()).expect("compressed");
    batch.seal();
    batch.into_inner()
}

fn message_set(format: MessageFormat, records: &[Fields<'_>], codec: Codec) -> Vec<u8> {
    let mut builder = MessageSetBuilder::new(format, Vec::new());
    for (key, value) in records {
        builder.append(0, *key, value.map(Vec::as_slice), NO_HEADERS).expect("it fits");
    }
    let mut set = Vec::new();
    builder.finish(&codec.into(), &mut Compressor::new(), &mut set).expect("compressed");
    set
}
