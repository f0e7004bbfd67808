//! Pieces of work that share a transaction and its commit, and fail alone.

use diesel::connection::SimpleConnection;

use crate::conn::Conn;
use crate::error::Failure;

/// One savepoint for all pieces, made anew by the same statement that keeps the piece before: a round trip for each.
const MARK: &str = "SAVEPOINT tessera_piece";
const KEEP: &str = "RELEASE SAVEPOINT tessera_piece; SAVEPOINT tessera_piece";
const UNDO: &str = "ROLLBACK TO SAVEPOINT tessera_piece";
const CLOSE: &str = "RELEASE SAVEPOINT tessera_piece";

impl Conn {
    /// Runs `work` on one piece after the other, in the transaction that is open: what became of each. A piece that is
    /// refused or panics leaves nothing behind, and takes nothing of the others with it.
    ///
    /// # Errors
    /// What stands against the transaction as a whole: a conflict with others, a lost connection, a full disk.
    pub fn each<P, T>(
        &mut self,
        pieces: impl IntoIterator<Item = P>,
        mut work: impl FnMut(&mut Conn, P) -> Result<T, Failure>,
    ) -> Result<Vec<Result<T, Failure>>, Failure> {
        self.batch_execute(MARK)?;
        let depth = self.depth();
        let mut outcomes = Vec::new();
        for piece in pieces {
            let guarded = std::panic::AssertUnwindSafe(|| work(self, piece));
            let outcome = std::panic::catch_unwind(guarded).unwrap_or(Err(Failure::Panicked));
            // Who panicked within savepoints of its own left them open.
            self.roll_back_to(depth);
            match &outcome {
                Ok(_) => self.batch_execute(KEEP)?,
                Err(failure) if failure.is_transient() => return outcome.map(|_| outcomes),
                Err(_) => self.batch_execute(UNDO)?,
            }
            outcomes.push(outcome);
        }
        self.batch_execute(CLOSE)?;
        Ok(outcomes)
    }
}
