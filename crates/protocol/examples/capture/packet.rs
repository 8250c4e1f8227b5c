//! What a packet has of TCP: through the headers of the link and of IP.

use std::net::{IpAddr, SocketAddr};

/// A segment of a TCP connection.
#[derive(Debug, PartialEq)]
pub(crate) struct Segment<'a> {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    /// The place of the payload's first byte in its stream; that of a SYN is counted too.
    pub(crate) sequence: u32,
    pub(crate) syn: bool,
    pub(crate) payload: &'a [u8],
}

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const VLAN: [u16; 2] = [0x8100, 0x88a8];
const TCP: u8 = 6;

/// The TCP segment in a packet. None in what is something else, or not there whole: captures are to be made with `-s 0`.
pub(crate) fn tcp(link: u32, packet: &[u8]) -> Option<Segment<'_>> {
    let mut packet = packet;
    let protocol = match link {
        // BSD's loopback: an address family in the byte order of its machine; IP itself tells its version.
        0 | 108 => ip_version(packet.get(4..)?, &mut packet)?,
        // Ethernet: two addresses, perhaps VLANs.
        1 => {
            packet = packet.get(12..)?;
            let mut protocol = word(packet, 0)?;
            while VLAN.contains(&protocol) {
                packet = packet.get(4..)?;
                protocol = word(packet, 0)?;
            }
            packet = packet.get(2..)?;
            protocol
        }
        // IP and nothing before it.
        12 | 14 | 101 | 228 | 229 => ip_version(packet, &mut packet)?,
        // Linux "any": what it calls cooked, in two versions.
        113 => {
            let protocol = word(packet, 14)?;
            packet = packet.get(16..)?;
            protocol
        }
        276 => {
            let protocol = word(packet, 0)?;
            packet = packet.get(20..)?;
            protocol
        }
        _ => return None,
    };
    match protocol {
        IPV4 => ipv4(packet),
        IPV6 => ipv6(packet),
        _ => None,
    }
}

fn ip_version<'a>(packet: &'a [u8], rest: &mut &'a [u8]) -> Option<u16> {
    *rest = packet;
    match packet.first()? >> 4 {
        4 => Some(IPV4),
        6 => Some(IPV6),
        _ => None,
    }
}

fn ipv4(packet: &[u8]) -> Option<Segment<'_>> {
    let header = usize::from(packet.first()? & 0xf) * 4;
    // What is behind the packet is padding of the link. Zero is written where the network card cuts it up later.
    let length = match usize::from(word(packet, 2)?) {
        0 => packet.len(),
        length => length,
    };
    let is_fragment = word(packet, 6)? & 0x3fff != 0;
    if *packet.get(9)? != TCP || is_fragment {
        return None;
    }
    let address = |at: usize| packet.get(at..)?.first_chunk::<4>().map(|octets| IpAddr::from(*octets));
    segment(address(12)?, address(16)?, packet.get(header..length)?)
}

fn ipv6(packet: &[u8]) -> Option<Segment<'_>> {
    let length = match usize::from(word(packet, 4)?) {
        0 => packet.len(),
        length => length + 40,
    };
    let address = |at: usize| packet.get(at..)?.first_chunk::<16>().map(|octets| IpAddr::from(*octets));
    let (from, to) = (address(8)?, address(24)?);
    let mut next = *packet.get(6)?;
    let mut rest = packet.get(40..length)?;
    // Options on the way, routing, options at the end: each tells what follows it, and its length.
    while [0, 43, 60].contains(&next) {
        next = *rest.first()?;
        rest = rest.get((usize::from(*rest.get(1)?) + 1) * 8..)?;
    }
    if next == TCP { segment(from, to, rest) } else { None }
}

fn segment(from: IpAddr, to: IpAddr, tcp: &[u8]) -> Option<Segment<'_>> {
    let header = usize::from(tcp.get(12)? >> 4) * 4;
    Some(Segment {
        from: SocketAddr::new(from, word(tcp, 0)?),
        to: SocketAddr::new(to, word(tcp, 2)?),
        sequence: u32::from_be_bytes(*tcp.get(4..)?.first_chunk()?),
        syn: tcp.get(13)? & 2 != 0,
        payload: tcp.get(header..)?,
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
