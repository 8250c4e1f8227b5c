//! Tests of `fetch_session`.
