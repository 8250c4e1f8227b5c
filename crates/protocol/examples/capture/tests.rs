//! Captures made by hand, in every form, and what is read out of them.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use ottla_protocol::messages::{
    InitProducerIdRequest, InitProducerIdResponse, SaslAuthenticateRequest, SaslAuthenticateResponse,
};
use ottla_protocol::walk::Payloads;
use ottla_protocol::{ProducerId, Request, Response, frame};
use serde_json::Value;

use super::{captured, dumped};

fn request<R: Request>(request: &R, version: i16, correlation_id: i32) -> Vec<u8> {
    let mut frame = frame::encode_request(request, version, Some("me")).unwrap();
    frame.set_correlation_id(correlation_id);
    [&frame.head[..], &frame.tail.concat()].concat()
}

fn response<R: Response>(response: &R, version: i16, correlation_id: i32) -> Vec<u8> {
    frame::encode_response(response, version, correlation_id).unwrap().concat()
}

/// An exchange of two requests and their responses.
fn exchange() -> [Vec<u8>; 4] {
    let init = InitProducerIdResponse { producer_id: ProducerId(4711), ..Default::default() };
    [
        request(&InitProducerIdRequest::default(), 4, 1),
        response(&init, 4, 1),
        request(&SaslAuthenticateRequest { auth_bytes: "secret".into(), ..Default::default() }, 2, 2),
        response(&SaslAuthenticateResponse { auth_bytes: "welcome".into(), ..Default::default() }, 2, 2),
    ]
}

/// Packets of one connection, between 10.0.0.1:50000 and 10.0.0.2:9092.
#[derive(Default)]
struct Wire {
    packets: Vec<Vec<u8>>,
    /// How many bytes each side sent.
    sent: [u32; 2],
    ipv6: bool,
    vlan: bool,
}

impl Wire {
    fn opened() -> Self {
        let mut wire = Self::default();
        wire.packets.push(wire.packet(0, u32::MAX - 5, 2, b""));
        wire.packets.push(wire.packet(1, u32::MAX - 5, 0x12, b""));
        wire
    }

    /// The next bytes of a side. Sequence numbers begin shortly before they go round.
    fn send(&mut self, side: usize, bytes: &[u8]) {
        let packet = self.packet(side, (u32::MAX - 4).wrapping_add(self.sent[side]), 0x18, bytes);
        self.sent[side] += u32::try_from(bytes.len()).unwrap();
        self.packets.push(packet);
    }

    fn packet(&self, side: usize, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
        let (ports, last) = ([50_000_u16, 9092], [1_u8, 2]);
        let other = 1 - side;
        let mut tcp = [ports[side].to_be_bytes(), ports[other].to_be_bytes()].concat();
        tcp.extend_from_slice(&sequence.to_be_bytes());
        // With four bytes of options.
        tcp.extend_from_slice(&[0, 0, 0, 0, 0x60, flags, 0xff, 0xff, 0, 0, 0, 0, 1, 1, 1, 1]);
        tcp.extend_from_slice(payload);
        let mut packet = vec![0xee; 12];
        if self.vlan {
            packet.extend_from_slice(&[0x81, 0, 0, 5]);
        }
        let length = u16::try_from(tcp.len()).unwrap();
        if self.ipv6 {
            packet.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0]);
            packet.extend_from_slice(&(length + 8).to_be_bytes());
            // Options come before TCP.
            packet.extend_from_slice(&[0, 64]);
            for address in [last[side], last[other]] {
                packet.extend_from_slice(&[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, address]);
            }
            packet.extend_from_slice(&[6, 0, 1, 4, 0, 0, 0, 0]);
        } else {
            packet.extend_from_slice(&[8, 0, 0x45, 0]);
            packet.extend_from_slice(&(length + 20).to_be_bytes());
            packet.extend_from_slice(&[0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, last[side], 10, 0, 0, last[other]]);
        }
        packet.extend_from_slice(&tcp);
        // Ethernet fills short packets up.
        packet.extend_from_slice(&[0; 6]);
        packet
    }
}

/// All of an exchange in packets of these many bytes.
fn conversation(mut wire: Wire, size: usize) -> Vec<Vec<u8>> {
    for (place, frame) in exchange().iter().enumerate() {
        frame.chunks(size).for_each(|piece| wire.send(place % 2, piece));
    }
    wire.packets
}

fn pcap(packets: &[Vec<u8>], little: bool, magic: u32, link: u32) -> Vec<u8> {
    let number = |number: u32| if little { number.to_le_bytes() } else { number.to_be_bytes() };
    let mut file = [number(magic), number(0x0004_0002), [0; 4], [0; 4], number(65_535), number(link)].concat();
    for (place, packet) in packets.iter().enumerate() {
        let (length, fraction) = (u32::try_from(packet.len()).unwrap(), u32::try_from(place).unwrap() * 1000);
        file.extend_from_slice(&[number(1_700_000_000), number(fraction), number(length), number(length)].concat());
        file.extend_from_slice(packet);
    }
    file
}

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
const ETHERNET: u32 = 1;

