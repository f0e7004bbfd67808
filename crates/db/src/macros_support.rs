//! What the macros expand to; not for direct use.

pub use error::Error;

use crate::Conn;

/// Runs `insert` over `rows` in pieces. No rows, no statement: on SQLite an empty insert would
/// answer with the previous statement's count.
pub fn in_chunks<R>(
    conn: &mut Conn,
    rows: &[R],
    size: usize,
    mut insert: impl FnMut(&mut Conn, &[R]) -> diesel::QueryResult<usize>,
) -> diesel::QueryResult<usize> {
    let mut count = 0;
    for part in rows.chunks(size.max(1)) {
        count += insert(conn, part)?;
    }
    Ok(count)
}

/// The violation of a field that holds none of `known`.
pub fn unknown_value(field: &str, text: &str, known: &[&str]) -> Error {
    let text: String = text.chars().take(100).collect();
    Error::invalid_field(
        field,
        "ENUM_DEFINED_ONLY",
        format!("`{text}` is not one of {}", known.join(", ")),
    )
}
