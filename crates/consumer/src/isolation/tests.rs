//! Tests of `isolation`.
