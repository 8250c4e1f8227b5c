//! `cargo xtask test`: every test there is, one count at the end. What a test needs beyond Rust is started for it; where
//! that is missing the tests are counted and named as skipped, never passed over in silence.

mod needs;
mod tally;
mod targets;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::cluster::{self, Options, Running};
use crate::flags::Flags;
use crate::util::{self, Result};

use needs::Needs;
use tally::Tally;
use targets::OptIn;

const USAGE: &str = "\
usage: cargo xtask test [--require-kafka] [--full]

  --require-kafka   tests against real Kafka fail, rather than skip, where Java or Maven is missing
  --full            all rounds, seeds and Kafka versions; takes long
";

/// Programs of other clients, built here.
const GO_BENCH: &str = "benches/compare/go-bench";
/// The example of `ottla-protocol` that tests put between Kafka's own clients and brokers.
const PROXY: &str = "proxy";
/// The workspace of tests that put librdkafka against the mock cluster.
const RDKAFKA_TESTS: &str = "crates/mock/tests/peers/Cargo.toml";

/// Runs the tests; fails if one failed, or if real Kafka was required and missing.
pub fn run(args: Vec<String>) -> Result<()> {
    let flags = Flags::parse(args, &[], &["require-kafka", "full", "help"])?;
    if flags.is_set("help") {
        print!("{USAGE}");
        return Ok(());
    }
    let mut runner = Runner {
        full: flags.is_set("full"),
        require_kafka: flags.is_set("require-kafka"),
        needs: Needs::look(),
        tally: Tally::default(),
    };
    runner.all()?;
    runner.tally.print_skips();
    println!("\n{}", runner.tally);
    if runner.tally.failed == 0 { Ok(()) } else { Err("there were failures".into()) }
}

struct Runner {
    full: bool,
    require_kafka: bool,
    needs: Needs,
    tally: Tally,
}

impl Runner {
    fn all(&mut self) -> Result<()> {
        let opt_in = targets::opt_in()?;
        self.step("workspace", |runner| {
            let mut cargo = runner.cargo_test();
            cargo.args(["--workspace", "--no-fail-fast"]);
            runner.tally.run("workspace", &mut cargo)
        })?;
        self.step("planted bugs", |runner| {
            // Apart, since the feature that lets bugs be switched on changes the code that all other tests run.
            let mut cargo = runner.cargo_test();
            cargo.args(["--workspace", "--features", "ottla-simulation/planted", "--test", "planted"]);
            runner.tally.run("planted bugs", &mut cargo)
        })?;
        for target in opt_in {
            match target {
                OptIn::RealKafka => self.real_kafka()?,
                OptIn::Peers => self.step("peers", Self::peers)?,
            }
        }
        if util::root().join(RDKAFKA_TESTS).exists() {
            self.step("peers: rdkafka", Self::rdkafka)?;
        }
        Ok(())
    }

    fn step(&mut self, name: &str, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        println!("\n== {name}");
        let start = Instant::now();
        work(self)?;
        println!("== {name}: {:.1} s", start.elapsed().as_secs_f64());
        Ok(())
    }

    /// `cargo test` with everything that tells tests how they are run.
    fn cargo_test(&self) -> Command {
        let mut cargo = util::cargo();
        cargo.arg("test");
        if self.full {
            cargo.env("OTTLA_TEST_FULL", "1");
        }
        cargo
    }

    /// `cargo test` for one opt-in target. With `--workspace`, and not the package alone, because that builds the
    /// dependencies with the features that they have been built with already.
    fn opt_in_test(&self, target: OptIn) -> Command {
        let mut cargo = self.cargo_test();
        cargo.args(["--workspace", "--no-fail-fast", "--test", target.name()]);
        cargo
    }

    fn real_kafka(&mut self) -> Result<()> {
        if let Some(missing) = self.needs.missing_for_kafka() {
            let count = self.list(OptIn::RealKafka)?.len();
            let problem = format!("real Kafka ({missing})");
            if self.require_kafka {
                self.tally.fail(count, &format!("{problem}, and it is required"));
            } else {
                self.tally.skip(count, &problem);
            }
            return Ok(());
        }
        let versions: &[&str] = if self.full { &[cluster::NEWEST, cluster::OLDER] } else { &[cluster::NEWEST] };
        for version in versions {
            self.step(&format!("real Kafka {version}"), |runner| runner.real_kafka_version(version))?;
        }
        Ok(())
    }

