//! Numbered lines of 100 bytes: fed piece by piece, and looked for in what comes out.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::process::ChildStdin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often some lines are fed.
const TICK: Duration = Duration::from_millis(50);

/// After how many ticks most lines are fed: longer than all that a test does meanwhile.
const TICKS: usize = 800;

/// The line of a number, without its end.
pub(crate) fn line(number: usize) -> String {
    let filling = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{number:010} {}", format!("{filling:016x}").repeat(6).get(..89).unwrap_or_default())
}

/// Lines on their way into a program.
pub(crate) struct Feed {
    hurry: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<()>>,
}

impl Feed {
    /// Begins to feed so many lines, some at a time, the last tenth not before [`finish`](Self::finish): something is on
    /// its way whenever something happens to the cluster.
    pub(crate) fn slowly(into: ChildStdin, lines: usize) -> Self {
        let hurry = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let hurry = Arc::clone(&hurry);
            move || {
                let mut into = BufWriter::new(into);
                let mut fed = 0;
                while !hurry.load(Ordering::Relaxed) {
                    let until = (fed + lines.div_ceil(TICKS)).min(lines / 10 * 9);
                    (fed..until).try_for_each(|number| writeln!(into, "{}", line(number)))?;
                    into.flush()?;
                    fed = until;
                    thread::sleep(TICK);
                }
                (fed..lines).try_for_each(|number| writeln!(into, "{}", line(number)))?;
                into.flush()
            }
        });
        Self { hurry, thread }
    }

    /// Feeds the rest and closes the input.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.hurry.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Fails unless the output holds each line once, those of a partition in order. Each stands behind its partition's number
/// and the separator.
pub(crate) fn check(what: &str, output: &[u8], separator: char, lines: usize) {
    let text = std::str::from_utf8(output).unwrap();
    let mut seen = vec![false; lines];
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut twice, mut disorder) = (Vec::new(), Vec::new());
    for got in text.lines() {
        let (partition, value) = got.split_once(separator).unwrap();
        let number: usize = value[..10].parse().unwrap();
        assert_eq!(value, line(number), "{what}: a line is not what was written");
        if std::mem::replace(&mut seen[number], true) {
            twice.push(number);
        }
        if let Some(before) = last.insert(partition, number)
            && before > number
        {
            disorder.push((partition, before, number));
        }
    }
    let missing: Vec<usize> = (0..lines).filter(|number| !seen[*number]).collect();
    let some = |numbers: &[usize]| format!("{}: {:?}", numbers.len(), &numbers[..numbers.len().min(20)]);
    assert!(
        missing.is_empty() && twice.is_empty() && disorder.is_empty(),
        "{what}: missing {}; twice {}; out of order {}: {:?}",
        some(&missing),
        some(&twice),
        disorder.len(),
        &disorder[..disorder.len().min(20)],
    );
}
