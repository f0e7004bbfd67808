//! Putting a table right, one finding after another, each in a savepoint of its own.

use super::{Check, Checker};
use crate::{
    model::{
        ddl::{self, Copied, Dialect, Physical},
        drift::{self, DriftState, Finding, Repair},
        table::{TableShape, column_of_t},
    },
    store::{
        physical,
        tables::{
            chunk_counts, chunk_spans, clear_counts, correct, open_partition, registry, save,
        },
    },
};
use db::{Conn, Failure};
use diesel::Connection;
use std::collections::BTreeMap;
use value::Time;

/// What became of a finding.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) finding: Finding,
    pub(super) state: DriftState,
}

/// A table under repair.
struct Mender<'a> {
    change: &'a Checker,
    shape: TableShape,
    /// Values of columns that go into the table made anew, where they are not as they are.
    casts: BTreeMap<String, String>,
    /// Findings that a table made anew puts right.
    anew: Vec<usize>,
}

/// Puts right what can be, where asked to. What is missing and had rows is made again for nobody who does not accept the loss: until then
/// the table is damaged.
pub(super) fn repair(
    conn: &mut Conn,
    change: &Checker,
    shape: TableShape,
    found: Vec<Finding>,
    check: Check,
) -> Result<Vec<Outcome>, Failure> {
    let before = shape.clone();
    let mut mender = Mender {
        change,
        shape,
        casts: BTreeMap::new(),
        anew: Vec::new(),
    };
    let mut outcomes = Vec::with_capacity(found.len());
    for (at, mut finding) in found.into_iter().enumerate() {
        let held = finding.loses_rows() && !check.accept_loss;
        if held || !check.repair {
            let state = match check.repair {
                true => DriftState::NeedsAttention,
                false => DriftState::Found,
            };
            outcomes.push(Outcome { finding, state });
            continue;
        }
        // What fails leaves no trace: neither in the transaction nor in the shape.
        let kept = mender.shape.clone();
        let tried = conn.transaction(|conn| mender.mend(conn, at, &finding));
        let state = physical::refusal(tried)?.unwrap_or_else(|why| {
            mender.shape = kept;
            finding.description += &format!("; {why}");
            DriftState::NeedsAttention
        });
        outcomes.push(Outcome { finding, state });
    }
    mender.rebuild(conn, &mut outcomes)?;
    let missing = outcomes.iter().filter(|one| match one.state {
        DriftState::Repaired => false,
        // One that is there and could not be attached.
        DriftState::NeedsAttention if matches!(one.finding.repair, Repair::OpenPartition(_)) => {
            true
        }
        _ => one.finding.loses_rows(),
    });
    let damage: Vec<_> = missing.map(|one| one.finding.description.clone()).collect();
    mender.shape.damage.clone_from(&damage);
    if mender.shape != before {
        // Counts may have been put right besides: the description must not take that back.
        let own = registry::of_entity(conn, &change.ground, change.tenant, mender.shape.entity_id)?;
        if let Some(own) = own {
            (mender.shape.rows, mender.shape.data_version) = (own.rows, own.data_version);
        }
        let words = match damage.is_empty() {
            true => vec!["it was put right after a change by hand".to_owned()],
            false => damage,
        };
        save(conn, change, mender.shape, words)?;
    }
    Ok(outcomes)
}

