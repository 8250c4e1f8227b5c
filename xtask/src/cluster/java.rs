//! The Java that runs brokers and tools.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::util::{self, Result};

/// The oldest Java that Kafka 4.x runs on.
const OLDEST: u32 = 17;

/// Where Java is: under `JAVA_HOME`, else on the path. Fails when there is none, or only one too old.
pub fn find() -> Result<PathBuf> {
    let java = program("java");
    let printed = util::raw_output(Command::new(&java).arg("-version"))?;
    let text = String::from_utf8_lossy(&printed.stderr).into_owned();
    match major_version(&text) {
        Some(major) if major >= OLDEST => Ok(java),
        Some(major) => Err(format!("Java {OLDEST} or newer is needed, `{}` is Java {major}", java.display()).into()),
        None => Err(format!("`{} -version` printed no version: {}", java.display(), text.trim()).into()),
    }
}

/// Where the Java compiler is. Fails when there is none: what runs Java need not be able to compile it.
pub fn find_compiler() -> Result<PathBuf> {
    let javac = program("javac");
    if util::succeeds(&javac, &["-version"]) {
        return Ok(javac);
    }
    Err(format!("`{}` is needed: a JDK of Java {OLDEST} or newer, not only a JRE", javac.display()).into())
}

fn program(name: &str) -> PathBuf {
    match std::env::var_os("JAVA_HOME") {
        Some(home) => Path::new(&home).join("bin").join(name),
        None => PathBuf::from(name),
    }
}

/// A Java command with all of a Kafka version's jars on its class path.
pub fn command(java: &Path, libs: &Path, heap_mib: u32) -> Command {
    let mut command = Command::new(java);
    command.arg(format!("-Xmx{heap_mib}m"));
    command.args(["-XX:+UseSerialGC", "-XX:-UsePerfData", "-Djava.awt.headless=true"]);
    command.arg("-cp").arg(libs.join("*"));
    command
}

fn major_version(text: &str) -> Option<u32> {
    let quoted = text.split('"').nth(1)?;
    quoted.split(['.', '-', '+']).next()?.parse().ok()
}
