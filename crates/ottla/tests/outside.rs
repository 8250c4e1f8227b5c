//! A crate outside of the workspace that uses the protocol crate and nothing else of ours.

use std::path::Path;
use std::process::Command;

#[test]
fn a_program_of_its_own_encodes_decodes_and_walks_records_with_the_protocol_crate_alone() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outside/Cargo.toml");
    let outside = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .args(["--locked", "--manifest-path"])
            .arg(&manifest)
            .env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/outside"))
            // What cargo tells this test must not tell the other cargo.
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .output()
            .expect("cargo can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(
        outside(&["run", "--quiet"]),
        "encoded a request of 33 bytes\n\
         decoded response 42: broker 5 is host:9092, orders has 1 partition\n\
         walked over record 0: 12.50 EUR\n\
         walked over record 1: 0.99 EUR\n"
    );
    let tree = outside(&["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    let ours: Vec<&str> =
        tree.lines().filter_map(|line| line.split(' ').next()).filter(|name| name.starts_with("ottla")).collect();
    assert!(ours.contains(&"ottla-protocol"));
    assert!(ours.iter().all(|name| ["ottla-protocol", "ottla-types", "ottla-compression"].contains(name)), "{ours:?}");
    for codec in ["zstd", "flate2", "snap ", "lz4_flex"] {
        assert!(!tree.contains(codec), "{codec} without its feature:\n{tree}");
    }
}
