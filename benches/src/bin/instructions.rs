//! `instructions NAME TIMES`: does one workload so often and nothing else, for callgrind to count. Without arguments it
//! prints the names.
#![allow(clippy::print_stdout, reason = "it is what the program is for")]

use ottla_benches::workloads;

fn main() {
    let mut args = std::env::args().skip(1);
    let Some(name) = args.next() else {
        for workload in workloads::ALL {
            println!("{}\t{}", workload.name, workload.elements);
        }
        return;
    };
    let times: u32 = args.next().and_then(|times| times.parse().ok()).unwrap_or(1);
    let workload = workloads::ALL.iter().find(|workload| workload.name == name);
    let mut work = workload.map(|workload| (workload.prepare)()).unwrap_or_else(|| std::process::exit(2));
    for _ in 0..times {
        work();
    }
}
