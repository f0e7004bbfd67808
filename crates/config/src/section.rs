//! From the table to each crate's own settings, and back for `config print`.

use crate::{Error, Problem, Problems, Validate};
use serde::{Serialize, de::DeserializeOwned};
use toml::{Table, Value};

/// The settings at a dotted key such as `services.metadata`; defaults where the table says nothing.
/// Unknown keys are refused (the type denies them) with the nearest known key.
///
/// # Errors
/// With the full key of what does not fit, or everything that [`Validate`] finds.
pub fn section<T>(table: &Table, key: &str) -> Result<T, Error>
where
    T: DeserializeOwned + Default + Serialize + Validate,
{
    let Some(found) = find(table, key) else {
        return Ok(T::default());
    };
    let settings: T = serde_path_to_error::deserialize(found.clone()).map_err(|cause| {
        let path = cause.path().to_string();
        let full = if path == "." {
            key.to_owned()
        } else {
            format!("{key}.{path}")
        };
        let message = first_line(&cause.into_inner().to_string());
        Error::new(full, with_suggestion::<T>(message))
    })?;
    let mut problems = Problems::default();
    problems.within(key, &settings);
    problems.finish()?;
    Ok(settings)
}

/// Refuses keys below a dotted key (empty: the whole table) that nobody owns.
///
/// # Errors
/// With every unknown key and the nearest known one.
pub fn allow_only(table: &Table, key: &str, known: &[&str]) -> Result<(), Error> {
    let found = match key {
        "" => Some(table),
        key => find(table, key).and_then(Value::as_table),
    };
    let problems: Vec<_> = found
        .into_iter()
        .flat_map(Table::keys)
        .filter(|name| !known.contains(&name.as_str()))
        .map(|name| Problem {
            key: if key.is_empty() {
                name.clone()
            } else {
                format!("{key}.{name}")
            },
            message: format!("is not known{}", nearest(name, known.iter().copied())),
        })
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error { problems })
    }
}

/// Sections as a config file; secrets as stars.
///
/// # Errors
/// If a section cannot be written as TOML, which is a mistake in its type.
pub fn print<'a>(sections: impl IntoIterator<Item = (&'a str, Value)>) -> Result<String, Error> {
    let mut table = Table::new();
    for (key, value) in sections {
        let mut place = &mut table;
        let (path, last) = key
            .rsplit_once('.')
            .map_or((None, key), |(path, last)| (Some(path), last));
        for part in path.into_iter().flat_map(|path| path.split('.')) {
            place = place
                .entry(part)
                .or_insert_with(|| Value::Table(Table::new()))
                .as_table_mut()
                .ok_or_else(|| Error::new(key, "is a value and a section at once"))?;
        }
        place.insert(last.to_owned(), value);
    }
    toml::to_string_pretty(&table).map_err(|cause| Error::new("", cause.to_string()))
}

fn find<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let mut parts = key.split('.');
    let first = table.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.as_table()?.get(part))
}

/// `unknown field ...` gets the nearest name among the keys of the type's defaults.
fn with_suggestion<T: Default + Serialize>(message: String) -> String {
    let Some(unknown) = message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split('`').next())
    else {
        return message;
    };
    let mut names = Vec::new();
    if let Ok(defaults) = Value::try_from(T::default()) {
        collect_keys(&defaults, &mut names);
    }
    format!(
        "is not known{}",
        nearest(unknown, names.iter().map(String::as_str))
    )
}

fn collect_keys(value: &Value, names: &mut Vec<String>) {
    if let Value::Table(table) = value {
        for (name, inner) in table {
            names.push(name.clone());
            collect_keys(inner, names);
        }
    }
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= 1 + name.len() / 4)
        .map(|(_, candidate)| format!("; did you mean {candidate:?}?"))
        .unwrap_or_default()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Secret, Span};
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Settings {
        page_size: u32,
        timeout: Span,
        key: Secret,
        inner: Inner,
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Inner {
        depth: u8,
    }

    impl Default for Settings {
        fn default() -> Self {
            Self {
                page_size: 50,
                timeout: Span::from_secs(30),
                key: Secret::default(),
                inner: Inner::default(),
            }
        }
    }

    impl Validate for Settings {
        fn validate(&self, problems: &mut Problems) {
            problems.check(self.page_size > 0, "page_size", "must be positive");
            problems.check(!self.timeout.is_zero(), "timeout", "must be positive");
        }
    }

    fn read(text: &str) -> Result<Settings, String> {
        section(&text.parse().unwrap(), "services.metadata").map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_fill_what_is_not_said() {
        assert_eq!(read(""), Ok(Settings::default()));
        assert_eq!(
            read("[services.metadata]\npage_size = 7")
                .unwrap()
                .page_size,
            7
        );
    }

    #[test]
    fn every_problem_has_its_full_key() {
        assert_eq!(
            read("[services.metadata]\npage_sise = 7").unwrap_err(),
            "services.metadata.page_sise: is not known; did you mean \"page_size\"?"
        );
        assert_eq!(
            read("[services.metadata]\npage_size = 0\ntimeout = \"0s\"").unwrap_err(),
            "services.metadata.page_size: must be positive\nservices.metadata.timeout: must be positive"
        );
        let error = read("[services.metadata.inner]\ndepth = \"x\"").unwrap_err();
        assert!(
            error.starts_with("services.metadata.inner.depth: invalid type"),
            "{error}"
        );
        let error = read("[services.metadata]\ntimeout = \"soon\"").unwrap_err();
        assert!(
            error.contains("services.metadata.timeout: \"soon\" is no span"),
            "{error}"
        );
    }

    #[test]
    fn sections_that_nobody_owns_are_refused() {
        let table = "[server]\n[sevices.metadata]\n".parse().unwrap();
        let error = allow_only(&table, "", &["server", "services"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "sevices: is not known; did you mean \"services\"?"
        );
        let table = "[services.metdata]\n".parse().unwrap();
        let error = allow_only(&table, "services", &["metadata"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "services.metdata: is not known; did you mean \"metadata\"?"
        );
    }

    #[test]
    fn what_is_printed_reads_back_without_secrets() {
        let settings = Settings {
            key: Secret::new("hunter2"),
            ..Settings::default()
        };
        let text = print([("services.metadata", Value::try_from(&settings).unwrap())]).unwrap();
        assert!(!text.contains("hunter2") && text.contains("***"), "{text}");
        assert_eq!(read(&text).unwrap().page_size, 50);
    }
}
