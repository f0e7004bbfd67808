//! Row filters. The grammar of a condition is checked here; its names and types where it is used.

use error::{Error, Result, Violations};
use pb::row_filter::Holder as Wire;
use proto_platform::tessera::identity::v1 as pb;

use super::{group, id, time};
use crate::model::{Holder, SubjectKind};
use crate::store::{NewRowFilter, RowFilterPatch, RowFilterRow};

/// Fields that may be changed.
pub(crate) const CHANGEABLE: &[&str] = &["name", "description", "condition"];

/// Reads a new row filter.
pub(crate) fn new(filter: pb::RowFilter) -> Result<NewRowFilter> {
    let mut found = Violations::new();
    let fields = found.take("", patch(&filter, CHANGEABLE));
    let holder = found.take("row_filter", holder(filter.holder));
    found.check(
        !filter.entity.is_empty(),
        "row_filter.entity",
        "REQUIRED",
        "must be the code of an entity",
    );
    match (fields, holder) {
        (Some(fields), Some(holder)) if found.is_empty() => Ok(NewRowFilter {
            fields,
            holder,
            entity: filter.entity,
        }),
        _ => found
            .finish()
            .and_then(|()| Err(Error::internal("a refused row filter has violations"))),
    }
}

/// Reads the named fields of a row filter.
pub(crate) fn patch(filter: &pb::RowFilter, fields: &[&str]) -> Result<RowFilterPatch> {
    let mut found = Violations::new();
    let mut patch = RowFilterPatch::default();
    if fields.contains(&"name") {
        patch.name = Some(filter.name.trim().to_owned());
        let named = patch.name.as_deref() != Some("");
        found.check(named, "row_filter.name", "REQUIRED", "must not be empty");
    }
    if fields.contains(&"description") {
        patch.description = Some(filter.description.trim().to_owned());
    }
    if fields.contains(&"condition") {
        // Kept as written, so that the lines and columns of problems are the author's.
        patch.condition = Some(filter.condition.clone());
        if filter.condition.trim().is_empty() {
            let field = "row_filter.condition";
            found.add(field, "REQUIRED", "must say which rows may be seen");
        } else if let Err(problems) = formula::parse(&filter.condition) {
            for problem in problems.violations("row_filter.condition") {
                found.add(problem.field, problem.reason, problem.description);
            }
        }
    }
    found.finish()?;
    Ok(patch)
}

fn holder(holder: Option<Wire>) -> Result<Holder> {
    match holder {
        Some(Wire::Role(role)) => Ok(Holder::Role(role)),
        Some(Wire::Subject(subject)) => Ok(Holder::Subject(
            group::subject_kind(subject.kind())?,
            id("subject.id", &subject.id)?,
        )),
        None => Err(Error::invalid_field(
            "subject",
            "REQUIRED",
            "must be set, unless `role` is",
        )),
    }
}

/// Renders a row filter.
pub(crate) fn render(row: RowFilterRow) -> pb::RowFilter {
    let subject = row.subject_kind.as_deref().and_then(SubjectKind::parse);
    let holder = match (subject, row.subject_id) {
        (Some(kind), Some(id)) => Some(Wire::Subject(group::subject(kind, id))),
        _ => row.role.map(Wire::Role),
    };
    pb::RowFilter {
        id: row.id.to_string(),
        name: row.name,
        description: row.description,
        holder,
        entity: row.entity,
        condition: row.condition,
        create_time: time(row.created_at),
        update_time: time(row.updated_at),
        created_by: row.created_by,
        etag: db::etag::format(row.version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(filter: pb::RowFilter) -> Vec<String> {
        let error = new(filter).unwrap_err();
        let violations = error.violations().iter();
        violations
            .map(|violation| format!("{} {}", violation.field, violation.reason))
            .collect()
    }

    #[test]
    fn all_faults_are_found_at_once() {
        assert_eq!(
            fields(pb::RowFilter::default()),
            [
                "row_filter.name REQUIRED",
                "row_filter.condition REQUIRED",
                "row_filter.subject REQUIRED",
                "row_filter.entity REQUIRED"
            ]
        );
        let wrong = pb::RowFilter {
            name: " ".into(),
            holder: Some(Wire::Subject(pb::Subject::default())),
            condition: "region = ".into(),
            entity: "policy".into(),
            ..pb::RowFilter::default()
        };
        assert_eq!(
            fields(wrong),
            [
                "row_filter.name REQUIRED",
                "row_filter.condition FORMULA_SYNTAX",
                "row_filter.subject.kind REQUIRED"
            ]
        );
    }
}
