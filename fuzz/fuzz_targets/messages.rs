//! Any bytes, read as any message in any version: read or refused, and what was read is written as announced and read
//! again the same.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(picked) = ottla_fuzz::pick(data) {
        picked.round_trip();
    }
});
