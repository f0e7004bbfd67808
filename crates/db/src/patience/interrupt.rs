//! SQLite's progress handler: every few thousand steps of its machine it asks whether to go on. Diesel gives no way to set one, so
//! an extension that SQLite loads into every connection of the process does (ADR 11). The one place with `unsafe` code.

use libsqlite3_sys::{
    SQLITE_OK, sqlite3, sqlite3_api_routines, sqlite3_auto_extension, sqlite3_progress_handler,
};
use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::sync::Once;
use std::time::Instant;

/// Steps between two looks at the clock: a fraction of a millisecond.
const STEPS: c_int = 10_000;

thread_local! {
    /// The end for the statements of this thread; a connection is used by one thread at a time.
    static END: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Sets, or takes away, the end for the statements of this thread.
pub(super) fn end_at(end: Option<Instant>) {
    END.set(end);
}

/// Sees to it that every SQLite connection opened from now on in this process asks for the end.
#[expect(
    unsafe_code,
    reason = "the only way to a progress handler beneath Diesel"
)]
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    // SAFETY: the entry point has the signature that SQLite asks for and lives as long as the process; SQLite itself guards its list.
    ONCE.call_once(|| unsafe {
        sqlite3_auto_extension(Some(opened));
    });
}

/// Called by SQLite for each connection that it opens.
#[expect(unsafe_code, reason = "called by SQLite")]
unsafe extern "C" fn opened(
    connection: *mut sqlite3,
    _message: *mut *mut c_char,
    _routines: *const sqlite3_api_routines,
) -> c_int {
    // SAFETY: SQLite hands over its own connection, open for the time of this call; the handler takes no pointer of ours.
    unsafe { sqlite3_progress_handler(connection, STEPS, Some(is_over), std::ptr::null_mut()) };
    SQLITE_OK
}

/// Called by SQLite on the thread that runs the statement; anything but zero interrupts it. It cannot panic.
extern "C" fn is_over(_: *mut c_void) -> c_int {
    // Without the thread's local, at its very end, nothing has an end.
    let end = END.try_with(Cell::get).ok().flatten();
    end.is_some_and(|end| Instant::now() >= end).into()
}
