//! Where in a message a walk is, by the names of the fields that lead there.

use std::fmt;

use super::Level;
use crate::schema::FieldSchema;

/// The way to a value, by Kafka's names: `Responses[3].Partitions[0].Records`.
#[derive(Clone, Copy, Debug)]
pub struct Path<'w> {
    levels: &'w [Level],
}

impl<'w> Path<'w> {
    pub(super) fn new(levels: &'w [Level]) -> Self {
        Self { levels }
    }

    /// The fields on the way, the outermost first.
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = &'static FieldSchema> + use<'w> {
        self.levels.iter().filter_map(|level| level.field)
    }

    /// Whether these are the names of all fields on the way, wherever in their arrays.
    pub fn is(&self, names: &[&str]) -> bool {
        let mut fields = self.fields().map(|field| field.name);
        names.iter().all(|name| fields.next() == Some(name)) && fields.next().is_none()
    }

    /// Whether this is the way to an element of an array.
    pub(super) fn is_element(&self) -> bool {
        self.levels.last().is_some_and(|level| level.index().is_some())
    }

    /// The places in the arrays on the way, the outermost first.
    pub fn indexes(&self) -> impl DoubleEndedIterator<Item = usize> + use<'w> {
        self.levels.iter().filter_map(Level::index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut dot = "";
        for level in self.levels {
            match level.field {
                Some(field) => write!(f, "{dot}{}", field.name)?,
                None if level.is_in_tags() => write!(f, "{dot}_tagged_fields")?,
                None => continue,
            }
            if let Some(index) = level.index() {
                write!(f, "[{index}]")?;
            }
            dot = ".";
        }
        Ok(())
    }
}