    fn real_kafka_version(&mut self, kafka: &str) -> Result<()> {
        let single = start_cluster(kafka, "single", 1)?;
        let three = start_cluster(kafka, "three", 3)?;
        util::run(util::cargo().args(["build", "--workspace", "--example", PROXY]))?;
        let proxy = util::target_dir().join("debug").join("examples").join(PROXY);
        // Those that end brokers go last and one by one: whatever runs beside them would meet a cluster in pieces.
        let rounds: [(&str, &[&str]); 2] =
            [("in parallel", &["--skip", "brokers::"]), ("one by one", &["brokers::", "--test-threads=1"])];
        for (name, arguments) in rounds {
            let mut cargo = self.opt_in_test(OptIn::RealKafka);
            cargo.arg("--").args(arguments);
            cargo.env("OTTLA_XTASK", std::env::current_exe()?).env("OTTLA_KAFKA_VERSION", kafka);
            cargo.env("OTTLA_JAVA", cluster::java::find()?).env("OTTLA_KAFKA_LIBS", cluster::libs(kafka)?);
            cargo.env("OTTLA_PROXY", &proxy);
            for (variable, cluster) in [("OTTLA_KAFKA_SINGLE", &single.0), ("OTTLA_KAFKA_THREE", &three.0)] {
                cargo.env(variable, cluster.bootstrap()).env(format!("{variable}_NAME"), &cluster.name);
            }
            self.tally.run(&format!("real Kafka {kafka}, {name}"), &mut cargo)?;
        }
        Ok(())
    }

    /// Clients that nobody here wrote, against `ottla mock`. The first module of a test's name says what it needs.
    fn peers(&mut self) -> Result<()> {
        let tests = self.list(OptIn::Peers)?;
        let mut cargo = self.opt_in_test(OptIn::Peers);
        cargo.arg("--");
        for (module, missing) in [("go::", self.needs.missing_for_go()), ("java::", self.needs.missing_for_kafka())] {
            let count = tests.iter().filter(|test| test.starts_with(module)).count();
            match missing {
                Some(missing) if count > 0 => {
                    self.tally.skip(count, &format!("peers {} ({missing})", module.trim_end_matches(':')));
                    cargo.args(["--skip", module]);
                }
                Some(_) => {}
                None if module == "go::" => {
                    cargo.env("OTTLA_GO_BENCH", build_go_bench()?);
                }
                None => {
                    cargo.env("OTTLA_JAVA", cluster::java::find()?);
                    cargo.env("OTTLA_KAFKA_LIBS", cluster::libs(cluster::NEWEST)?);
                    cargo.env("OTTLA_KAFKA_LIBS_OLDER", cluster::libs(cluster::OLDER)?);
                }
            }
        }
        self.tally.run("peers", &mut cargo)
    }

    fn rdkafka(&mut self) -> Result<()> {
        if let Some(missing) = self.needs.missing_for_librdkafka() {
            // Not one of its tests can be listed without building it.
            self.tally.skip(1, &format!("peers rdkafka, all ({missing})"));
            return Ok(());
        }
        let mut cargo = self.cargo_test();
        cargo.args(["--manifest-path", RDKAFKA_TESTS, "--no-fail-fast"]);
        cargo.env("CARGO_TARGET_DIR", util::target_dir().join("peers"));
        self.tally.run("peers: rdkafka", &mut cargo)
    }

    /// The names of a target's tests.
    fn list(&self, target: OptIn) -> Result<Vec<String>> {
        let printed = util::output(self.opt_in_test(target).args(["--", "--list", "--format", "terse"]))?;
        Ok(printed.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }
}

fn start_cluster(kafka: &str, name: &str, brokers: u16) -> Result<Running> {
    let options =
        Options { name: name.to_owned(), kafka: kafka.to_owned(), brokers, partitions: 3, ..Options::default() };
    let running = Running::start(options)?;
    println!("Kafka {kafka}: {}", running.0.bootstrap());
    Ok(running)
}

fn build_go_bench() -> Result<std::path::PathBuf> {
    let program = util::target_dir().join("peers").join("go-bench");
    let mut go = Command::new("go");
    go.current_dir(util::root().join(Path::new(GO_BENCH))).args(["build", "-o"]).arg(&program).arg(".");
    util::run(&mut go)?;
    Ok(program)
}
