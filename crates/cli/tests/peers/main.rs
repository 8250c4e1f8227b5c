//! Clients that nobody here wrote, producing to `ottla mock` and consuming from it. `cargo xtask test` builds or brings
//! them and says in the environment where they are; docs/testing.md tells more.

mod go;
mod java;
mod mock;
