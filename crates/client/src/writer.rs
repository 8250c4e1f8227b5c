//! The writing half of a connection and what is on its way through it. Holding a [`Writer`] is holding the write token.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use ottla_protocol::frame::RequestFrame;

use crate::transport::WriteHalf;

/// The most chunks that go into one vectored write.
const SLICES: usize = 64;

/// What is taken off the queue at a time; what stays there can still be withdrawn.
const AHEAD: u64 = 1024 * 1024;

pub(crate) struct Writer {
    half: WriteHalf,
    chunks: VecDeque<Bytes>,
    /// Bytes taken over and bytes written, since the connection began.
    loaded: u64,
    written: u64,
}

impl Writer {
    pub(crate) fn new(half: WriteHalf) -> Self {
        Self { half, chunks: VecDeque::new(), loaded: 0, written: 0 }
    }

    /// Takes a frame over and tells where in the connection's stream it begins and ends.
    pub(crate) fn load(&mut self, frame: RequestFrame) -> (u64, u64) {
        let start = self.loaded;
        self.loaded += frame.len() as u64;
        self.chunks.push_back(frame.head.freeze());
        self.chunks.extend(frame.tail.into_iter().filter(|chunk| !chunk.is_empty()));
        (start, self.loaded)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.loaded - self.written >= AHEAD || self.chunks.len() >= SLICES
    }

    /// How many bytes have been handed to the socket.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Writes without waiting. False says that the socket is full.
    pub(crate) fn try_flush(&mut self) -> io::Result<bool> {
        while !self.chunks.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = gather(&self.chunks, &mut slices);
            match self.half.try_write(slices.get(..count).unwrap_or_default()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Writes some of it, as soon as the socket takes something.
    pub(crate) fn poll_some(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.chunks.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = gather(&self.chunks, &mut slices);
        let written = ready!(self.half.poll_write(context, slices.get(..count).unwrap_or_default()))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.advance(written);
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut written: usize) {
        self.written += written as u64;
        while let Some(first) = self.chunks.front_mut() {
            if first.len() > written {
                first.advance(written);
                return;
            }
            written -= first.len();
            self.chunks.pop_front();
        }
    }
}

fn gather<'a>(chunks: &'a VecDeque<Bytes>, slices: &mut [IoSlice<'a>; SLICES]) -> usize {
    let mut count = 0;
    for (slice, chunk) in slices.iter_mut().zip(chunks) {
        *slice = IoSlice::new(chunk);
        count += 1;
    }
    count
}
