//! The clients that can be measured: how each is built, and its command line as a template.

use std::path::PathBuf;
use std::process::Command;

use crate::cluster;
use crate::util::{self, Result};

/// The clients in benches/compare/rust-bench.
const RUST: [&str; 5] = ["rdkafka", "krafka", "kacrab", "confluent-kafka", "rskafka"];
/// The clients in benches/compare/go-bench.
const GO: [&str; 3] = ["franz-go", "sarama", "kafka-go"];

/// The flags of the programs in benches/compare.
const THEIR_FLAGS: &str = "{mode} --bs {brokers} --topic {topic} --n {n} --size {size} --parts {partitions} --linger-ms {linger-ms} --comp {compression}";
/// The flags of `ottla bench`.
const OUR_FLAGS: &str = "bench {mode} --brokers {brokers} --topic {topic} --n {n} --size {size} --partitions {partitions} --linger-ms {linger-ms} --compression {compression}";

/// A client: its name, and the words of its command, with placeholders in braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub name: String,
    words: Vec<String>,
}

impl Client {
    /// A client of any sort: `name=command with {placeholders}`.
    pub fn custom(text: &str) -> Result<Self> {
        let (name, command) = text.split_once('=').ok_or("--client wants name=command")?;
        Ok(Self { name: name.to_owned(), words: command.split_whitespace().map(str::to_owned).collect() })
    }

    /// A client that is known here, built.
    pub fn build(name: &str) -> Result<Self> {
        let (program, flags) = match name {
            "ottla" => (vec![ottla()?], OUR_FLAGS),
            "java" => (java()?, THEIR_FLAGS),
            rust if RUST.contains(&rust) => (vec![rust_bench(rust)?], THEIR_FLAGS),
            go if GO.contains(&go) => (vec![go_bench()?], THEIR_FLAGS),
            _ => {
                let known = [&["ottla", "java"], &RUST[..], &GO[..]].concat().join(" ");
                return Err(format!("no client named {name:?}; known: {known}").into());
            }
        };
        let mut words = program;
        // The other programs hold several clients and want to be told which.
        words.extend((name != "ottla").then(|| name.to_owned()));
        words.extend(flags.split(' ').map(str::to_owned));
        Ok(Self { name: name.to_owned(), words })
    }

    /// The command for one run; `values` gives each placeholder's.
    pub fn command(&self, values: &[(&str, String)]) -> Command {
        let fill = |word: &String| {
            values.iter().fold(word.clone(), |word, (name, value)| word.replace(&format!("{{{name}}}"), value))
        };
        let mut words = self.words.iter().map(fill);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command
    }
}

fn compare() -> PathBuf {
    util::root().join("benches").join("compare")
}

/// Where the programs go, apart from ours.
fn built() -> PathBuf {
    util::target_dir().join("compare")
}

fn ottla() -> Result<String> {
    util::run(util::cargo().args(["build", "--locked", "--release", "--bin", "ottla"]))?;
    Ok(text(util::target_dir().join("release").join("ottla")))
}

fn rust_bench(client: &str) -> Result<String> {
    let package = format!("peer-{client}");
    let mut cargo = util::cargo();
    cargo.current_dir(compare().join("rust-bench")).env("CARGO_TARGET_DIR", built());
    util::run(cargo.args(["build", "--locked", "--release", "--package", &package]))?;
    Ok(text(built().join("release").join(package)))
}

fn go_bench() -> Result<String> {
    let program = built().join("go-bench");
    let mut go = Command::new("go");
    util::run(go.current_dir(compare().join("go-bench")).args(["build", "-o"]).arg(&program).arg("."))?;
    Ok(text(program))
}

fn java() -> Result<Vec<String>> {
    let java = cluster::java::find()?;
    let jars = text(cluster::libs(cluster::NEWEST)?.join("*"));
    let classes = built().join("java-bench");
    let source = compare().join("java-bench").join("Bench.java");
    let mut javac = Command::new(java.with_file_name("javac"));
    util::run(javac.args(["-cp", &jars, "-d"]).arg(&classes).arg(source))?;
    Ok(vec![text(java), "-cp".into(), format!("{}:{jars}", text(classes)), "Bench".into()])
}

fn text(path: PathBuf) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
