//! What bytes travel over: a TCP socket, or any stream that a [`Connector`] gives.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// A two-way stream of bytes.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// A connection that is being made.
pub type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send + 'a>>;

/// Makes connections in place of TCP: to a mock cluster within the process, or through a tunnel.
pub trait Connector: Send + Sync + 'static {
    /// Connects to a broker at its advertised address, or to a bootstrap address.
    fn connect<'a>(&'a self, host: &'a str, port: u16) -> Connecting<'a>;
}

/// Any function from host and port to a stream, such as that of `ottla-mock`'s cluster in memory.
impl<F, S> Connector for F
where
    F: Fn(&str, u16) -> io::Result<S> + Send + Sync + 'static,
    S: Stream,
{
    fn connect<'a>(&'a self, host: &'a str, port: u16) -> Connecting<'a> {
        let stream = self(host, port).map(|stream| -> Box<dyn Stream> { Box::new(stream) });
        Box::pin(std::future::ready(stream))
    }
}

/// The half that is read from.
pub(crate) enum ReadHalf {
    Tcp(OwnedReadHalf),
    Boxed(tokio::io::ReadHalf<Box<dyn Stream>>),
}

/// The half that is written to.
pub(crate) enum WriteHalf {
    Tcp(OwnedWriteHalf),
    Boxed(tokio::io::WriteHalf<Box<dyn Stream>>),
}

pub(crate) fn split_tcp(stream: TcpStream) -> (ReadHalf, WriteHalf) {
    let (read, write) = stream.into_split();
    (ReadHalf::Tcp(read), WriteHalf::Tcp(write))
}

pub(crate) fn split_boxed(stream: Box<dyn Stream>) -> (ReadHalf, WriteHalf) {
    let (read, write) = tokio::io::split(stream);
    (ReadHalf::Boxed(read), WriteHalf::Boxed(write))
}

impl ReadHalf {
    /// Reads what is there, up to the room in the buffer. Cancel safe: nothing is lost.
    pub(crate) async fn read(&mut self, buffer: &mut (impl BufMut + Send)) -> io::Result<usize> {
        match self {
            Self::Tcp(half) => half.read_buf(buffer).await,
            Self::Boxed(half) => half.read_buf(buffer).await,
        }
    }
}

impl WriteHalf {
    /// Writes what the other side takes at once, else fails with `WouldBlock`.
    pub(crate) fn try_write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(half) => half.try_write_vectored(slices),
            Self::Boxed(half) => {
                // Who comes next is the connection's task, which registers its own waker.
                let mut context = Context::from_waker(Waker::noop());
                match Pin::new(half).poll_write_vectored(&mut context, slices) {
                    Poll::Ready(result) => result,
                    Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
                }
            }
        }
    }

    /// Writes as soon as the other side takes something.
    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(half) => Pin::new(half).poll_write_vectored(context, slices),
            Self::Boxed(half) => Pin::new(half).poll_write_vectored(context, slices),
        }
    }
}
