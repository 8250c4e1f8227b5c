//! Input in large blocks, read by a thread of its own: reading standard input blocks, and must hold nothing else up.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use crate::failure::{Failure, Status};

const BLOCK: usize = 256 * 1024;

/// Blocks that were read and not yet taken.
const AHEAD: usize = 4;

/// Blocks of input, in order.
pub(crate) struct Blocks {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    name: String,
}

impl Blocks {
    /// Reads a file, or standard input.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        match path {
            Some(path) => {
                let name = path.display().to_string();
                let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
                Self::read(file, name)
            }
            None => Self::read(io::stdin(), "standard input".to_owned()),
        }
    }

    fn read(mut from: impl Read + Send + 'static, name: String) -> Result<Self, Failure> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let work = move || {
            // A buffer is used again once nothing of it is in use any more.
            let mut buffer = BytesMut::new();
            loop {
                buffer.resize(BLOCK, 0);
                let block = match from.read(&mut buffer) {
                    Ok(0) => return,
                    Ok(length) => Ok(buffer.split_to(length).freeze()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let last = block.is_err();
                if sender.blocking_send(block).is_err() || last {
                    return;
                }
            }
        };
        match std::thread::Builder::new().name("input".to_owned()).spawn(work) {
            Ok(_) => Ok(Self { receiver, name }),
            Err(error) => Err(unreadable(&name, &error)),
        }
    }

    /// The next block, or nothing at the end. **Cancel safety**: nothing is lost.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        match self.receiver.recv().await {
            None => Ok(None),
            Some(Ok(block)) => Ok(Some(block)),
            Some(Err(error)) => Err(unreadable(&self.name, &error)),
        }
    }
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::new(Status::Files, format_args!("{name} cannot be read: {error}"))
}
