//! Words that sources must not hold, and where the exceptions are.

use std::path::Path;

/// A word, where it may stand all the same, and why not elsewhere.
pub struct Word {
    pub text: &'static str,
    /// Whether it counts in comments too.
    pub in_comments: bool,
    pub allowed: fn(&Path) -> bool,
    pub reason: &'static str,
}

/// Every such word.
pub const WORDS: [Word; 10] = [
    Word::never("TODO", true, "finish it, or say in an issue what is missing"),
    Word::never("FIXME", true, "fix it"),
    Word::never("XXX", true, "say it in words"),
    Word::never("todo!(", false, "finish it"),
    Word::never("unimplemented!(", false, "finish it"),
    Word::never("#[ignore", false, "a test that is not run is no test; see docs/testing.md for those that need more"),
    Word::never("#[should_panic", false, "nothing of ours panics; test the error"),
    Word {
        text: "select!",
        in_comments: false,
        allowed: |path| is_test(path) || path.starts_with("crates/client") || path.starts_with("crates/cli"),
        reason: "waiting for several things at once is the client's business",
    },
    Word {
        text: "Instant::now",
        in_comments: false,
        allowed: may_read_clock,
        reason: "time comes in from outside; only crates/client/src/clock.rs reads it",
    },
    Word {
        text: "SystemTime::now",
        in_comments: false,
        allowed: may_read_clock,
        reason: "time comes in from outside; only crates/client/src/clock.rs reads it",
    },
];

impl Word {
    const fn never(text: &'static str, in_comments: bool, reason: &'static str) -> Self {
        Self { text, in_comments, allowed: |_| false, reason }
    }

    /// Whether the line holds the word, standing for itself where it is made of letters.
    pub fn is_in(&self, line: &str) -> bool {
        let letters = self.text.chars().all(char::is_alphabetic);
        line.match_indices(self.text).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + self.text.len()..].chars().next();
            !letters || ![before, after].into_iter().flatten().any(|c| c.is_alphanumeric() || c == '_')
        })
    }
}

/// Tests and what they share (`testing.rs`), examples and benchmarks: what no user's program holds.
pub fn is_test(path: &Path) -> bool {
    path.ends_with("tests.rs")
        || path.ends_with("testing.rs")
        || path.starts_with("benches")
        || path.components().any(|part| ["tests", "examples", "benches"].iter().any(|name| part.as_os_str() == *name))
}

fn may_read_clock(path: &Path) -> bool {
    is_test(path)
        || path.ends_with("crates/client/src/clock.rs")
        // The mock cluster is served in real time to clients that are not ours, and so knows no clock of the client's.
        || path.starts_with("crates/mock/src/server")
        || path.ends_with("crates/mock/src/server.rs")
        // Where virtual time starts: an `Instant` cannot be made in any other way.
        || path.ends_with("crates/simulation/src/world.rs")
        || path.starts_with("crates/cli")
        || path.starts_with("xtask")
        || path.starts_with("fuzz")
}

#[cfg(test)]
mod tests;
