//! `cargo xtask bench build`: how long `ottla-protocol` takes to be built from nothing, by features.

use std::fs;
use std::time::Instant;

use crate::flags::Flags;
use crate::util::{self, Result};

const USAGE: &str = "\
usage: cargo xtask bench build [--features SET]... [--rounds N]

Checks and builds ottla-protocol and all that it depends on, each time into an empty folder, and prints the time by the
clock and the processor time of all that ran. Of several rounds it prints the least.
";

/// The sets that are measured unless others are asked for, and what a user of them is.
const SETS: [(&str, &str); 8] = [
    ("", "tables and primitives"),
    ("messages", "structs without directions"),
    ("client", "a client without records"),
    ("broker", "a broker without records"),
    ("client,broker", "a proxy"),
    ("client,records", "a client that does not compress"),
    ("client,records,gzip,snappy,lz4,zstd-decode", "a client without C"),
    ("client,broker,records,gzip,snappy,lz4,zstd", "everything, the default"),
];

/// Seconds by the clock, and seconds of processor time where the system tells them.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    cpu: Option<f64>,
}

/// Measures and prints a table.
pub fn run(args: Vec<String>) -> Result<()> {
    let flags = Flags::parse(args, &["features", "rounds"], &["help"])?;
    if flags.is_set("help") {
        print!("{USAGE}");
        return Ok(());
    }
    let rounds: usize = flags.parsed("rounds", 1)?;
    let asked: Vec<(&str, &str)> = flags.all("features").iter().map(|set| (set.as_str(), "")).collect();
    let sets = if asked.is_empty() { SETS.to_vec() } else { asked };
    // What the registry has is brought before the clock runs.
    util::run(util::cargo().args(["fetch", "--locked", "--quiet"]))?;

    println!("| features | for | check, s | its CPU, s | release, s | its CPU, s |");
    println!("|---|---|---:|---:|---:|---:|");
    for (set, user) in sets {
        let check = least(rounds, || measure(&["check"], set))?;
        let release = least(rounds, || measure(&["build", "--release"], set))?;
        let cpu = |took: Took| took.cpu.map_or("?".to_owned(), |cpu| format!("{cpu:.1}"));
        let name = if set.is_empty() { "none".to_owned() } else { format!("`{set}`") };
        println!("| {name} | {user} | {:.1} | {} | {:.1} | {} |", check.wall, cpu(check), release.wall, cpu(release));
    }
    Ok(())
}

/// The round with the least processor time, or time where that is not known.
fn least(rounds: usize, mut measure: impl FnMut() -> Result<Took>) -> Result<Took> {
    let mut best = measure()?;
    for _ in 1..rounds {
        let took = measure()?;
        best = Took { wall: best.wall.min(took.wall), cpu: best.cpu.zip(took.cpu).map(|(best, took)| best.min(took)) };
    }
    Ok(best)
}

fn measure(command: &[&str], features: &str) -> Result<Took> {
    let folder = util::target_dir().join("bench-build");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut cargo = util::cargo();
    cargo.args(command).args(["--locked", "--quiet", "--package", "ottla-protocol", "--no-default-features"]);
    cargo.args(["--features", features]);
    cargo.env("CARGO_TARGET_DIR", &folder).env("CARGO_INCREMENTAL", "0");
    let (start, before) = (Instant::now(), cpu_of_children());
    util::run(&mut cargo)?;
    let took = Took {
        wall: start.elapsed().as_secs_f64(),
        cpu: cpu_of_children().zip(before).map(|(after, before)| after - before),
    };
    fs::remove_dir_all(&folder)?;
    Ok(took)
}

/// Seconds of processor time that all ended children took, theirs included; nothing where there is no `/proc`.
fn cpu_of_children() -> Option<f64> {
    // Linux counts these in hundredths, whatever its own clock does.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    Some((ticks(13)? + ticks(14)?) / TICKS_PER_SECOND)
}
