//! `Codecs.java`, which compresses and decompresses with the classes that Kafka's clients and brokers use.

use std::io::{BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use ottla_compression::{Codec, Compression, Compressor, Decompressor};

/// The program, as long as it lives.
struct Kafka {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Kafka {
    /// Starts it with the jars that a variable names.
    fn start(libs: &str) -> Self {
        let java = std::env::var_os("OTTLA_JAVA").expect("OTTLA_JAVA names Java, see docs/testing.md");
        let libs = std::env::var_os(libs).unwrap_or_else(|| panic!("{libs} names Kafka's jars, see docs/testing.md"));
        let mut child = Command::new(java)
            .args(["-Xmx256m", "-XX:+UseSerialGC", "-cp"])
            .arg(PathBuf::from(libs).join("*"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/Codecs.java"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Java starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        Self { child, input, output }
    }

    fn ask(&mut self, operation: u8, codec: Codec, level: Option<i32>, magic: u8, bytes: &[u8]) -> Vec<u8> {
        let name = codec.name().as_bytes();
        let mut request = vec![operation, 0, u8::try_from(name.len()).expect("a short name")];
        request.extend_from_slice(name);
        request.extend(level.unwrap_or(i32::MIN).to_be_bytes());
        request.push(magic);
        request.extend(u32::try_from(bytes.len()).expect("a few MiB").to_be_bytes());
        request.extend_from_slice(bytes);
        let input = self.input.as_mut().expect("it is open");
        input.write_all(&request).expect("it reads");
        input.flush().expect("it reads");
        let mut length = [0; 4];
        self.output.read_exact(&mut length).expect("it answers");
        let Ok(length) = usize::try_from(i32::from_be_bytes(length)) else {
            let mut length = [0; 2];
            self.output.read_exact(&mut length).expect("it says why");
            let mut reason = vec![0; usize::from(u16::from_be_bytes(length))];
            self.output.read_exact(&mut reason).expect("it says why");
            panic!("{codec} level {level:?}, magic {magic}: {}", String::from_utf8_lossy(&reason));
        };
        let mut answer = vec![0; length];
        self.output.read_exact(&mut answer).expect("it answers in full");
        answer
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        // the end of its input is its end
        self.input = None;
        let _ = self.child.wait();
    }
}

/// What cannot be compressed and what can, of sizes around those of blocks.
fn inputs() -> Vec<Vec<u8>> {
    let noise = |len: usize| {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .take(len)
        .collect::<Vec<_>>()
    };
    let words = |len: usize| {
        let words = (0_u32..).flat_map(|n| format!("{{\"user\":{},\"action\":\"click\"}}", n % 977).into_bytes());
        words.take(len).collect::<Vec<_>>()
    };
    let sizes = [0, 1, 100, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 1 << 20];
    sizes.into_iter().flat_map(|len| [noise(len), words(len)]).collect()
}

/// Every level of a codec; of zstd's 131,095 the least, some on the way, and all from -25 on.
fn levels(codec: Codec) -> Vec<Option<i32>> {
    let Some(levels) = codec.levels() else { return vec![None] };
    let chosen = [-131_072, -65_537, -4096, -100].into_iter().chain(-25..=22);
    let chosen = chosen.filter(|level| levels.contains(level) && Compression::with_level(codec, *level).is_ok());
    std::iter::once(None).chain(chosen.map(Some)).collect()
}

fn both_ways(codec: Codec) {
    let mut kafka = Kafka::start("OTTLA_KAFKA_LIBS");
    let (mut compressor, mut decompressor) = (Compressor::new(), Decompressor::new());
    let (mut packed, mut back) = (Vec::new(), Vec::new());
    let inputs = inputs();
    for level in levels(codec) {
        let compression = match level {
            Some(level) => Compression::with_level(codec, level).expect("Kafka's level"),
            None => codec.into(),
        };
        for input in &inputs {
            packed.clear();
            compressor.compress(&compression, input, &mut packed).expect("it compresses");
            let read = kafka.ask(b'd', codec, None, 2, &packed);
            assert!(read == *input, "{compression}: Kafka reads {} bytes otherwise", input.len());
            let packed = kafka.ask(b'c', codec, level, 2, input);
            back.clear();
            decompressor.decompress(codec, &packed, &mut back, input.len()).expect("Kafka's is read");
            assert!(back == *input, "{compression}: {} bytes of Kafka are read otherwise", input.len());
        }
    }
}

#[test]
fn gzip_is_read_both_ways_at_every_level() {
    both_ways(Codec::Gzip);
}

#[test]
fn snappy_is_read_both_ways() {
    both_ways(Codec::Snappy);
}

#[test]
fn lz4_is_read_both_ways_at_every_level() {
    both_ways(Codec::Lz4);
}

#[test]
fn zstd_is_read_both_ways_at_every_level() {
    both_ways(Codec::Zstd);
}

/// What is in message sets of formats v0 and v1, by the last Kafka that wrote them. Its reader of LZ4 frames takes either
/// checksum in v0, so that the frames are equal is looked at too.
#[test]
fn the_codecs_of_message_sets_are_read_both_ways() {
    let mut kafka = Kafka::start("OTTLA_KAFKA_LIBS_OLDER");
    let (mut compressor, mut decompressor) = (Compressor::new(), Decompressor::new());
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4] {
        for input in inputs() {
            let mut packed = Vec::new();
            compressor.compress_v0(&codec.into(), &input, &mut packed).expect("it compresses");
            assert!(kafka.ask(b'd', codec, None, 0, &packed) == input, "{codec}, {} bytes", input.len());
            let theirs = kafka.ask(b'c', codec, None, 0, &input);
            if codec == Codec::Lz4 {
                assert_eq!(theirs[..7], packed[..7], "the frame's header");
            }
            let mut back = Vec::new();
            decompressor.decompress(codec, &theirs, &mut back, input.len()).expect("Kafka's is read");
            assert!(back == input, "{codec}, {} bytes", input.len());
        }
    }
}
