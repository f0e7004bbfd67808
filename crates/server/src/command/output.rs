//! The two streams of a command: results on standard output, words about them on standard error.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the one place where commands print"
)]

use std::io::Write;

/// A result.
pub(super) fn print(text: &str) {
    println!("{text}");
    // A reader that waits for the line must get it now, even through a pipe.
    let _ = std::io::stdout().flush();
}

/// Progress, for people.
pub(super) fn print_progress(text: &str) {
    eprintln!("{text}");
}

/// A failure, for people.
pub(super) fn print_error(text: &str) {
    eprintln!("tessera: {text}");
}