fn read(file: &[u8]) -> (Vec<Value>, String) {
    let mut out = Vec::new();
    let told = captured(file, 9092, Payloads::Hidden, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), told)
}

/// The four messages of the exchange, as they should come out.
fn is_the_exchange(lines: &[Value]) {
    assert_eq!(lines.len(), 4, "{lines:#?}");
    for (line, (kind, api)) in lines.iter().zip([
        ("request", "InitProducerId"),
        ("response", "InitProducerId"),
        ("request", "SaslAuthenticate"),
        ("response", "SaslAuthenticate"),
    ]) {
        assert_eq!((line["kind"].as_str(), line["api"].as_str()), (Some(kind), Some(api)));
    }
    assert_eq!(lines[1]["message"]["body"]["producerId"], 4711);
    assert_eq!(lines[2]["message"]["header"]["correlationId"], 2);
    assert_eq!(lines[2]["message"]["body"], serde_json::json!({"authBytesSizeInBytes": 6}));
}

#[test]
fn every_form_of_file_and_of_packet_is_read() {
    let plain = conversation(Wire::opened(), 1000);
    for (little, magic) in [(true, MICROSECONDS), (false, MICROSECONDS), (true, NANOSECONDS), (false, NANOSECONDS)] {
        let (lines, told) = read(&pcap(&plain, little, magic, ETHERNET));
        is_the_exchange(&lines);
        assert_eq!(lines[0]["client"], "10.0.0.1:50000");
        let took = if magic == NANOSECONDS { 0.001 } else { 1.0 };
        assert!((lines[1]["tookMs"].as_f64().unwrap() - took).abs() < 0.0009, "{told} {}", lines[1]);
        assert!(told.ends_with("1 connections, 2 requests, 2 responses, 0 not read"), "{told}");
    }
    let without_link: Vec<_> = plain.iter().map(|packet| packet[14..].to_vec()).collect();
    is_the_exchange(&read(&pcap(&without_link, true, MICROSECONDS, 101)).0);
    let cooked: Vec<_> = without_link.iter().map(|packet| [&[0; 14][..], &[8, 0], packet].concat()).collect();
    is_the_exchange(&read(&pcap(&cooked, true, MICROSECONDS, 113)).0);
    for (ipv6, vlan) in [(true, false), (true, true), (false, true)] {
        let packets = conversation(Wire { ipv6, vlan, ..Wire::default() }, 1000);
        is_the_exchange(&read(&pcap(&packets, true, MICROSECONDS, ETHERNET)).0);
    }
}

#[test]
fn pcapng_is_read_with_the_clock_of_each_interface() {
    let block = |kind: u32, body: &[u8]| {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let length = u32::try_from(body.len()).unwrap() + 12;
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), &body, &length.to_le_bytes()].concat()
    };
    let mut file = block(0x0a0d_0d0a, &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    // Ethernet, in milliseconds; then a block that nobody knows.
    file.extend(block(1, &[1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0]));
    file.extend(block(0x0bad, b"whatever"));
    for (place, packet) in conversation(Wire::opened(), 1000).iter().enumerate() {
        let ticks = 1_700_000_000_000_u64 + place as u64;
        let length = u32::try_from(packet.len()).unwrap().to_le_bytes();
        let (high, low) = (u32::try_from(ticks >> 32).unwrap(), ticks as u32);
        let head = [[0; 4], high.to_le_bytes(), low.to_le_bytes(), length, length].concat();
        file.extend(block(6, &[head, packet.clone()].concat()));
    }
    let (lines, _) = read(&file);
    is_the_exchange(&lines);
    assert_eq!(lines[0]["time"], 1_700_000_000.002);
    assert_eq!(lines[1]["tookMs"], 1.0);
}

#[test]
fn packets_may_be_small_late_and_sent_twice() {
    let mut packets = conversation(Wire::opened(), 3);
    is_the_exchange(&read(&pcap(&packets, true, MICROSECONDS, ETHERNET)).0);
    // Each pair of neighbours of one side the other way round, and one of both again.
    for place in (2..packets.len() - 1).step_by(2) {
        if packets[place][26..30] == packets[place + 1][26..30] {
            packets.swap(place, place + 1);
        }
    }
    for place in (2..packets.len()).rev() {
        packets.insert(place, packets[place].clone());
    }
    is_the_exchange(&read(&pcap(&packets, true, MICROSECONDS, ETHERNET)).0);
}

#[test]
fn bytes_that_were_sent_again_in_other_pieces_count_once() {
    let mut wire = Wire::opened();
    let [first, answer, ..] = exchange();
    wire.send(0, &first[..10]);
    wire.sent = [4, 0];
    wire.send(0, &first[4..]);
    wire.send(1, &answer);
    let (lines, told) = read(&pcap(&wire.packets, true, MICROSECONDS, ETHERNET));
    assert_eq!(lines.len(), 2, "{told}");
    assert!(told.ends_with("0 not read"), "{told}");
}

