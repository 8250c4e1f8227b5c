//! Frames of all sizes through the buffer, and the way of large buffers back to their pool.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use ottla_core::connection::Frames;
use tokio::io::AsyncWriteExt;

use super::{LARGE, Pool, ReadBuffer, STEP};
use crate::transport::{ReadHalf, split_boxed};

fn framed(length: usize, fill: u8) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i32(i32::try_from(length).unwrap());
    bytes.put_bytes(fill, length);
    bytes.freeze()
}

async fn next(buffer: &mut ReadBuffer, half: &mut ReadHalf) -> Option<Bytes> {
    loop {
        if let Some(frame) = buffer.next().unwrap() {
            return Some(frame);
        }
        if buffer.fill(half).await.unwrap() == 0 {
            return None;
        }
    }
}

#[tokio::test]
async fn small_and_large_frames_come_out_as_they_went_in() {
    let lengths = [4, LARGE, LARGE + 1, 5, 3 * STEP + 17, 100, 2 * STEP];
    let (near, mut far) = tokio::io::duplex(50_000);
    tokio::spawn(async move {
        for (fill, length) in lengths.into_iter().enumerate() {
            far.write_all(&framed(length, fill as u8)).await.unwrap();
        }
    });
    let (mut half, _write) = split_boxed(Box::new(near));
    let mut buffer = ReadBuffer::new(Frames::new(10 * STEP), Arc::default());
    for (fill, length) in lengths.into_iter().enumerate() {
        let frame = next(&mut buffer, &mut half).await.unwrap();
        assert_eq!(frame.len(), length);
        assert!(frame.iter().all(|byte| *byte == fill as u8));
    }
    assert!(next(&mut buffer, &mut half).await.is_none());
}

#[tokio::test]
async fn an_announced_length_is_believed_only_as_far_as_bytes_arrive() {
    let (near, mut far) = tokio::io::duplex(1000);
    let (mut half, _write) = split_boxed(Box::new(near));
    let mut buffer = ReadBuffer::new(Frames::new(i32::MAX as usize), Arc::default());
    far.write_all(&i32::MAX.to_be_bytes()).await.unwrap();
    far.write_all(&[1; 100]).await.unwrap();
    while buffer.large.as_ref().is_none_or(|large| large.bytes.len() < 100) {
        buffer.fill(&mut half).await.unwrap();
        assert!(buffer.next().unwrap().is_none());
    }
    assert!(buffer.large.as_ref().unwrap().bytes.capacity() <= 2 * STEP);
    drop(far);
    assert_eq!(buffer.fill(&mut half).await.unwrap(), 0);
    assert!(buffer.ended_within().unwrap().to_string().contains("in the middle"));
}

#[tokio::test]
async fn a_large_buffer_is_used_again_once_every_slice_of_its_frame_is_dropped() {
    let (near, mut far) = tokio::io::duplex(8 * STEP);
    let (mut half, _write) = split_boxed(Box::new(near));
    let pool = Arc::<Pool>::default();
    let mut buffer = ReadBuffer::new(Frames::new(10 * STEP), Arc::clone(&pool));
    let mut places = Vec::new();
    for _ in 0..3 {
        far.write_all(&framed(STEP, 7)).await.unwrap();
        let frame = next(&mut buffer, &mut half).await.unwrap();
        places.push(frame.as_ptr());
        let slice = frame.slice(10..20);
        drop(frame);
        assert_eq!(pool.free.lock().unwrap().buffers.len(), 0);
        drop(slice);
        assert_eq!(pool.free.lock().unwrap().buffers.len(), 1);
    }
    assert_eq!(places[0], places[1]);
    assert_eq!(places[0], places[2]);
}
