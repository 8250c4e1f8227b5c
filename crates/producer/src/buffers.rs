//! Buffers of batches, used again last in first out, so that the memory in use stays small and warm.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use ottla_protocol::records::Compressor;

/// A pool of buffers and of compression contexts, shared with batches on their way.
#[derive(Clone, Debug)]
pub(crate) struct Buffers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The most capacity that idle buffers may have together.
    keep: usize,
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    buffers: Vec<Vec<u8>>,
    capacity: usize,
    compressors: Vec<Compressor>,
}

/// What a new buffer begins with: doubled again and again it is exactly a batch of the default size, and of any other
/// power of two.
const FIRST: usize = 4 * 1024;

/// Compression contexts that are kept: as many as jobs run at once.
const COMPRESSORS: usize = 8;

impl Buffers {
    /// A pool that keeps buffers of at most `keep` bytes together.
    pub(crate) fn new(keep: usize) -> Self {
        Self(Arc::new(Shared { keep, idle: Mutex::default() }))
    }

    /// The buffer that was given back last, emptied; or a small one, which doubles as it fills.
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(buffer) = idle.buffers.pop() else {
            drop(idle);
            return Vec::with_capacity(FIRST);
        };
        idle.capacity = idle.capacity.saturating_sub(buffer.capacity());
        buffer
    }

    /// Takes a buffer back.
    pub(crate) fn give(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let capacity = idle.capacity.saturating_add(buffer.capacity());
        if buffer.capacity() > 0 && capacity <= self.0.keep {
            idle.capacity = capacity;
            idle.buffers.push(buffer);
        }
    }

    /// Shares a buffer, which comes back when the last share of it is dropped.
    pub(crate) fn share(&self, buffer: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent { buffer, buffers: self.clone() })
    }

    /// Does something with a compression context.
    pub(crate) fn with_compressor<R>(&self, call: impl FnOnce(&mut Compressor) -> R) -> R {
        let lock = || self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = lock().compressors.pop();
        let mut compressor = kept.unwrap_or_default();
        let result = call(&mut compressor);
        let mut idle = lock();
        if idle.compressors.len() < COMPRESSORS {
            idle.compressors.push(compressor);
        }
        result
    }
}

/// A buffer in use.
struct Lent {
    buffer: Vec<u8>,
    buffers: Buffers,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.buffers.give(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests;
