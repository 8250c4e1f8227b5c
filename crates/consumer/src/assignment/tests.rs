//! Tests of `assignment`.
