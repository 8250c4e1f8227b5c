//! A cluster for as long as a value lives.

use super::{Options, State, up};
use crate::util::Result;

/// A cluster that goes down when this is dropped.
#[derive(Debug)]
pub struct Running(pub State);

impl Running {
    /// Starts a cluster; one of the same name that an earlier run left behind is taken down first.
    pub fn start(options: &Options) -> Result<Self> {
        if let Ok(left_behind) = State::load(&options.name) {
            left_behind.down()?;
        }
        Ok(Self(up(options)?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // What tests killed and restarted has other process ids by now.
        let state = State::load(&self.0.name).unwrap_or_else(|_| self.0.clone());
        if let Err(error) = state.down() {
            eprintln!("cluster {:?} did not go down: {error}", self.0.name);
        }
    }
}
