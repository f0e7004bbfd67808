//! Figures of topics, and how far they count.

use auth::Scope;
use diesel::{prelude::*, upsert::excluded};
use error::Result;
use value::{Id, Time};

use super::Store;
use crate::model::figures::Topic;
use crate::schema::{progress, topics};

const COUNTED: &str = "topics";

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = topics)]
struct Row {
    tenant: Id,
    name: String,
    messages: i64,
    bytes: i64,
    first_at: Time,
    last_at: Time,
    last_position: i64,
    created_at: Time,
    updated_at: Time,
    version: i64,
}

/// Topics of all tenants, and the position up to which they count.
pub(crate) type Counted = (u64, Vec<(Id, String, Topic)>);

impl Store {
    /// Topics of all tenants as they were kept last.
    pub(crate) async fn topics_load(&self, scope: &Scope) -> Result<Counted> {
        self.db
            .read(scope, |c| {
                let counted: Option<i64> = progress::table
                    .find((Id::NIL, COUNTED))
                    .select(progress::position)
                    .first(c)
                    .optional()?;
                let rows: Vec<Row> = topics::table.select(Row::as_select()).load(c)?;
                let topics = rows.into_iter().map(|row| {
                    let topic = Topic {
                        messages: row.messages,
                        bytes: row.bytes,
                        first_at: row.first_at,
                        last_at: row.last_at,
                        last_position: row.last_position,
                    };
                    (row.tenant, row.name, topic)
                });
                let counted = counted.and_then(|counted| u64::try_from(counted).ok());
                Ok((counted.unwrap_or(1), topics.collect()))
            })
            .await
    }

    /// Keeps topics that changed, and how far they count, together.
    pub(crate) async fn topics_save(
        &self,
        scope: &Scope,
        counted: u64,
        changed: Vec<(Id, String, Topic)>,
    ) -> Result<()> {
        let now = self.clock.now();
        let counted = i64::try_from(counted).unwrap_or(i64::MAX);
        let rows: Vec<Row> = changed
            .into_iter()
            .map(|(tenant, name, topic)| Row {
                tenant,
                name,
                messages: topic.messages,
                bytes: topic.bytes,
                first_at: topic.first_at,
                last_at: topic.last_at,
                last_position: topic.last_position,
                created_at: now,
                updated_at: now,
                version: 1,
            })
            .collect();
        self.db
            .write(scope, move |c| {
                db::upsert!(
                    c,
                    topics::table,
                    &rows,
                    on = (topics::tenant, topics::name),
                    set = (
                        topics::messages.eq(excluded(topics::messages)),
                        topics::bytes.eq(excluded(topics::bytes)),
                        topics::last_at.eq(excluded(topics::last_at)),
                        topics::last_position.eq(excluded(topics::last_position)),
                        topics::updated_at.eq(excluded(topics::updated_at)),
                    )
                )?;
                let row = (
                    progress::tenant.eq(Id::NIL),
                    progress::name.eq(COUNTED),
                    progress::position.eq(counted),
                    progress::created_at.eq(now),
                    progress::updated_at.eq(now),
                    progress::version.eq(1_i64),
                );
                db::on_each!(c, c => diesel::insert_into(progress::table)
                    .values(&row)
                    .on_conflict((progress::tenant, progress::name))
                    .do_update()
                    .set((progress::position.eq(counted), progress::updated_at.eq(now)))
                    .execute(c))?;
                Ok(())
            })
            .await
    }
}
