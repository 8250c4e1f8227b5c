//! One connection's task: cuts what comes in into requests, and writes what comes out.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use ottla_protocol::frame;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use super::shared::{Shared, Told};
use crate::ConnectionId;

/// The least that a read has room for.
const READ_BYTES: usize = 64 * 1024;
/// The chunks of one vectored write.
const CHUNKS: usize = 64;
/// Reads and writes before other tasks have a turn.
const TURNS: usize = 32;

/// A connection between a client's stream and the cluster. Ends with the stream, or when the broker ends it.
#[derive(Debug)]
pub(super) struct Front<S> {
    shared: Arc<Shared>,
    id: ConnectionId,
    stream: S,
    input: BytesMut,
    requests: Vec<Bytes>,
    output: VecDeque<Bytes>,
}

impl<S> Front<S> {
    pub(super) fn new(shared: Arc<Shared>, id: ConnectionId, stream: S) -> Self {
        let (input, requests, output) = (BytesMut::new(), Vec::new(), VecDeque::new());
        Self { shared, id, stream, input, requests, output }
    }

    /// Takes whole requests out of what was read. A length that cannot be is handed in as a request that cannot be read,
    /// which ends the connection.
    fn cut(&mut self) {
        while let Some(length) = self.input.first_chunk::<4>().map(|prefix| frame::length(*prefix, LARGEST)) {
            let Ok(length) = length else {
                self.input.clear();
                self.requests.push(Bytes::new());
                return;
            };
            let Some(missing) = (length + 4).checked_sub(self.input.len()).filter(|missing| *missing > 0) else {
                self.input.advance(4);
                self.requests.push(self.input.split_to(length).freeze());
                continue;
            };
            // One buffer for the whole of a large request, filled as it comes.
            self.input.reserve(missing);
            return;
        }
    }
}

/// The longest request that is read at all: the state refuses shorter ones by its own limit.
const LARGEST: usize = 1 << 30;

impl<S: AsyncRead + AsyncWrite + Unpin> Front<S> {
    /// Writes what there is. Ready when everything is written.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.output.is_empty() {
            let slices: Vec<IoSlice<'_>> = self.output.iter().take(CHUNKS).map(|chunk| IoSlice::new(chunk)).collect();
            let written = match Pin::new(&mut self.stream).poll_write_vectored(context, &slices) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => written,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            };
            let mut rest = written;
            while let Some(chunk) = self.output.front_mut() {
                if chunk.len() > rest {
                    chunk.advance(rest);
                    break;
                }
                rest -= chunk.len();
                self.output.pop_front();
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads once. Ready with false at the end of the stream.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.input.capacity() == self.input.len() {
            self.input.reserve(READ_BYTES);
        }
        let read = pin!(self.stream.read_buf(&mut self.input));
        read.poll(context).map_ok(|read| read > 0)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Front<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        for _ in 0..TURNS {
            let told = this.shared.exchange(this.id, &mut this.requests, &mut this.output, context.waker());
            let written = match this.poll_write(context) {
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                written => written.is_ready(),
            };
            if told == Told::Closed {
                return if written { Poll::Ready(()) } else { Poll::Pending };
            }
            // Whoever does not read the answers is not asked for more.
            if told == Told::Full || !written {
                return Poll::Pending;
            }
            match this.poll_read(context) {
                Poll::Ready(Ok(true)) => this.cut(),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S> Drop for Front<S> {
    fn drop(&mut self) {
        self.shared.disconnect(self.id);
    }
}
