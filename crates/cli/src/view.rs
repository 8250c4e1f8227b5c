//! A consumed record as the output formats see it.

/// Borrowed parts of one record.
pub(crate) struct View<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    /// Milliseconds since 1970, or −1 where the record has none.
    pub(crate) timestamp: i64,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    /// Empty where the format did not ask for headers.
    pub(crate) headers: &'a [(&'a [u8], Option<&'a [u8]>)],
}
