//! Writing a message: one walk over it, that either counts bytes or writes them.
//!
//! What cannot be written is noted, not returned, so that the generated code has no error path: whoever started the walk
//! looks at the end, and takes back what was written.

use bytes::{Bytes, BytesMut};
use ottla_types::{BrokerId, ErrorCode, ProducerId, Uuid};

use crate::{Absent, EncodeErrorKind, TaggedFields, Utf8Bytes};

/// Records of at least this many bytes are shared with the message instead of being copied, where chunks are taken: below it
/// a copy costs less than a chunk.
const SHARE_FROM: usize = 4096;

/// The most room of one of the buffers that small records are copied to.
const MOST_ROOM: usize = 64 * 1024;

/// The most bytes that a message can have.
const MOST: usize = i32::MAX as usize;

/// What was cut off the buffer where records are shared, and they: on their way to a vectored write.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    head: Option<BytesMut>,
    tail: Vec<Bytes>,
}

impl Chunks {
    /// Takes what comes next.
    fn cut(&mut self, before: BytesMut) {
        if self.head.is_none() {
            self.head = Some(before);
        } else if !before.is_empty() {
            self.tail.push(before.freeze());
        }
    }

    /// What comes before the first shared chunk, and all that comes from there on, `open` being the end.
    pub(crate) fn finish(mut self, open: BytesMut) -> (BytesMut, Vec<Bytes>) {
        let Some(head) = self.head else {
            return (open, self.tail);
        };
        if !open.is_empty() {
            self.tail.push(open.freeze());
        }
        (head, self.tail)
    }
}

/// A message on its way out, in one version.
#[derive(Debug)]
pub struct Writer<'a> {
    /// Where bytes are appended; nowhere, if they are only counted.
    out: Option<&'a mut BytesMut>,
    /// Where `out` is cut, if large records are shared.
    chunks: Option<&'a mut Chunks>,
    /// The bytes that were counted, or cut off.
    elsewhere: usize,
    /// The bytes that were in `out` before.
    before: usize,
    version: i16,
    flexible: bool,
    absent: Absent,
    refusal: Option<(EncodeErrorKind, &'static str)>,
}

impl<'a> Writer<'a> {
    /// Counts.
    pub(crate) fn count(version: i16, flexible: bool, absent: Absent) -> Self {
        Self { out: None, chunks: None, elsewhere: 0, before: 0, version, flexible, absent, refusal: None }
    }

    /// Appends to `out`.
    pub(crate) fn buffer(out: &'a mut BytesMut, version: i16, flexible: bool, absent: Absent) -> Self {
        let before = out.len();
        Self { out: Some(out), before, ..Self::count(version, flexible, absent) }
    }

    /// Appends to `out`, and cuts it for large records, which `chunks` shares with the message.
    pub(crate) fn chunks(
        out: &'a mut BytesMut,
        chunks: &'a mut Chunks,
        version: i16,
        flexible: bool,
        absent: Absent,
    ) -> Self {
        Self { chunks: Some(chunks), ..Self::buffer(out, version, flexible, absent) }
    }

    #[inline]
    pub(crate) fn version(&self) -> i16 {
        self.version
    }

    /// The bytes so far.
    pub(crate) fn len(&self) -> usize {
        let open = self.out.as_ref().map_or(0, |out| out.len());
        self.elsewhere.wrapping_add(open).wrapping_sub(self.before)
    }

    /// Why the message cannot be written, and the field at fault.
    pub(crate) fn refusal(&self) -> Option<(EncodeErrorKind, &'static str)> {
        self.refusal
    }

    /// Notes that the message cannot be written; the first reason stays.
    #[cold]
    pub(crate) fn refuse(&mut self, kind: EncodeErrorKind, field: &'static str) {
        self.refusal.get_or_insert((kind, field));
    }

    /// Notes that a field which the version lacks has a value that cannot be dropped, unless all may be.
    #[cold]
    pub(crate) fn refuse_absent(&mut self, field: &'static str) {
        if self.absent == Absent::Refuse {
            self.refuse(EncodeErrorKind::NotInVersion, field);
        }
    }

