//! What we write Kafka's own tools read, and what they write we read, in every codec.

use super::clusters::{formatter_property, single};
use super::run::text;

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

#[test]
fn java_reads_what_we_write() {
    let cluster = single();
    for codec in CODECS {
        let topic = cluster.topic("to-java", &["--partitions", "1"]);
        let produce = ["produce", &topic, "--compression", codec, "--key-delimiter", r"\t"];
        let headers = ["--header", "a=1", "--header", "a", "--header", "b=", "--header", "a=1"];
        cluster.output(
            &[&produce[..], &headers[..]].concat(),
            b"k1\tv\xc3\xa4lue\n\tempty key\nk3\t\n\xff\xfek\t\xff\xfe\x00\x01\n",
        );
        cluster.output(&["produce", &topic, "--compression", codec, "--null"], b"\n");
        let properties = ["print.key=true", "print.headers=true", "print.offset=true", "null.literal=NULL"];
        let mut arguments = vec!["--topic", &topic, "--from-beginning", "--max-messages", "5", "--timeout-ms", "30000"];
        for property in properties {
            arguments.extend([formatter_property(), property]);
        }
        let read = cluster.tool("console-consumer", &arguments, b"");
        let headers = "a:1,a:NULL,b:,a:1";
        let mut expected = Vec::new();
        let parts: [(&[u8], &[u8]); 4] =
            [(b"k1", "välue".as_bytes()), (b"", b"empty key"), (b"k3", b""), (b"\xff\xfek", b"\xff\xfe\x00\x01")];
        for (offset, (key, value)) in parts.into_iter().enumerate() {
            expected.extend_from_slice(format!("Offset:{offset}\t{headers}\t").as_bytes());
            expected.extend_from_slice(key);
            expected.push(b'\t');
            expected.extend_from_slice(value);
            expected.push(b'\n');
        }
        expected.extend_from_slice(b"Offset:4\tNO_HEADERS\tNULL\tNULL\n");
        assert!(read == expected, "{codec}: {}", text(&read));
    }
}

#[test]
fn we_read_what_java_writes() {
    let cluster = single();
    for codec in CODECS {
        let topic = cluster.topic("from-java", &["--partitions", "1"]);
        let input = "a:1,b:2,a:3\tkey\tvälue\na:NUL\tNUL\tNUL\nc:\tk\t\n".as_bytes();
        let mut arguments = vec!["--topic", &topic, "--compression-codec", codec];
        for property in ["parse.key=true", "parse.headers=true", "null.marker=NUL"] {
            arguments.extend(["--property", property]);
        }
        cluster.tool("console-producer", &arguments, input);
        let read = cluster.output(&["consume", &topic, "-e", "--format", r"%o %K:%k %S:%s [%h]\n"], b"");
        let expected = "0 3:key 6:välue [a=1,b=2,a=3]\n1 -1: -1: [a=NULL]\n2 1:k 0: [c=]\n";
        assert_eq!(text(&read), expected, "{codec}");
    }
}
