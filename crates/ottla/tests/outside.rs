//! A crate outside of the workspace that uses the protocol crate and nothing else of ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crate, copied to where building it leaves nothing in the sources. It gets the versions that the workspace has
/// locked, which are there already.
fn copied() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let from = here.join("tests/outside");
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside");
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let protocol = here.join("../protocol").display().to_string().replace('\\', "/");
    let manifest = text(&from.join("Cargo.toml")).replace("../../../protocol", &protocol);
    fs::create_dir_all(to.join("src")).expect("a folder can be made");
    fs::write(to.join("Cargo.toml"), manifest).expect("the manifest can be written");
    fs::write(to.join("src/main.rs"), text(&from.join("src/main.rs"))).expect("the source can be written");
    fs::write(to.join("Cargo.lock"), text(&here.join("../../Cargo.lock"))).expect("the versions can be written");
    to
}

#[test]
fn a_program_of_its_own_encodes_decodes_and_walks_records_with_the_protocol_crate_alone() {
    let folder = copied();
    let outside = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .arg("--manifest-path")
            .arg(folder.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .output()
            .expect("cargo can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
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
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    let ours = || names.iter().filter(|name| name.starts_with("ottla"));
    assert!(ours().any(|name| *name == "ottla-protocol"), "{tree}");
    assert!(
        ours().all(|name| ["ottla-protocol", "ottla-types", "ottla-compression"].contains(name)),
        "others of ours:\n{tree}"
    );
    for codec in ["zstd-safe", "flate2", "snap", "lz4_flex", "ruzstd"] {
        assert!(!names.contains(&codec), "{codec} without its feature:\n{tree}");
    }
    for asked in ["tokio", "syn", "anyhow"] {
        assert!(!names.contains(&asked), "{asked} is in the tree:\n{tree}");
    }
}
