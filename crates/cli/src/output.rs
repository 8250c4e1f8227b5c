//! Standard output in large writes, and what its failures mean.

use std::io::{self, ErrorKind, Write};

use crate::failure::{Failure, Status};

/// When so much has gathered it is written.
const LARGE: usize = 256 * 1024;

/// Gathers what is printed.
pub(crate) struct Output<W> {
    to: W,
    pub(crate) buffer: Vec<u8>,
}

/// Why printing ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The reader went away: no failure of ours.
    ReaderGone,
    /// The output failed.
    Failed(Failure),
}

impl Output<io::Stdout> {
    /// Standard output.
    pub(crate) fn stdout() -> Self {
        Self::to(io::stdout())
    }
}

impl<W: Write> Output<W> {
    /// Output to any writer.
    pub(crate) fn to(to: W) -> Self {
        Self { to, buffer: Vec::with_capacity(LARGE + LARGE / 4) }
    }

    /// Writes if much has gathered.
    pub(crate) fn relieve(&mut self) -> Result<(), Ended> {
        if self.buffer.len() >= LARGE { self.flush() } else { Ok(()) }
    }

    /// Writes whatever has gathered.
    pub(crate) fn flush(&mut self) -> Result<(), Ended> {
        let result = self.to.write_all(&self.buffer).and_then(|()| self.to.flush());
        self.buffer.clear();
        // One very large record is no reason to keep as much for ever.
        self.buffer.shrink_to(4 * LARGE);
        result.map_err(|error| ended(&error))
    }
}

/// Prints a text at once.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = Output::stdout();
    output.buffer.extend_from_slice(text.as_bytes());
    match output.flush() {
        Ok(()) | Err(Ended::ReaderGone) => Ok(()),
        Err(Ended::Failed(failure)) => Err(failure),
    }
}

fn ended(error: &io::Error) -> Ended {
    let failure = Failure::new(Status::Files, format_args!("standard output cannot be written: {error}"));
    match error.kind() {
        ErrorKind::BrokenPipe => Ended::ReaderGone,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            Ended::Failed(failure.advise("what was printed is not complete: make room, or print elsewhere"))
        }
        _ => Ended::Failed(failure),
    }
}

#[cfg(test)]
mod tests;
