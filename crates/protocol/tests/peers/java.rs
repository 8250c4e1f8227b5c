//! What is written, converted, merged and split here is read by Kafka as it is read here, and Kafka converts alike.

use ottla_compression::Compression;
use ottla_protocol::ProducerId;
use ottla_protocol::records::legacy::{Downgrade, MessageFormat, MessageSetBuilder, downgrade};
use ottla_protocol::records::{
    Attributes, BatchBuilder, Codec, Compressor, Decompressor, EncodedBatch, NO_HEADERS, Producer, Rebatch,
    TimestampType, batches, edit, end_transaction_batch, rebatch, recompress,
};

use crate::kafka::{Kafka, text};

const NOW: i64 = 1_700_000_000_000;
const FORMATS: [MessageFormat; 2] = [MessageFormat::V0, MessageFormat::V1];

/// A record's offset delta, timestamp, key, value and headers.
type Record = (i32, i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(Vec<u8>, Option<Vec<u8>>)>);

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % end
    }

    fn bytes(&mut self, most: u64) -> Option<Vec<u8>> {
        let len = self.below(most);
        match self.below(6) {
            0 => None,
            1 => Some(Vec::new()),
            2 => Some((0..len).map(|_| u8::try_from(self.below(256)).expect("a byte")).collect()),
            _ => Some(b"again and ".iter().copied().cycle().take(usize::try_from(len).expect("small")).collect()),
        }
    }

    fn records(&mut self, most: u64) -> Vec<Record> {
        let count = 1 + self.below(most);
        let mut next = 0;
        let mut record = || {
            let delta = next + if self.below(4) == 0 { i32::try_from(self.below(9)).expect("small") } else { 0 };
            next = delta + 1;
            let timestamp = NOW + i64::try_from(self.below(10_000)).expect("small") - 5000;
            let headers = (0..self.below(8).saturating_sub(5)).map(|_| (b"h".to_vec(), self.bytes(20))).collect();
            (delta, timestamp, self.bytes(50), self.bytes(3000), headers)
        };
        (0..count).map(|_| record()).collect()
    }
}

fn batch(records: &[Record], attributes: Attributes, codec: Codec, base_offset: i64) -> EncodedBatch {
    let mut builder = BatchBuilder::new(Vec::new());
    for (delta, timestamp, key, value, headers) in records {
        let headers = headers.iter().map(|(key, value)| (key.as_slice(), value.as_deref()));
        builder.append_at(*delta, *timestamp, key.as_deref(), value.as_deref(), headers).expect("it fits");
    }
    let mut batch = builder.build_with(attributes);
    batch.compress(&codec.into(), &mut Compressor::new(), &mut Vec::new()).expect("it compresses");
    batch.set_base_offset(base_offset);
    batch.set_leader_epoch(3);
    batch.seal();
    batch
}

/// A set with batches of every kind, in a partition's order.
fn set(dice: &mut Dice, codecs: &[Codec]) -> Vec<u8> {
    let mut set = Vec::new();
    let mut next = 1000;
    for codec in codecs {
        for kind in 0..5 {
            let attributes = match kind {
                1 => Attributes::default().with_timestamp_type(TimestampType::LogAppendTime),
                2 => Attributes::default().with_transactional(true),
                // with a delete horizon
                3 => Attributes(1 << 6),
                _ => Attributes::default(),
            };
            let mut batch = batch(&dice.records(12), attributes, *codec, next);
            if kind == 2 || kind == 4 {
                batch.assign(Producer { id: ProducerId(7), epoch: 2, base_sequence: i32::MAX - 1 });
                batch.seal();
            }
            next = batch.header().next_offset() + i64::try_from(dice.below(3)).expect("small");
            set.extend(batch.into_inner());
            if kind == 2 {
                let producer = Producer { id: ProducerId(7), epoch: 2, base_sequence: -1 };
                let mut marker =
                    end_transaction_batch(dice.below(2) == 0, producer, 5, NOW, Vec::new()).expect("it is small");
                marker.set_base_offset(next);
                next += 1;
                set.extend(marker.into_inner());
            }
        }
    }
    set
}

#[test]
fn batches_are_read_as_they_are_read_here_however_they_were_made() {
    let mut kafka = Kafka::start();
    let mut dice = Dice(0x5eed);
    let (mut decompressor, mut compressor) = (Decompressor::new(), Compressor::new());
    for round in 0..20_u32 {
        let set = set(&mut dice, &Codec::ALL);
        let check = |kafka: &mut Kafka, set: &[u8]| {
            assert!(kafka.read(set) == Ok(text(set).expect("ours")), "round {round}");
        };
        check(&mut kafka, &set);
        for codec in Codec::ALL {
            let mut recompressed = Vec::new();
            for batch in batches(&set) {
                let batch = batch.expect("it is sound");
                let encoded =
                    recompress(&batch, &codec.into(), &mut decompressor, &mut compressor, &mut Vec::new(), 1 << 20);
                recompressed.extend(encoded.expect("it is sound").into_inner());
            }
            check(&mut kafka, &recompressed);
        }
        for (max_bytes, max_records) in [(1 << 20, 1000), (4000, 1000), (1 << 20, 3), (1, 1)] {
            for how in [
                Rebatch::into_at_most(max_bytes, max_records),
                Rebatch::into_at_most(max_bytes, max_records).renumber(5),
            ] {
                let mut out = Vec::new();
                rebatch(&set, &how, &mut decompressor, &mut compressor, &mut out, 1 << 24).expect("it is sound");
                check(&mut kafka, &out);
            }
        }
        let mut edited = set;
        edit::set_base_offset(&mut edited, 77);
        edit::set_leader_epoch(&mut edited, 78);
        check(&mut kafka, &edited);
    }
}

