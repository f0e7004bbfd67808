//! Groups, and the roles they and others hold.

use error::{Error, Result};
use proto_platform::tessera::identity::v1 as pb;
use value::Id;

use super::{id, name, time};
use crate::model::{SubjectKind, name_key};
use crate::store::{AssignmentRow, GroupPatch, GroupRow, MemberRow, NewAssignment};

/// Fields that may be changed.
pub(crate) const CHANGEABLE: &[&str] = &["name", "description"];

/// Reads the named fields of a group.
pub(crate) fn patch(group: &pb::Group, fields: &[&str]) -> Result<GroupPatch> {
    let mut patch = GroupPatch::default();
    if fields.contains(&"name") {
        let name = name("group.name", &group.name)?;
        patch.name_key = Some(name_key(&name));
        patch.name = Some(name);
    }
    if fields.contains(&"description") {
        patch.description = Some(group.description.trim().to_owned());
    }
    Ok(patch)
}

/// Renders a group.
pub(crate) fn render(row: GroupRow) -> pb::Group {
    pb::Group {
        id: row.id.to_string(),
        name: row.name,
        description: row.description,
        create_time: time(row.created_at),
        update_time: time(row.updated_at),
        etag: db::etag::format(row.version),
    }
}

/// Renders a membership.
pub(crate) fn render_member(row: MemberRow) -> pb::GroupMember {
    pb::GroupMember {
        user_id: row.user_id.to_string(),
        email: row.email,
        display_name: row.display_name,
        join_time: time(row.created_at),
    }
}

/// Reads a role to give or take.
pub(crate) fn assignment(subject: Option<pb::Subject>, role: String) -> Result<NewAssignment> {
    let subject =
        subject.ok_or_else(|| Error::invalid_field("subject", "REQUIRED", "must be set"))?;
    Ok(NewAssignment {
        subject_kind: subject_kind(subject.kind())?,
        subject_id: id("subject.id", &subject.id)?,
        role,
    })
}

/// Reads what a subject is.
pub(crate) fn subject_kind(kind: pb::SubjectKind) -> Result<SubjectKind> {
    match kind {
        pb::SubjectKind::User => Ok(SubjectKind::User),
        pb::SubjectKind::Group => Ok(SubjectKind::Group),
        pb::SubjectKind::ServicePrincipal => Ok(SubjectKind::ServicePrincipal),
        pb::SubjectKind::Unspecified => Err(Error::invalid_field(
            "subject.kind",
            "REQUIRED",
            "must say what the subject is",
        )),
    }
}

/// Renders a subject.
pub(crate) fn subject(kind: SubjectKind, id: Id) -> pb::Subject {
    let kind = match kind {
        SubjectKind::User => pb::SubjectKind::User,
        SubjectKind::Group => pb::SubjectKind::Group,
        SubjectKind::ServicePrincipal => pb::SubjectKind::ServicePrincipal,
    };
    pb::Subject {
        kind: kind.into(),
        id: id.to_string(),
    }
}

/// Renders an assignment.
pub(crate) fn render_assignment(row: AssignmentRow) -> pb::RoleAssignment {
    pb::RoleAssignment {
        id: row.id.to_string(),
        subject: SubjectKind::parse(&row.subject_kind).map(|kind| subject(kind, row.subject_id)),
        role: row.role,
        create_time: time(row.created_at),
        created_by: row.created_by,
    }
}
