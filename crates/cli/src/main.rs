//! The `ottla` command: records into and out of Kafka from a shell. Standard output carries data only; everything else
//! goes to standard error.

mod args;
mod batches;
mod commands;
mod escapes;
mod failure;
mod format;
mod input;
mod json;
mod lines;
mod offsets;
mod output;
mod progress;
mod segment;
mod session;
mod signals;
mod table;
mod usage;
mod view;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Arguments;
use crate::failure::{Failure, Status};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::new(Status::NotDone, format_args!("no runtime could be started: {error}"));
            return failure.report();
        }
    };
    let outcome = runtime.block_on(commands::run(arguments));
    // Threads that wait for input which nobody needs any more must not hold the process up.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
