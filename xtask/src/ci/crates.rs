//! The checks of the crates that others use by themselves: every feature alone, without C, as packages, and their interfaces.

use std::process::Command;

use crate::util::{self, Result};

const WASM: &str = "wasm32-unknown-unknown";

/// Every feature alone, none, and the sets that users of one direction take.
const PROTOCOL: [&str; 10] = [
    "",
    "messages",
    "client",
    "broker",
    "records",
    "gzip",
    "client,broker",
    "client,records",
    "broker,records,gzip,snappy,lz4,zstd-decode",
    "records,zstd,zstd-decode",
];
const COMPRESSION: [&str; 6] = ["", "gzip", "snappy", "lz4", "zstd", "zstd-decode"];

/// Without a C compiler: everything but the C library of zstd.
const WITHOUT_C: [(&str, &str); 2] = [
    ("ottla-protocol", "client,broker,records,gzip,snappy,lz4,zstd-decode"),
    ("ottla-compression", "gzip,snappy,lz4,zstd-decode"),
];

/// Code and documentation under each set of features, and for a machine without a C compiler.
pub(super) fn features() -> Result<()> {
    for (package, sets) in [("ottla-protocol", &PROTOCOL[..]), ("ottla-compression", &COMPRESSION[..])] {
        for set in sets {
            println!("{package}: {}", if set.is_empty() { "no features" } else { set });
            let chosen = ["--quiet", "--locked", "--package", package, "--no-default-features", "--features", set];
            util::run(util::cargo().arg("clippy").args(chosen).args(["--", "-D", "warnings"]))?;
            util::run(util::cargo().args(["doc", "--no-deps"]).args(chosen).env("RUSTDOCFLAGS", "-D warnings"))?;
        }
    }
    if !util::output(Command::new("rustup").args(["target", "list", "--installed"])).is_ok_and(|all| all.contains(WASM))
    {
        util::run(Command::new("rustup").args(["target", "add", WASM]))?;
    }
    for (package, set) in WITHOUT_C {
        println!("{package} for {WASM}: {set}");
        let chosen = ["--quiet", "--locked", "--package", package, "--no-default-features", "--features", set];
        util::run(util::cargo().args(["check", "--target", WASM]).args(chosen))?;
    }
    Ok(())
}

/// Packs the crates as for crates.io and builds each from its package.
pub(super) fn package() -> Result<()> {
    let packages = ["ottla-types", "ottla-compression", "ottla-protocol"].map(|package| ["--package", package]);
    util::run(util::cargo().args(["package", "--locked", "--allow-dirty", "--quiet"]).args(packages.concat()))
}
