//! Compressing, assigning and sealing.

use ottla_compression::{Codec, Compressor};
use ottla_types::ProducerId;

use crate::records::{BatchBuilder, EncodedBatch, NO_HEADERS, Producer, batches};

fn batch(value: &[u8]) -> EncodedBatch {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(7, None, Some(value), NO_HEADERS).unwrap();
    builder.build()
}

#[test]
fn compressing_swaps_the_buffers_and_happens_once() {
    let mut batch = batch(&[b'x'; 5000]);
    let plain = batch.as_bytes().to_vec();
    let mut compressor = Compressor::new();
    let mut buffer = b"to be dropped".to_vec();
    assert_eq!(batch.compress(&Codec::Gzip.into(), &mut compressor, &mut buffer), Ok(true));
    assert_eq!(buffer, plain);
    assert!(batch.len() < 200 && batch.header().len() == batch.len());
    assert_eq!(batch.header().attributes.codec(), Ok(Codec::Gzip));
    let compressed = batch.as_bytes().to_vec();
    assert_eq!(batch.compress(&Codec::Zstd.into(), &mut compressor, &mut buffer), Ok(true));
    assert_eq!(batch.as_bytes(), compressed);
}

#[test]
fn what_compressing_would_make_longer_stays_as_it_is() {
    for codec in Codec::ALL {
        let mut batch = batch(b"short");
        let plain = batch.clone();
        assert_eq!(batch.compress(&codec.into(), &mut Compressor::new(), &mut Vec::new()), Ok(false));
        assert_eq!(batch, plain);
    }
}

#[test]
fn header_and_bytes_agree_after_every_change() {
    let mut batch = batch(&[b'x'; 500]);
    batch.compress(&Codec::Snappy.into(), &mut Compressor::new(), &mut Vec::new()).unwrap();
    batch.set_transactional(true);
    batch.set_base_offset(30);
    batch.set_leader_epoch(4);
    batch.assign(Producer { id: ProducerId(1), epoch: 2, base_sequence: 3 });
    batch.seal();
    let raw = batches(batch.as_bytes()).next().unwrap().unwrap();
    assert_eq!(raw.header(), batch.header());
    assert_eq!(raw.verify_crc(), Ok(()));
    assert!(raw.header().is_transactional());
    assert_eq!(raw.codec(), Ok(Codec::Snappy));
    let again = EncodedBatch::from_bytes(batch.as_bytes().to_vec()).unwrap();
    assert_eq!(again, batch);
}

#[test]
fn only_one_whole_batch_is_taken_over() {
    let bytes = batch(b"x").into_inner();
    for wrong in [bytes[..bytes.len() - 1].to_vec(), [&bytes[..], b"x"].concat(), vec![], vec![0; 61], vec![0xff; 61]] {
        assert_eq!(EncodedBatch::from_bytes(wrong.clone()), Err(wrong));
    }
    assert!(EncodedBatch::from_bytes(bytes).is_ok());
}