#[test]
fn what_is_missing_costs_the_frame_it_was_in_and_no_other() {
    let [first, answer, second, last] = exchange();
    let mut wire = Wire::opened();
    wire.send(0, &first);
    wire.send(1, &answer);
    wire.send(0, &first[..20]);
    let lost = wire.packets.len();
    wire.send(0, &first[20..]);
    wire.packets.remove(lost);
    wire.send(0, &second);
    wire.send(1, &last);
    let (lines, told) = read(&pcap(&wire.packets, true, MICROSECONDS, ETHERNET));
    let kinds: Vec<_> = lines.iter().map(|line| line["undecoded"].is_null()).collect();
    // That a packet is missing shows at the end of the capture, so the response is told before its request is.
    assert_eq!(kinds, [true, true, false, false, true], "{told} {lines:#?}");
    assert!(lines[2]["undecoded"].as_str().unwrap().contains("request 2 that it answers was not seen"));
    assert!(lines[3]["undecoded"].as_str().unwrap().contains("cut short"));
    assert_eq!(lines[4]["api"], "SaslAuthenticate");
}

#[test]
fn a_capture_may_begin_and_end_in_the_middle_of_a_frame() {
    let [first, answer, second, last] = exchange();
    let mut wire = Wire::default();
    wire.send(0, &first[9..]);
    wire.send(1, &answer[9..]);
    wire.send(0, &second);
    wire.send(1, &last);
    let file = pcap(&wire.packets, true, MICROSECONDS, ETHERNET);
    let (lines, told) = read(&file);
    assert_eq!(lines.len(), 2, "{told} {lines:#?}");
    assert_eq!(lines[1]["api"], "SaslAuthenticate");
    let (lines, told) = read(&file[..file.len() - 3]);
    assert_eq!(lines.len(), 1);
    assert!(told.contains("the file is cut short or damaged"), "{told}");
}

#[test]
fn what_is_not_kafka_is_told_and_does_no_harm() {
    let mut wire = Wire::opened();
    wire.send(0, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc");
    wire.send(0, b"\x00\x00\x00\x0b\x7f\xff\x00\x01what???");
    let (lines, told) = read(&pcap(&wire.packets, true, MICROSECONDS, ETHERNET));
    assert!(lines[0]["undecoded"].as_str().unwrap().contains("no frame begins with 16030102"), "{told}");
    assert!(captured(b"GET / HTTP/1.1", 9092, Payloads::Hidden, &mut Vec::new()).is_err());
}

#[test]
fn damaged_captures_do_not_panic() {
    let files = [
        pcap(&conversation(Wire::opened(), 7), true, MICROSECONDS, ETHERNET),
        pcap(&conversation(Wire { ipv6: true, ..Wire::default() }, 50), false, MICROSECONDS, ETHERNET),
    ];
    for file in &files {
        for place in 24..file.len() {
            for damage in [0x00, 0x7f, 0xff] {
                let mut file = file.clone();
                file[place] = damage;
                let _ = captured(&file, 9092, Payloads::Shown, &mut Vec::new());
            }
        }
    }
}

/// Bytes as Wireshark, `hexdump -C` and xxd print them.
fn dump(bytes: &[u8], indent: &str, form: &str) -> String {
    let mut text = String::new();
    for (line, bytes) in bytes.chunks(16).enumerate() {
        let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let ascii: String =
            bytes.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
        let place = line * 16;
        let halves: Vec<_> = hex.chunks(8).map(|half| half.join(" ")).collect();
        text.push_str(&match form {
            "wireshark" => format!("{indent}{place:08x}  {:<49}  {ascii}\n", halves.join("  ")),
            "hexdump" => format!("{indent}{place:08x}  {:<49} |{ascii}|\n", halves.join("  ")),
            _ => {
                let pairs: Vec<_> = hex.chunks(2).map(|pair| pair.concat()).collect();
                format!("{indent}{place:08x}: {:<39}  {ascii}\n", pairs.join(" "))
            }
        });
    }
    text
}

#[test]
fn hex_dumps_of_every_program_are_read() {
    for form in ["wireshark", "hexdump", "xxd"] {
        let [first, answer, second, last] = exchange();
        let texts =
            [dump(&first, "", form), dump(&answer, "    ", form), dump(&second, "", form), dump(&last, "\t", form)];
        let mut out = Vec::new();
        let told = dumped(texts.concat().as_bytes(), Payloads::Hidden, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        is_the_exchange(&lines);
        assert!(told.contains("0 not read"), "{form}: {told}");
    }
    assert!(dumped(b"nothing of the kind", Payloads::Hidden, &mut Vec::new()).is_err());
}