impl Mender<'_> {
    fn dialect(&self) -> Dialect {
        self.change.ground.dialect
    }

    fn mend(
        &mut self,
        conn: &mut Conn,
        at: usize,
        finding: &Finding,
    ) -> Result<DriftState, Failure> {
        match &finding.repair {
            Repair::CreateTable => {
                physical::run(conn, &finding.sql)?;
                clear_counts(conn, self.change, &self.shape)?;
                if let Some(interval) = self.shape.chunk_interval {
                    for (start, _) in chunk_counts(conn, &self.shape)? {
                        if conn.is_postgres() {
                            open_partition(conn, &self.shape, &interval.span(start))?;
                        }
                    }
                }
            }
            Repair::OpenPartition(span) => {
                open_partition(conn, &self.shape, span)?;
                let real = physical::counts(conn, &self.shape)?;
                let rows = real.get(&span.start()).copied().unwrap_or(0);
                correct(conn, &self.shape, span.start(), rows, self.change.now)?;
            }
            Repair::AddColumn(name) => {
                physical::run(conn, &finding.sql)?;
                let required = physical::columns(conn, &self.shape)?;
                let required = required
                    .iter()
                    .any(|real| real.name == *name && real.not_null);
                self.set_required(name, required);
            }
            Repair::CreateIndex(index) => {
                let real = physical::columns(conn, &self.shape)?;
                let is_there = |name: &String| real.iter().any(|real| real.name == *name);
                // SQLite would index a text in the place of a column that it does not know.
                if !index.columns.iter().all(is_there) {
                    return Ok(DriftState::NeedsAttention);
                }
                physical::run(conn, &finding.sql)?;
            }
            Repair::Retype(name) => return self.retype(conn, at, name),
            Repair::Require { column, required } => {
                return self.require(conn, at, column, *required, &finding.sql);
            }
            Repair::Count => {
                let known: BTreeMap<_, _> = chunk_counts(conn, &self.shape)?.into_iter().collect();
                let real = physical::counts(conn, &self.shape)?;
                // The count of a missing partition says what was lost with it.
                let gone = match conn.is_postgres() {
                    true => super::closed(conn, &self.shape, &known)?,
                    false => Vec::new(),
                };
                let gone = |start: &Time| gone.iter().any(|(span, ..)| span.start() == *start);
                let mut wrong = drift::miscounted(&known, &real);
                wrong.retain(|start, _| !gone(start));
                for (start, (_, rows)) in wrong {
                    correct(conn, &self.shape, start, rows, self.change.now)?;
                }
            }
            Repair::Follow | Repair::Nothing => return Ok(DriftState::NeedsAttention),
        }
        Ok(DriftState::Repaired)
    }

    fn set_required(&mut self, name: &str, required: bool) {
        let column = self.shape.columns.iter_mut();
        for column in column.filter(|column| column.name == name) {
            column.not_null = required;
        }
    }

    /// A cast that does not come back to the same text would change values.
    fn retype(&mut self, conn: &mut Conn, at: usize, name: &str) -> Result<DriftState, Failure> {
        let dialect = self.dialect();
        let expected = Physical::of(&self.shape, dialect).columns;
        let Some(column) = expected.into_iter().find(|column| column.name == name) else {
            return Ok(DriftState::NeedsAttention);
        };
        let (c, cast) = (
            column_of_t(name),
            drift::cast(dialect, name, &column.sql_type),
        );
        let changed = match dialect {
            // Bytes of a text are no identifier.
            Dialect::Sqlite if column.sql_type == "BLOB" => format!("{c} IS NOT NULL"),
            Dialect::Sqlite => format!("CAST({cast} AS TEXT) IS NOT CAST({c} AS TEXT)"),
            Dialect::Postgres => format!("({cast})::text IS DISTINCT FROM {c}::text"),
        };
        let table = self.shape.qualified();
        let sql = format!("SELECT count(*) AS n FROM {table} AS t WHERE {changed}");
        if physical::number(conn, &sql)? > 0 {
            return Ok(DriftState::NeedsAttention);
        }
        self.casts.insert(name.to_owned(), cast);
        self.anew.push(at);
        Ok(DriftState::Repaired)
    }

    fn require(
        &mut self,
        conn: &mut Conn,
        at: usize,
        name: &str,
        required: bool,
        sql: &[String],
    ) -> Result<DriftState, Failure> {
        if required {
            let table = self.shape.qualified();
            let lack = format!(
                "SELECT count(*) AS n FROM {table} AS t WHERE {} IS NULL",
                column_of_t(name)
            );
            if physical::number(conn, &lack)? > 0 {
                return Ok(DriftState::NeedsAttention);
            }
        }
        match self.dialect() {
            Dialect::Sqlite => self.anew.push(at),
            Dialect::Postgres => physical::run(conn, sql)?,
        }
        Ok(DriftState::Repaired)
    }

    /// Makes the table anew for all findings that need it.
    fn rebuild(&mut self, conn: &mut Conn, outcomes: &mut [Outcome]) -> Result<(), Failure> {
        if self.anew.is_empty() {
            return Ok(());
        }
        let dialect = self.dialect();
        let mut next = self.shape.clone();
        next.generation += 1;
        next.name = ddl::table_name(
            dialect,
            next.tenant,
            next.entity_id,
            &next.entity,
            next.generation,
        );
        let copied: Vec<_> = next
            .columns
            .iter()
            .map(|column| Copied {
                column: column.name.clone(),
                value: match self.casts.get(&column.name) {
                    Some(cast) => cast.clone(),
                    None => column_of_t(&column.name),
                },
            })
            .collect();
        let tried = conn.transaction(|conn| {
            let extra = physical::extra_columns(conn, &self.shape, dialect)?;
            let spans = match conn.is_postgres() {
                true => chunk_spans(conn, &self.shape)?,
                false => Vec::new(),
            };
            let script = ddl::rebuild(&self.shape, &next, dialect, &extra, &spans, Some(&copied));
            physical::run(conn, &script)?;
            Ok::<_, Failure>(script)
        });
        let (state, script, why) = match physical::refusal(tried)? {
            Ok(script) => {
                self.shape = next;
                (DriftState::Repaired, script, String::new())
            }
            Err(why) => (DriftState::NeedsAttention, Vec::new(), format!("; {why}")),
        };
        for at in &self.anew {
            outcomes[*at].state = state;
            outcomes[*at].finding.sql.clone_from(&script);
            outcomes[*at].finding.description += &why;
        }
        Ok(())
    }
}
