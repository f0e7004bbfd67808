//! A plan in the making: attribute by attribute, then what the whole table needs.

use super::{
    Change, ChangeKind, Facts, Place, Plan,
    convert::{conversion, includes},
    new_column, too_many_keys,
};
use crate::model::{
    ddl::{self, Conversion, Copied, Dialect, Physical, PhysicalColumn},
    definition::{Attribute, Definition},
    table::{Column, TableShape, TableState, quoted},
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Draft<'a> {
    old: &'a TableShape,
    facts: &'a Facts,
    place: &'a Place,
    next: TableShape,
    changes: Vec<Change>,
    /// Of columns whose values become something else.
    conversions: BTreeMap<String, Conversion>,
    /// The change that a table made anew is for.
    moved_for: Option<usize>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(old: &'a TableShape, facts: &'a Facts, place: &'a Place) -> Self {
        Self {
            old,
            facts,
            place,
            next: old.clone(),
            changes: Vec::new(),
            conversions: BTreeMap::new(),
            moved_for: None,
        }
    }

    pub(super) fn plan(mut self, definition: &Definition) -> Plan {
        let gone: Vec<_> = self
            .old
            .live_columns()
            .filter(|column| definition.attribute(&column.attribute).is_none())
            .map(|column| column.name.clone())
            .collect();
        for name in gone {
            self.hide(&name);
        }
        for attribute in &definition.attributes {
            match self.old.column(&attribute.code) {
                Some(column) => self.alter(&column.name.clone(), attribute, false),
                None => match self.hidden(attribute) {
                    Some(name) => self.restore(&name, attribute),
                    None => self.add(attribute),
                },
            }
        }
        self.next.kind = definition.kind;
        self.next.entity_version = definition.version;
        self.next.seen_version = definition.version;
        self.next.state = TableState::Current;
        self.next.problems = Vec::new();
        let place = |column: &Column| {
            let of = |attribute: &Attribute| attribute.code == column.attribute;
            let at = definition.attributes.iter().position(of);
            (column.dropped_at.is_some(), at)
        };
        self.next.columns.sort_by_key(place);
        self.identity();
        self.indexes();
        self.finish()
    }

    fn column(&mut self, name: &str) -> &mut Column {
        let found = self
            .next
            .columns
            .iter_mut()
            .find(|column| column.name == name);
        found.expect("the column was taken from the table")
    }

    fn say(&mut self, kind: ChangeKind, attribute: &str, description: String) -> &mut Change {
        self.changes.push(Change {
            kind,
            attribute: attribute.to_owned(),
            description,
            sql: Vec::new(),
            problem: String::new(),
        });
        self.changes.last_mut().expect("one was just added")
    }

    fn refuse(&mut self, attribute: &str, description: String, problem: String) {
        self.say(ChangeKind::Incompatible, attribute, description)
            .problem = problem;
    }

    /// Lets rows lack a column, as part of the change that was said last. SQLite cannot but by a new table.
    fn release(&mut self, name: &str) {
        let table = self.next.qualified();
        let dialect = self.place.dialect;
        let column = self.column(name);
        if !std::mem::replace(&mut column.not_null, false) {
            return;
        }
        if dialect == Dialect::Sqlite {
            self.moved_for.get_or_insert(self.changes.len() - 1);
        } else if let Some(change) = self.changes.last_mut() {
            change.sql.push(format!(
                "ALTER TABLE {table} ALTER COLUMN {} DROP NOT NULL",
                quoted(name)
            ));
        }
    }

    fn hide(&mut self, name: &str) {
        let now = self.place.now;
        let column = self.column(name);
        column.dropped_at = Some(now);
        let attribute = column.attribute.clone();
        let words = format!("column `{name}` is hidden; its values are kept");
        self.say(ChangeKind::DropColumn, &attribute, words);
        self.release(name);
    }

    /// The column that an attribute had once, if its values fit.
    fn hidden(&self, attribute: &Attribute) -> Option<String> {
        let fits = |column: &&Column| {
            column.dropped_at.is_some()
                && column.attribute == attribute.code
                && self.fits(column, attribute).is_ok()
        };
        let latest = self.old.columns.iter().filter(fits);
        let latest = latest.max_by_key(|column| column.dropped_at)?;
        Some(latest.name.clone())
    }

    /// How values of a column become values of an attribute.
    fn fits(&self, column: &Column, attribute: &Attribute) -> Result<Conversion, String> {
        let range = self.facts.ranges.get(&column.name).copied().flatten();
        let conversion = conversion(column.data_type, attribute.data_type, range)?;
        let outside = self.facts.outside.get(&column.name).copied().unwrap_or(0);
        if outside > 0 && !includes(&attribute.allowed_values, &column.allowed_values) {
            return Err("values that are there would not be allowed".to_owned());
        }
        if self.facts.rows && column.unit != attribute.unit {
            return Err(format!(
                "the values there are in `{}`, not in `{}`",
                column.unit, attribute.unit
            ));
        }
        Ok(conversion)
    }

    fn restore(&mut self, name: &str, attribute: &Attribute) {
        self.column(name).dropped_at = None;
        let words = format!("column `{name}` is shown again, with its values");
        self.say(ChangeKind::RestoreColumn, &attribute.code, words);
        self.alter(name, attribute, true);
    }

    /// Brings a column in line with its attribute.
    fn alter(&mut self, name: &str, attribute: &Attribute, silent: bool) {
        let before = self.column(name).clone();
        let conversion = match self.fits(&before, attribute) {
            // PostgreSQL compares these by value, however they are spelled.
            Ok(Conversion::Respell(_)) if self.place.dialect == Dialect::Postgres => {
                Conversion::Keep
            }
            Ok(conversion) => conversion,
            Err(problem) => {
                let words = format!("column `{name}` is changed to {}", attribute.data_type);
                return self.refuse(&attribute.code, words, problem);
            }
        };
        if conversion != Conversion::Keep {
            let words = format!(
                "column `{name}` is widened from {} to {}",
                before.data_type, attribute.data_type
            );
            self.say(ChangeKind::WidenColumn, &attribute.code, words);
            self.conversions.insert(name.to_owned(), conversion);
            self.moved_for.get_or_insert(self.changes.len() - 1);
        } else if before.data_type != attribute.data_type {
            let words = format!(
                "values of `{name}` may be of type {}; they are kept as before",
                attribute.data_type
            );
            self.say(ChangeKind::WidenColumn, &attribute.code, words);
        }
        if before.nullable != attribute.nullable && !silent {
            if attribute.nullable {
                let words = format!("rows may lack `{name}`");
                self.say(ChangeKind::WidenColumn, &attribute.code, words);
            } else {
                let words = format!("new rows need `{name}`; rows without it stay");
                self.say(ChangeKind::Rules, &attribute.code, words);
            }
        }
        if before.allowed_values != attribute.allowed_values && !silent {
            let words = format!("other values of `{name}` are allowed");
            self.say(ChangeKind::Rules, &attribute.code, words);
        }
        if before.unit != attribute.unit {
            let words = format!("values of `{name}` are in `{}`", attribute.unit);
            self.say(ChangeKind::Rules, &attribute.code, words);
        }
        if attribute.nullable {
            self.release(name);
        }
        let column = self.column(name);
        *column = Column {
            name: before.name,
            not_null: column.not_null,
            dropped_at: None,
            ..new_column(attribute)
        };
    }

    fn add(&mut self, attribute: &Attribute) {
        let mut column = new_column(attribute);
        let taken: BTreeSet<_> = self
            .next
            .columns
            .iter()
            .map(|column| column.name.clone())
            .chain(self.facts.extra.iter().map(|column| column.name.clone()))
            .collect();
        let mut number = 2;
        while taken.contains(&column.name) {
            column.name = format!("{}_{number}", attribute.code);
            number += 1;
        }
        // Rows that are there have no value for it.
        column.not_null = !attribute.nullable && !self.facts.rows;
        let physical = PhysicalColumn {
            name: column.name.clone(),
            sql_type: ddl::column_type(self.place.dialect, column.data_type).to_owned(),
            not_null: column.not_null,
        };
        let sql = format!(
            "ALTER TABLE {} ADD COLUMN {}",
            self.next.qualified(),
            ddl::column_sql(self.place.dialect, &physical)
        );
        let required = match !attribute.nullable && !column.not_null {
            true => "; new rows need it, the rows there are lack it",
            false => "",
        };
        let words = format!(
            "column `{}` of type {} is added{required}",
            column.name, column.data_type
        );
        self.next.columns.push(column);
        self.say(ChangeKind::AddColumn, &attribute.code, words)
            .sql
            .push(sql);
    }

    /// What tells rows apart and places them in time stays while there are rows.
    fn identity(&mut self) {
        let keys = |shape: &TableShape| {
            let codes = shape.identity().into_iter();
            codes
                .map(|column| column.attribute.clone())
                .collect::<BTreeSet<_>>()
        };
        let list = |codes: &BTreeSet<String>| match codes.is_empty() {
            true => "their id alone".to_owned(),
            false => codes.iter().cloned().collect::<Vec<_>>().join(", "),
        };
        let (old, new) = (keys(self.old), keys(&self.next));
        if old != new {
            let words = "another key".to_owned();
            let problem = format!(
                "rows are told apart by {}, not by {}",
                list(&old),
                list(&new)
            );
            self.refuse("", words, problem);
        }
        let time = |shape: &TableShape| {
            let interval = shape.chunk_interval;
            interval.and(shape.time_column().map(|column| column.name.clone()))
        };
        let wanted = self.old.chunk_interval.unwrap_or(self.place.interval);
        self.next.chunk_interval = ddl::interval(self.next.kind, &self.next.columns, wanted);
        let (old, new) = (time(self.old), time(&self.next));
        if old != new {
            let words = "another time attribute".to_owned();
            let name = |time: Option<String>| time.unwrap_or_else(|| "nothing".to_owned());
            let problem = format!(
                "rows are cut in time by {}, not by {}",
                name(old),
                name(new)
            );
            self.refuse("", words, problem);
        }
        if let Some(problem) = too_many_keys(&self.next) {
            self.refuse("", "another key".to_owned(), problem);
        }
    }

    /// Indexes that are not about identity, such as the one on the time of a dimension.
    fn indexes(&mut self) {
        let dialect = self.place.dialect;
        let old = Physical::of(self.old, dialect).indexes;
        let new = Physical::of(&self.next, dialect).indexes;
        for index in old.iter().filter(|index| !new.contains(index)) {
            let sql = ddl::drop_index(&self.next, &index.name);
            let words = format!("index `{}` is removed", index.name);
            self.say(ChangeKind::Index, "", words).sql.push(sql);
        }
        for index in new.iter().filter(|index| !old.contains(index)) {
            let sql = ddl::create_index(&self.next, index);
            let words = format!("index `{}` is made", index.name);
            self.say(ChangeKind::Index, "", words).sql.push(sql);
        }
    }

    fn finish(mut self) -> Plan {
        let Some(at) = self.moved_for else {
            let sql = self.changes.iter().flat_map(|change| change.sql.clone());
            return Plan {
                script: sql.collect(),
                changes: self.changes,
                next: self.next,
                moves: false,
            };
        };
        let (place, dialect) = (self.place, self.place.dialect);
        self.next.generation += 1;
        self.next.name = ddl::table_name(
            dialect,
            place.tenant,
            self.next.entity_id,
            &self.next.entity,
            self.next.generation,
        );
        let copied: Vec<_> = self
            .old
            .columns
            .iter()
            .map(|column| {
                let conversion = self.conversions.get(&column.name);
                let conversion = conversion.copied().unwrap_or(Conversion::Keep);
                Copied {
                    column: column.name.clone(),
                    value: ddl::converted(dialect, conversion, &column.name),
                }
            })
            .collect();
        let (extra, spans) = (&self.facts.extra, &self.facts.spans);
        let script = ddl::rebuild(self.old, &self.next, dialect, extra, spans, Some(&copied));
        for change in &mut self.changes {
            change.sql.clear();
        }
        self.changes[at].sql.clone_from(&script);
        Plan {
            changes: self.changes,
            next: self.next,
            script,
            moves: true,
        }
    }
}
