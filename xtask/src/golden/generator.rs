//! Compiles the Java programs against two Kafka versions and runs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cluster::{self, java};
use crate::util::{self, Result};

/// The programs, in `xtask/golden`.
const PROGRAMS: [&str; 2] = ["Golden", "RecordBatches"];
/// How many corpora are kept; the oldest are removed.
const KEPT: usize = 4;

/// The programs, compiled for one Kafka version, and what they need to run.
struct Compiled {
    java: PathBuf,
    class_path: String,
    clients_jar: PathBuf,
}

/// The folder with the corpus of a seed, which is made if it is not there.
pub(super) fn corpus(seed: u64, per: u32) -> Result<PathBuf> {
    let corpora = super::folder().join("corpora");
    let folder = corpora.join(format!("{seed}-{per}"));
    if folder.is_dir() {
        println!("made before: {}", folder.display());
        return Ok(folder);
    }
    if !cluster::maven_is_there() {
        return Err("Maven (`mvn`) is needed to bring Kafka's jars".into());
    }
    let started = std::time::Instant::now();
    let newer = Compiled::for_kafka(cluster::NEWEST, false)?;
    // The record classes moved to an internal package after Kafka 3.9; older jars have them one level up.
    let older = Compiled::for_kafka(cluster::OLDER, true)?;
    // Renamed when it is whole, so that one broken off is not taken for it.
    let partial = corpora.join(format!("partial-{}", std::process::id()));
    std::fs::create_dir_all(&partial)?;
    let out = |name: &str| partial.join(name).display().to_string();
    let numbers = ["--seed".to_owned(), seed.to_string(), "--per".to_owned(), per.to_string()];
    let run = |kafka: &Compiled, program: &str, flags: &[(&str, String)]| {
        let mut java = Command::new(&kafka.java);
        java.args(["-XX:+UseSerialGC", "-Xmx512m", "-cp", &kafka.class_path, program]).args(&numbers);
        for (flag, value) in flags {
            java.args([flag, value.as_str()]);
        }
        let output = util::raw_output(&mut java)?;
        // A vector that Kafka does not read back as it was is an error of the generator's.
        if !output.status.success() {
            return Err(format!("{}\n{}", util::display(&java), String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok::<(), Box<dyn std::error::Error>>(())
    };
    run(&newer, "Golden", &[("--out", out("golden-new.tsv")), ("--notes", out("golden-new.notes.tsv"))])?;
    let except = newer.clients_jar.display().to_string();
    let old_out = [("--out", out("golden-old.tsv")), ("--notes", out("golden-old.notes.tsv")), ("--except", except)];
    run(&older, "Golden", &old_out)?;
    run(&newer, "RecordBatches", &[("--magic", "2".to_owned()), ("--out", out("records-new.tsv"))])?;
    run(&older, "RecordBatches", &[("--magic", "0,1".to_owned()), ("--out", out("records-old.tsv"))])?;
    std::fs::rename(&partial, &folder)?;
    forget_oldest(&corpora)?;
    println!("made by Kafka {} and {} in {:.1} s", cluster::NEWEST, cluster::OLDER, started.elapsed().as_secs_f64());
    Ok(folder)
}

impl Compiled {
    fn for_kafka(version: &str, one_level_up: bool) -> Result<Self> {
        let (java, javac) = (java::find()?, java::find_compiler()?);
        let libs = cluster::libs(version)?;
        let folder = super::folder().join(format!("kafka-{version}"));
        let classes = folder.join("classes");
        let jars = libs.join("*").display().to_string();
        let mut compile = Command::new(javac);
        compile.args(["-proc:none", "-encoding", "UTF-8", "-cp", &jars, "-d"]).arg(&classes);
        let mut changed = !classes.is_dir();
        for program in PROGRAMS {
            let mut text = util::read(&util::root().join("xtask/golden").join(format!("{program}.java")))?;
            if one_level_up {
                text = text.replace("common.record.internal.", "common.record.");
            }
            let source = folder.join(format!("{program}.java"));
            if std::fs::read_to_string(&source).ok().as_deref() != Some(text.as_str()) {
                util::write(&source, &text)?;
                changed = true;
            }
            compile.arg(source);
        }
        if changed {
            let _ = std::fs::remove_dir_all(&classes);
            util::output(&mut compile).inspect_err(|_| drop(std::fs::remove_dir_all(&classes)))?;
        }
        let separator = if cfg!(windows) { ';' } else { ':' };
        let class_path = format!("{}{separator}{jars}", classes.display());
        Ok(Self { java, class_path, clients_jar: libs.join(format!("kafka-clients-{version}.jar")) })
    }
}

fn forget_oldest(corpora: &Path) -> Result<()> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(corpora)? {
        let entry = entry?;
        found.push((entry.metadata()?.modified()?, entry.path()));
    }
    found.sort();
    for (_, path) in found.iter().rev().skip(KEPT) {
        let _ = std::fs::remove_dir_all(path);
    }
    Ok(())
}
