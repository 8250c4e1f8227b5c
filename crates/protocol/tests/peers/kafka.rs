//! `MessageSets.java`, which reads and converts record sets with Kafka's classes; and the same text by our reader.

use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use ottla_protocol::records::{Decompressor, RawBatch, RecordError, TimestampType, batches};

/// The program, as long as it lives.
pub(crate) struct Kafka {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Kafka {
    /// Starts it with the jars of Kafka 3.9.
    pub(crate) fn start() -> Self {
        let java = std::env::var_os("OTTLA_JAVA").expect("OTTLA_JAVA names Java, see docs/testing.md");
        let libs = std::env::var_os("OTTLA_KAFKA_LIBS_OLDER").expect("OTTLA_KAFKA_LIBS_OLDER, see docs/testing.md");
        let mut child = Command::new(java)
            .args(["-Xmx256m", "-XX:+UseSerialGC", "-cp"])
            .arg(PathBuf::from(libs).join("*"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/MessageSets.java"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Java starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        Self { child, input, output }
    }

    /// What Kafka reads in a set, as text.
    pub(crate) fn read(&mut self, set: &[u8]) -> Result<String, String> {
        self.ask(b"r", set).map(|text| String::from_utf8(text).expect("ASCII"))
    }

    /// The set in an older format, by Kafka.
    pub(crate) fn down_convert(&mut self, set: &[u8], magic: i8, first_offset: i64) -> Result<Vec<u8>, String> {
        let mut head = vec![b'd', magic.cast_unsigned()];
        head.extend(first_offset.to_be_bytes());
        self.ask(&head, set)
    }

    fn ask(&mut self, head: &[u8], set: &[u8]) -> Result<Vec<u8>, String> {
        let mut request = head.to_vec();
        request.extend(u32::try_from(set.len()).expect("a few MiB").to_be_bytes());
        request.extend_from_slice(set);
        let input = self.input.as_mut().expect("it is open");
        input.write_all(&request).expect("it reads");
        input.flush().expect("it reads");
        let mut length = [0; 4];
        self.output.read_exact(&mut length).expect("it answers");
        let length = i32::from_be_bytes(length);
        let mut text_length = [0; 2];
        if length < 0 {
            self.output.read_exact(&mut text_length).expect("it says why");
        }
        let len = usize::try_from(length).unwrap_or(usize::from(u16::from_be_bytes(text_length)));
        let mut answer = vec![0; len];
        self.output.read_exact(&mut answer).expect("it answers in full");
        if length < 0 { Err(String::from_utf8_lossy(&answer).into_owned()) } else { Ok(answer) }
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        // the end of its input is its end
        self.input = None;
        let _ = self.child.wait();
    }
}

/// What our reader sees in batches of format v2, in Kafka's words.
pub(crate) fn text(set: &[u8]) -> Result<String, RecordError> {
    let mut text = String::new();
    for batch in batches(set) {
        batch_text(&batch?, &mut text)?;
    }
    Ok(text)
}

fn batch_text(batch: &RawBatch<'_>, text: &mut String) -> Result<(), RecordError> {
    let header = batch.header();
    let timestamps = match header.attributes.timestamp_type() {
        TimestampType::CreateTime => "CreateTime",
        TimestampType::LogAppendTime => "LogAppendTime",
    };
    let numbers = [
        header.base_offset,
        header.last_offset(),
        header.producer.id.0,
        header.producer.epoch.into(),
        header.producer.base_sequence.into(),
        header.last_sequence().into(),
        header.leader_epoch.into(),
    ];
    let numbers = numbers.map(|number| number.to_string()).join(" ");
    let horizon = header.delete_horizon().map_or("-".to_owned(), |horizon| horizon.to_string());
    let marks = format!("{} {}", header.is_transactional(), header.is_control());
    let _ = writeln!(text, "batch 2 {} {timestamps} {numbers} {marks} {horizon}", batch.codec()?);
    let mut scratch = Vec::new();
    for record in batch.open(&mut Decompressor::new(), &mut scratch, 16 << 20)? {
        let _ = write!(text, "{} {} {} {}", record.offset, record.timestamp, hex(record.key), hex(record.value));
        for header in record.headers() {
            let _ = write!(text, " {}={}", hex(Some(header.key)).trim_start_matches(':'), hex(header.value));
        }
        text.push('\n');
    }
    Ok(())
}

fn hex(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else { return "-".to_owned() };
    bytes.iter().fold(":".to_owned(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
