//! `cargo xtask`: every step of building, testing and measuring ottla, one file a command.

fn main() {}
