//! Tests of printing.

use super::*;

/// Fails with one kind of error, or takes everything in small pieces.
struct Reader {
    taken: Vec<u8>,
    error: Option<ErrorKind>,
}

impl Write for Reader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(kind) = self.error {
            return Err(kind.into());
        }
        let piece = bytes.len().min(7);
        self.taken.extend_from_slice(&bytes[..piece]);
        Ok(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn small_output_waits_for_more_and_large_output_is_written() {
    let mut output = Output::to(Reader { taken: Vec::new(), error: None });
    output.buffer.extend_from_slice(b"little");
    output.relieve().unwrap();
    assert!(output.to.taken.is_empty());
    output.buffer.resize(LARGE, b'x');
    output.relieve().unwrap();
    assert_eq!(output.to.taken.len(), LARGE);
    assert!(output.buffer.is_empty());
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let mut output = Output::to(Reader { taken: Vec::new(), error: Some(ErrorKind::BrokenPipe) });
    output.buffer.push(b'x');
    assert!(matches!(output.flush(), Err(Ended::ReaderGone)));
}

#[test]
fn a_full_disk_is_a_failure() {
    let mut output = Output::to(Reader { taken: Vec::new(), error: Some(ErrorKind::StorageFull) });
    output.buffer.push(b'x');
    assert!(matches!(output.flush(), Err(Ended::Failed(_))));
}
