//! Which partition a record goes to: the record's own choice, else by its key, else where the batch is being filled.

pub(crate) mod murmur2;
pub(crate) mod sticky;

pub use murmur2::partition_for_key;
