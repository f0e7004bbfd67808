//! The two streams of a command: results on standard output, words about them on standard error.

use std::io::Write;

/// A result.
pub(super) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // Flushed, so that a reader who waits for the line gets it now. One who has gone, as `head` does,
    // wants no more: that is no failure.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Progress, for people.
pub(super) fn print_progress(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A failure, for people.
pub(super) fn print_error(text: &str) {
    let _ = writeln!(std::io::stderr(), "tessera: {text}");
}
