//! `cargo xtask tidy`: the rules of the repository that no compiler checks. All breaches are listed at once.

mod arrows;
mod clippy;
mod links;
mod sources;
mod words;

use crate::util::Result;

/// What a rule finds.
#[derive(Debug, Default)]
struct Findings {
    /// Breaches.
    errors: Vec<String>,
    /// What someone should look at, but may be right.
    questions: Vec<String>,
}

/// Checks every rule; fails if one is broken.
pub fn run() -> Result<()> {
    let mut findings = Findings::default();
    arrows::check(&mut findings)?;
    clippy::check(&mut findings)?;
    sources::check(&mut findings)?;
    links::check(&mut findings)?;
    for question in &findings.questions {
        println!("question: {question}");
    }
    for error in &findings.errors {
        println!("error: {error}");
    }
    let count = findings.errors.len();
    println!("tidy: {count} errors, {} questions", findings.questions.len());
    if count == 0 { Ok(()) } else { Err("the repository is not tidy".into()) }
}
