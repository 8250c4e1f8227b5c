//! Packets out of capture files: pcap of either byte order, with micro- or nanoseconds, and pcapng.

/// A captured packet.
#[derive(Debug, PartialEq)]
pub(crate) struct Packet<'a> {
    /// What its first header is, by the numbers of <https://www.tcpdump.org/linktypes.html>.
    pub(crate) link: u32,
    /// Seconds since 1970.
    pub(crate) time: f64,
    pub(crate) bytes: &'a [u8],
}

/// The packets of a file.
pub(crate) struct Packets<'a> {
    rest: &'a [u8],
    little: bool,
    form: Form,
}

enum Form {
    /// One link type for all, and this many parts of a second.
    Pcap { link: u32, fraction: f64 },
    /// Link type and fraction of each interface.
    PcapNg { interfaces: Vec<(u32, f64)> },
}

const MICROSECONDS: f64 = 1e-6;
const NANOSECONDS: f64 = 1e-9;

impl<'a> Packets<'a> {
    /// Reads the beginning of a file.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, String> {
        let magic = bytes.first_chunk().ok_or("the file is empty, or nearly")?;
        let (little, fraction) = match magic {
            [0xd4, 0xc3, 0xb2, 0xa1] => (true, MICROSECONDS),
            [0xa1, 0xb2, 0xc3, 0xd4] => (false, MICROSECONDS),
            [0x4d, 0x3c, 0xb2, 0xa1] => (true, NANOSECONDS),
            [0xa1, 0xb2, 0x3c, 0x4d] => (false, NANOSECONDS),
            [0x0a, 0x0d, 0x0d, 0x0a] => {
                let form = Form::PcapNg { interfaces: Vec::new() };
                return Ok(Self { rest: bytes, little: true, form });
            }
            _ => return Err("this is neither pcap nor pcapng; a hex dump wants --hex".to_owned()),
        };
        let link = number(bytes, 20, little).ok_or("the header is cut short")?;
        // The upper bits are for other things.
        let form = Form::Pcap { link: link & 0xffff, fraction };
        Ok(Self { rest: bytes.get(24..).unwrap_or_default(), little, form })
    }

    fn pcap(&mut self, link: u32, fraction: f64) -> Option<Packet<'a>> {
        let field = |at| number(self.rest, at, self.little);
        let time = f64::from(field(0)?) + f64::from(field(4)?) * fraction;
        let (bytes, rest) = self.rest.get(16..)?.split_at_checked(field(8)? as usize)?;
        self.rest = rest;
        Some(Packet { link, time, bytes })
    }

    /// The next block, if it is one with a packet; `None` in the inner place for other blocks.
    fn block(&mut self) -> Option<Option<Packet<'a>>> {
        const SECTION: u32 = 0x0a0d_0d0a;
        const INTERFACE: u32 = 1;
        const SIMPLE_PACKET: u32 = 3;
        const ENHANCED_PACKET: u32 = 6;
        // The first number reads the same either way; the second tells the byte order.
        if number(self.rest, 0, true)? == SECTION {
            self.little = self.rest.get(8..12)? == [0x4d, 0x3c, 0x2b, 0x1a];
        }
        let little = self.little;
        let kind = number(self.rest, 0, little)?;
        let length = number(self.rest, 4, little)? as usize;
        if length < 12 {
            return None;
        }
        let (block, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        let body = block.get(8..length.checked_sub(4)?)?;
        let Form::PcapNg { interfaces } = &mut self.form else { return None };
        let packet = match kind {
            SECTION => {
                interfaces.clear();
                None
            }
            INTERFACE => {
                interfaces.push((number(body, 0, little)? & 0xffff, resolution(body.get(8..)?, little)));
                None
            }
            ENHANCED_PACKET => {
                let (link, fraction) = *interfaces.get(number(body, 0, little)? as usize)?;
                let ticks = u64::from(number(body, 4, little)?) << 32 | u64::from(number(body, 8, little)?);
                let bytes = body.get(20..)?.get(..number(body, 12, little)? as usize)?;
                Some(Packet { link, time: ticks as f64 * fraction, bytes })
            }
            SIMPLE_PACKET => {
                let (link, _) = *interfaces.first()?;
                let bytes = body.get(4..)?;
                let length = (number(body, 0, little)? as usize).min(bytes.len());
                Some(Packet { link, time: 0.0, bytes: bytes.get(..length)? })
            }
            _ => None,
        };
        Some(packet)
    }
}

/// The part of a second that an interface counts in, by its options.
fn resolution(mut options: &[u8], little: bool) -> f64 {
    const IF_TSRESOL: u32 = 9;
    // Code and length share one number.
    while let Some(head) = number(options, 0, little) {
        let (code, length) = if little { (head & 0xffff, head >> 16) } else { (head >> 16, head & 0xffff) };
        match (code, options.get(4)) {
            (0, _) => break,
            (IF_TSRESOL, Some(exponent)) => {
                let base: f64 = if exponent & 0x80 == 0 { 10.0 } else { 2.0 };
                return base.powi(-i32::from(exponent & 0x7f));
            }
            _ => {}
        }
        let padded = (length as usize).next_multiple_of(4);
        options = options.get(padded + 4..).unwrap_or_default();
    }
    MICROSECONDS
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let next = match self.form {
                Form::Pcap { link, fraction } => self.pcap(link, fraction).map(Some),
                Form::PcapNg { .. } => self.block(),
            };
            match next {
                Some(Some(packet)) => return Some(Ok(packet)),
                Some(None) => {}
                None => {
                    let left = std::mem::take(&mut self.rest).len();
                    return Some(Err(format!("the file is cut short or damaged: {left} bytes are left")));
                }
            }
        }
        None
    }
}

/// A number of four bytes.
fn number(bytes: &[u8], at: usize, little: bool) -> Option<u32> {
    let bytes = *bytes.get(at..)?.first_chunk()?;
    Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
}
