//! Users.

use error::{Error, Result, Violations};
use proto_platform::tessera::identity::v1 as pb;

use super::{optional_id, optional_time, time};
use crate::model::{Email, name_key};
use crate::store::{UserFilter, UserOrder, UserPatch, UserView};

/// Fields that an administrator may change.
pub(crate) const CHANGEABLE: &[&str] = &[
    "email",
    "display_name",
    "title",
    "department",
    "phone",
    "locale",
    "time_zone",
];

/// Fields that everyone may change of their own user.
pub(crate) const PROFILE: &[&str] = &[
    "display_name",
    "title",
    "department",
    "phone",
    "locale",
    "time_zone",
];

/// Reads the named fields of a user.
pub(crate) fn patch(user: &pb::User, fields: &[&str]) -> Result<UserPatch> {
    let mut violations = Violations::new();
    let mut patch = UserPatch::default();
    let text = |value: &str| Some(value.trim().to_owned());
    for field in fields {
        match *field {
            "email" => match Email::parse("user.email", &user.email) {
                Ok(email) => patch.email = Some(email.to_string()),
                Err(_) => violations.add("user.email", "EMAIL", "must be an e-mail address"),
            },
            "display_name" => {
                patch.display_name = text(&user.display_name);
                patch.name_key = Some(name_key(&user.display_name));
            }
            "title" => patch.title = text(&user.title),
            "department" => patch.department = text(&user.department),
            "phone" => patch.phone = text(&user.phone),
            "locale" => patch.locale = text(&user.locale),
            "time_zone" => {
                let known =
                    user.time_zone.is_empty() || jiff::tz::db().get(&user.time_zone).is_ok();
                violations.check(
                    known,
                    "user.time_zone",
                    "TIME_ZONE",
                    "must be an IANA time zone such as `Europe/Vienna`",
                );
                patch.time_zone = text(&user.time_zone);
            }
            _ => {}
        }
    }
    violations.finish()?;
    Ok(patch)
}

/// The user of a request, which the contract requires.
pub(crate) fn required(user: Option<pb::User>) -> Result<pb::User> {
    user.ok_or_else(|| Error::invalid_field("user", "REQUIRED", "must be set"))
}

/// Reads which users to list.
pub(crate) fn filter(request: &pb::ListUsersRequest) -> Result<UserFilter> {
    let state = request.state();
    Ok(UserFilter {
        name_prefix: request.name_prefix.to_lowercase(),
        email_prefix: request.email_prefix.to_lowercase(),
        disabled: match state {
            pb::UserState::Active => Some(false),
            pb::UserState::Disabled => Some(true),
            pb::UserState::Unspecified | pb::UserState::Deleted => None,
        },
        deleted: state == pb::UserState::Deleted,
        group: optional_id("group_id", &request.group_id)?,
        order: match request.order() {
            pb::UserOrder::Unspecified | pb::UserOrder::Email => UserOrder::Email,
            pb::UserOrder::DisplayName => UserOrder::DisplayName,
            pb::UserOrder::CreateTime => UserOrder::CreateTime,
        },
    })
}

/// The sort key of a user in a list.
pub(crate) fn sort_key(view: &UserView, order: UserOrder) -> String {
    match order {
        UserOrder::Email => view.user.email.clone(),
        UserOrder::DisplayName => view.user.name_key.clone(),
        UserOrder::CreateTime => String::new(),
    }
}

/// Renders a user.
pub(crate) fn render(view: UserView) -> pb::User {
    let UserView {
        user,
        must_change,
        last_sign_in_at,
        locked_until,
    } = view;
    let state = match (user.deleted_at, user.disabled_at) {
        (Some(_), _) => pb::UserState::Deleted,
        (None, Some(_)) => pb::UserState::Disabled,
        (None, None) => pb::UserState::Active,
    };
    pb::User {
        id: user.id.to_string(),
        email: user.email,
        display_name: user.display_name,
        title: user.title,
        department: user.department,
        phone: user.phone,
        locale: user.locale,
        time_zone: user.time_zone,
        state: state.into(),
        must_change_password: must_change,
        locked_until: optional_time(locked_until),
        last_sign_in_time: optional_time(last_sign_in_at),
        create_time: time(user.created_at),
        update_time: time(user.updated_at),
        delete_time: optional_time(user.deleted_at),
        etag: db::etag::format(user.version),
    }
}
