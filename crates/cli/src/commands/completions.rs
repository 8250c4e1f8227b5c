//! `ottla completions`: the completion script of a shell.

use clap::{Args, CommandFactory as _};

use crate::args;
use crate::failure::Outcome;
use crate::output;

/// Which shell.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shell
    shell: clap_complete::Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut args::Arguments::command(), "ottla", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}