#[test]
fn message_sets_are_read_at_every_level() {
    let mut kafka = Kafka::start();
    let mut dice = Dice(0xcafe);
    let mut compressor = Compressor::new();
    for format in FORMATS {
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4] {
            for level in codec.levels().map_or(vec![None], |levels| levels.map(Some).collect()) {
                let compression = level.map_or(Ok(codec.into()), |level| Compression::with_level(codec, level));
                let Ok(compression) = compression else { continue };
                for appended in [None, Some(NOW)] {
                    let records = dice.records(30);
                    let mut builder = MessageSetBuilder::new(format, Vec::new());
                    builder.set_base_offset(5000);
                    builder.set_log_append_time(appended);
                    for (delta, timestamp, key, value, _) in &records {
                        let result =
                            builder.append_at(*delta, *timestamp, key.as_deref(), value.as_deref(), NO_HEADERS);
                        assert_eq!(result, Ok(*delta));
                    }
                    let mut set = Vec::new();
                    builder.finish(&compression, &mut compressor, &mut set).expect("it compresses");
                    let read = kafka.read(&set).unwrap_or_else(|error| panic!("{format:?} {compression}: {error}"));
                    let expected: Vec<_> = records
                        .iter()
                        .map(|(delta, timestamp, key, value, _)| {
                            let timestamp = match format {
                                MessageFormat::V0 => -1,
                                MessageFormat::V1 => appended.unwrap_or(*timestamp),
                            };
                            format!("{} {timestamp} {} {}", 5000 + i64::from(*delta), hex(key), hex(value))
                        })
                        .collect();
                    let records: Vec<_> = read.lines().filter(|line| !line.starts_with("batch")).collect();
                    assert!(records == expected, "{format:?} {compression}");
                    let timestamps = match (format, appended) {
                        (MessageFormat::V0, _) => "NoTimestampType",
                        (MessageFormat::V1, None) => "CreateTime",
                        (MessageFormat::V1, Some(_)) => "LogAppendTime",
                    };
                    let start = format!("batch {} {codec} {timestamps} 500", format.magic());
                    assert!(read.starts_with(&start), "{read:.60}");
                }
            }
        }
    }
}

#[test]
fn kafka_converts_down_to_the_same() {
    let mut kafka = Kafka::start();
    let mut dice = Dice(0xd0);
    let (mut decompressor, mut compressor) = (Decompressor::new(), Compressor::new());
    for round in 0..20_u32 {
        let codecs = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4];
        let mut source = set(&mut dice, &codecs);
        for format in [MessageFormat::V1, MessageFormat::V0] {
            for first_offset in [0, 1003, 1030] {
                let theirs = kafka.down_convert(&source, format.magic(), first_offset).expect("it converts");
                let mut ours = Vec::new();
                let how = Downgrade::to(format).from_offset(first_offset);
                let done = downgrade(&source, &how, &mut decompressor, &mut compressor, &mut ours, 1 << 24);
                assert_eq!(done.expect("it converts").read, source.len());
                let read = kafka.read(&ours);
                assert!(read.is_ok() && read == kafka.read(&theirs), "round {round}, {format:?} from {first_offset}");
            }
            // what was converted once is converted again
            source = kafka.down_convert(&source, format.magic(), 0).expect("it converts");
        }
        let plain = set(&mut dice, &[Codec::None]);
        for format in FORMATS {
            let mut ours = Vec::new();
            let how = Downgrade::to(format);
            downgrade(&plain, &how, &mut decompressor, &mut compressor, &mut ours, 1 << 24).expect("it converts");
            assert!(kafka.down_convert(&plain, format.magic(), 0) == Ok(ours), "not compressed: byte for byte");
        }
    }
    let zstd = set(&mut dice, &[Codec::Zstd]);
    let refused = kafka.down_convert(&zstd, 1, 0).expect_err("Kafka refuses zstd");
    assert!(refused.contains("zstandard"), "{refused}");
}

fn hex(bytes: &Option<Vec<u8>>) -> String {
    bytes
        .as_ref()
        .map_or("-".to_owned(), |bytes| bytes.iter().fold(":".to_owned(), |hex, byte| format!("{hex}{byte:02x}")))
}
