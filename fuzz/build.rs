//! Lists every message of the protocol crate, by its re-exports, so that no new one goes unfuzzed.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let source = "../crates/protocol/src/generated/messages.rs";
    println!("cargo::rerun-if-changed={source}");
    let mut list = String::from("&[\n");
    for line in fs::read_to_string(source)?.lines() {
        let Some(path) = line.strip_prefix("pub use ").and_then(|line| line.strip_suffix(';')) else { continue };
        let Some((_, names)) = path.split_once("::") else { continue };
        for name in names.trim_matches(['{', '}']).split(',').map(str::trim).filter(|name| !name.is_empty()) {
            list.push_str(&format!("    Target::of::<ottla_protocol::messages::{name}>(),\n"));
        }
    }
    list.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("messages.rs"), list)?;
    Ok(())
}