    /// Puts a value of fixed width.
    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        match &mut self.out {
            Some(out) => out.extend_from_slice(&bytes),
            None => self.elsewhere = self.elsewhere.wrapping_add(N),
        }
    }

    /// Puts contents, which may be long.
    fn put_slice(&mut self, bytes: &[u8]) {
        if bytes.len() > MOST.saturating_sub(self.len()) {
            return self.refuse(EncodeErrorKind::TooLarge, "");
        }
        match &mut self.out {
            Some(out) => out.extend_from_slice(bytes),
            None => self.elsewhere = self.elsewhere.wrapping_add(bytes.len()),
        }
    }

    #[inline]
    pub(crate) fn bool(&mut self, value: bool) {
        self.put([u8::from(value)]);
    }

    #[inline]
    pub(crate) fn int8(&mut self, value: i8) {
        self.put(value.to_be_bytes());
    }

    #[inline]
    pub(crate) fn int16(&mut self, value: i16) {
        self.put(value.to_be_bytes());
    }

    #[inline]
    pub(crate) fn uint16(&mut self, value: u16) {
        self.put(value.to_be_bytes());
    }

    #[inline]
    pub(crate) fn int32(&mut self, value: i32) {
        self.put(value.to_be_bytes());
    }

    #[allow(dead_code, reason = "no message of this Kafka version has one")]
    pub(crate) fn uint32(&mut self, value: u32) {
        self.put(value.to_be_bytes());
    }

    #[inline]
    pub(crate) fn int64(&mut self, value: i64) {
        self.put(value.to_be_bytes());
    }

    #[inline]
    pub(crate) fn float64(&mut self, value: f64) {
        self.put(value.to_be_bytes());
    }

    #[inline]
    pub(crate) fn uuid(&mut self, value: Uuid) {
        self.put(value.0);
    }

    #[inline]
    pub(crate) fn broker_id(&mut self, value: BrokerId) {
        self.int32(value.0);
    }

    #[inline]
    pub(crate) fn producer_id(&mut self, value: ProducerId) {
        self.int64(value.0);
    }

    #[inline]
    pub(crate) fn error_code(&mut self, value: ErrorCode) {
        self.int16(value.0);
    }

    #[inline]
    pub(crate) fn unsigned_varint(&mut self, value: u32) {
        // Nearly every one of a message is that short; the bytes are cut out of the number on purpose.
        match value {
            0..0x80 => self.put([value as u8]),
            0x80..0x4000 => self.put([value as u8 | 0x80, (value >> 7) as u8]),
            0x4000..0x20_0000 => self.put([value as u8 | 0x80, (value >> 7) as u8 | 0x80, (value >> 14) as u8]),
            _ => {
                let (bytes, length) = varint_bytes(value);
                self.put_slice(bytes.get(..length).unwrap_or_default());
            }
        }
    }

    /// A length or a count, or null.
    #[inline]
    fn length(&mut self, length: Option<usize>, field: &'static str) {
        match length {
            Some(length @ 0..0x7f) if self.flexible => self.put([(length as u8).wrapping_add(1)]),
            length => self.any_length(length, field),
        }
    }

    fn any_length(&mut self, length: Option<usize>, field: &'static str) {
        let length = match length.map(i32::try_from) {
            None => -1,
            Some(Ok(length)) if length < i32::MAX => length,
            Some(_) => return self.refuse(EncodeErrorKind::TooLarge, field),
        };
        if self.flexible {
            self.unsigned_varint(length.saturating_add(1).cast_unsigned());
        } else {
            self.int32(length);
        }
    }

    fn text(&mut self, value: Option<&Utf8Bytes>, compact: bool, field: &'static str) {
        let length = match value.map(|text| i16::try_from(text.as_bytes().len())) {
            None => -1,
            Some(Ok(length)) => length,
            Some(Err(_)) => return self.refuse(EncodeErrorKind::StringTooLong, field),
        };
        if compact {
            self.unsigned_varint(i32::from(length).saturating_add(1).cast_unsigned());
        } else {
            self.int16(length);
        }
        if let Some(text) = value {
            self.put_slice(text.as_bytes());
        }
    }

    pub(crate) fn string(&mut self, value: &Utf8Bytes, field: &'static str) {
        self.text(Some(value), self.flexible, field);
    }

    /// A string; null where `null_allowed` says so.
    pub(crate) fn nullable_string(&mut self, value: &Option<Utf8Bytes>, null_allowed: bool, field: &'static str) {
        match value {
            None if !null_allowed => self.refuse(EncodeErrorKind::NullNotAllowed, field),
            value => self.text(value.as_ref(), self.flexible, field),
        }
    }

    /// A string with a length of two bytes even in flexible versions: the client id of headers.
    pub(crate) fn classic_nullable_string(&mut self, value: &Option<Utf8Bytes>, field: &'static str) {
        self.text(value.as_ref(), false, field);
    }

    pub(crate) fn bytes(&mut self, value: &Bytes, field: &'static str) {
        self.length(Some(value.len()), field);
        self.put_slice(value);
    }

    /// Bytes; null where `null_allowed` says so.
    pub(crate) fn nullable_bytes(&mut self, value: &Option<Bytes>, null_allowed: bool, field: &'static str) {
        match value {
            Some(value) => self.bytes(value, field),
            None if null_allowed => self.length(None, field),
            None => self.refuse(EncodeErrorKind::NullNotAllowed, field),
        }
    }

    /// Records: shared rather than copied where they are large and chunks are taken.
    pub(crate) fn records(&mut self, value: &Bytes, field: &'static str) {
        self.length(Some(value.len()), field);
        let (Some(out), Some(chunks)) = (&mut self.out, &mut self.chunks) else {
            return self.put_slice(value);
        };
        if value.len() >= SHARE_FROM {
            let before = out.split();
            self.elsewhere = self.elsewhere.saturating_add(before.len()).saturating_add(value.len());
            chunks.cut(before);
            return chunks.tail.push(value.clone());
        }
        if out.capacity().saturating_sub(out.len()) < value.len() {
            // Another buffer, so that this one need not grow and be copied.
            let room = out.capacity().saturating_mul(4).clamp(4 * SHARE_FROM, MOST_ROOM);
            let before = std::mem::replace(*out, BytesMut::with_capacity(room));
            self.elsewhere = self.elsewhere.saturating_add(before.len());
            chunks.cut(before);
        }
        self.put_slice(value);
    }

    /// Records; null where `null_allowed` says so.
    pub(crate) fn nullable_records(&mut self, value: &Option<Bytes>, null_allowed: bool, field: &'static str) {
        match value {
            Some(value) => self.records(value, field),
            None => self.nullable_bytes(&None, null_allowed, field),
        }
    }

    #[inline]
    pub(crate) fn array<T>(&mut self, elements: &[T], element: impl Fn(&T, &mut Self), field: &'static str) {
        self.length(Some(elements.len()), field);
        for each in elements {
            element(each, self);
        }
    }

    /// An array; null where `null_allowed` says so.
    pub(crate) fn nullable_array<T>(
        &mut self,
        elements: Option<&[T]>,
        null_allowed: bool,
        element: impl Fn(&T, &mut Self),
        field: &'static str,
    ) {
        match elements {
            Some(elements) => self.array(elements, element, field),
            None if null_allowed => self.length(None, field),
            None => self.refuse(EncodeErrorKind::NullNotAllowed, field),
        }
    }

    /// A struct that may be null in some version: with a marker before it where it may be in this one.
    pub(crate) fn nullable_struct<T>(
        &mut self,
        value: &Option<T>,
        null_allowed: bool,
        write: impl Fn(&T, &mut Self),
        field: &'static str,
    ) {
        match value {
            None if !null_allowed => self.refuse(EncodeErrorKind::NullNotAllowed, field),
            None => self.int8(-1),
            Some(value) => {
                if null_allowed {
                    self.int8(1);
                }
                write(value, self);
            }
        }
    }

    /// The tagged fields of a struct that knows none.
    #[inline]
    pub(crate) fn unknown_tags(&mut self, unknown: &TaggedFields) {
        if unknown.is_empty() {
            return self.put([0]);
        }
        let tags = self.begin_tags(&[], unknown);
        self.end_tags(tags);
    }

    /// In place of tagged fields, where the version has none at all.
    pub(crate) fn no_tags(&mut self, unknown: &TaggedFields) {
        if !unknown.is_empty() {
            self.refuse_absent("unknown tagged fields");
        }
    }

    /// Begins the tagged fields of a struct: those of its own that are `present`, and all that are unknown.
    pub(crate) fn begin_tags<'t>(&mut self, present: &[bool], unknown: &'t TaggedFields) -> TagsBegun<'t> {
        let known = present.iter().filter(|present| **present).count();
        let count = u32::try_from(known.saturating_add(unknown.len())).unwrap_or(u32::MAX);
        self.unsigned_varint(count);
        TagsBegun { unknown: unknown.as_slice(), least: Some(0) }
    }

    /// Begins a known tagged field, after the unknown ones with lesser tags.
    pub(crate) fn begin_tag(&mut self, tags: &mut TagsBegun<'_>, tag: u32) -> TagBegun {
        self.unknown_tags_below(tags, Some(tag));
        self.tag_in_order(tags, tag);
        self.unsigned_varint(tag);
        TagBegun { start: self.len() }
    }

    /// Ends a known tagged field: its length goes before what was written of it.
    pub(crate) fn end_tag(&mut self, begun: TagBegun) {
        let contents = self.len().saturating_sub(begun.start);
        let Ok(length) = u32::try_from(contents) else {
            return self.refuse(EncodeErrorKind::TooLarge, "");
        };
        self.unsigned_varint(length);
        let prefix = self.len().saturating_sub(begun.start).saturating_sub(contents);
        let Some(out) = &mut self.out else { return };
        // No tagged field holds records, so its contents are at the end of the open buffer.
        let start = out.len().saturating_sub(contents.saturating_add(prefix));
        if let Some(field) = out.get_mut(start..) {
            field.rotate_right(prefix);
        }
    }

    /// Ends the tagged fields of a struct, with the unknown ones that are left.
    pub(crate) fn end_tags(&mut self, mut tags: TagsBegun<'_>) {
        self.unknown_tags_below(&mut tags, None);
    }

    fn unknown_tags_below(&mut self, tags: &mut TagsBegun<'_>, bound: Option<u32>) {
        while let Some(((tag, data), rest)) = tags.unknown.split_first() {
            if bound.is_some_and(|bound| *tag >= bound) {
                return;
            }
            self.tag_in_order(tags, *tag);
            self.unsigned_varint(*tag);
            match u32::try_from(data.len()) {
                Ok(length) => self.unsigned_varint(length),
                Err(_) => self.refuse(EncodeErrorKind::TooLarge, ""),
            }
            self.put_slice(data);
            tags.unknown = rest;
        }
    }

    fn tag_in_order(&mut self, tags: &mut TagsBegun<'_>, tag: u32) {
        match tags.least {
            Some(least) if tag >= least => tags.least = tag.checked_add(1),
            _ => self.refuse(EncodeErrorKind::TagsOutOfOrder, "unknown tagged fields"),
        }
    }
}

/// How far the tagged fields of one struct are written.
#[derive(Debug)]
pub(crate) struct TagsBegun<'t> {
    /// Those that are not written yet.
    unknown: &'t [(u32, Bytes)],
    /// The least tag that may follow.
    least: Option<u32>,
}

/// A known tagged field whose contents are being written.
#[derive(Debug)]
pub(crate) struct TagBegun {
    start: usize,
}

/// A varint and how many of the bytes it takes.
pub(crate) fn varint_bytes(value: u32) -> ([u8; 5], usize) {
    let mut bytes = [0; 5];
    let mut left = value;
    let mut length = 0_usize;
    for byte in &mut bytes {
        length = length.saturating_add(1);
        let low = (left & 0x7f) as u8;
        left >>= 7;
        if left == 0 {
            *byte = low;
            break;
        }
        *byte = low | 0x80;
    }
    (bytes, length)
}
