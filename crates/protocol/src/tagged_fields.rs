//! Tagged fields that this version of the crate does not know, kept so that they survive decoding and encoding.

use std::fmt;

use bytes::Bytes;

/// The unknown tagged fields of one struct, as they were read. One pointer wide, and nothing is allocated while empty.
///
/// `Debug` prints the length of what is in them, which may be anything.
///
/// Encoding asks for ascending tags without repetition, none of them known to the struct.
#[derive(Clone, Default, PartialEq)]
pub struct TaggedFields(Option<Box<Fields>>);

#[derive(Clone, Default, PartialEq)]
struct Fields(Vec<(u32, Bytes)>);

impl TaggedFields {
    /// No fields.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// The number of fields.
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Adds a field after the others.
    pub fn push(&mut self, tag: u32, data: Bytes) {
        let fields = &mut self.0.get_or_insert_default().0;
        if fields.len() == fields.capacity() {
            // Most often there is one; and of many, two bytes each on the wire, no more than half as many are foreseen.
            fields.reserve_exact((fields.len() >> 1).max(1));
        }
        fields.push((tag, data));
    }

    /// The contents of the first field with this tag.
    pub fn get(&self, tag: u32) -> Option<&Bytes> {
        self.as_slice().iter().find(|field| field.0 == tag).map(|field| &field.1)
    }

    /// Tags and contents, in the order in which they were read or added.
    pub fn as_slice(&self) -> &[(u32, Bytes)] {
        self.0.as_deref().map_or(&[], |fields| &fields.0)
    }
}

impl fmt::Debug for TaggedFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (tag, contents) in self.as_slice() {
            map.entry(tag, &format_args!("<{} bytes>", contents.len()));
        }
        map.finish()
    }
}

impl FromIterator<(u32, Bytes)> for TaggedFields {
    fn from_iter<I: IntoIterator<Item = (u32, Bytes)>>(fields: I) -> Self {
        let fields: Vec<_> = fields.into_iter().collect();
        Self((!fields.is_empty()).then(|| Box::new(Fields(fields))))
    }
}

#[cfg(test)]
mod tests;
