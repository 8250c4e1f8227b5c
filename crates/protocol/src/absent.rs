//! The choice that writing an older version asks for.

/// What becomes of a field that is not the default in a version that lacks it.
///
/// Fields that the definition calls ignorable are dropped with either. Null where the version knows none is refused
/// with either, for nothing can stand in its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Absent {
    /// The message is refused, with the name of the field: dropping it would change what the message means.
    #[default]
    Refuse,
    /// The field is left out, unknown tagged fields too: for proxies that must speak an old version whatever it takes.
    Drop,
}
