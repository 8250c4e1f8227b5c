//! What `cargo xtask codegen` writes.

pub(crate) mod api_keys;
