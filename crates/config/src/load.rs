//! From file and environment to one table.

use crate::Error;
use std::path::Path;
use toml::{Table, Value};

const PREFIX: &str = "TESSERA__";

/// The environment of this process, for [`load`].
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Reads the file, if there is one, and lays the environment over it:
/// `TESSERA__SERVICES__METADATA__PAGE_SIZE=50` sets `services.metadata.page_size`. A value is read as
/// TOML where it is TOML (`50`, `true`, `["a"]`), else as text.
///
/// # Errors
/// If the file cannot be read or is no TOML (with its line), or a variable contradicts the file's shape.
pub fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Table, Error> {
    let mut table = match file {
        Some(path) => read(path)?,
        None => Table::new(),
    };
    let mut variables: Vec<_> = environment
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    variables.sort();
    for (name, text) in variables {
        let keys: Vec<_> = name[PREFIX.len()..]
            .split("__")
            .map(str::to_ascii_lowercase)
            .collect();
        overlay(&mut table, &name, &keys, &text)?;
    }
    Ok(table)
}

fn read(path: &Path) -> Result<Table, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Error::new("", format!("cannot read {}: {cause}", path.display())))?;
    text.parse()
        .map_err(|cause| Error::new("", format!("{} is not valid TOML: {cause}", path.display())))
}

fn overlay(table: &mut Table, name: &str, keys: &[String], text: &str) -> Result<(), Error> {
    let Some((last, path)) = keys
        .split_last()
        .filter(|_| keys.iter().all(|key| !key.is_empty()))
    else {
        return Err(Error::new(
            name,
            "is no setting: write TESSERA__SECTION__KEY",
        ));
    };
    let mut place = table;
    for key in path {
        let next = place
            .entry(key.clone())
            .or_insert_with(|| Value::Table(Table::new()));
        place = next.as_table_mut().ok_or_else(|| {
            Error::new(
                name,
                format!("{key:?} is a value in the file, not a section"),
            )
        })?;
    }
    place.insert(last.clone(), scalar(text));
    Ok(())
}

fn scalar(text: &str) -> Value {
    format!("value = {text}")
        .parse::<Table>()
        .ok()
        .filter(|table| table.len() == 1)
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect::<Vec<_>>()
            .into_iter()
    }

    #[test]
    fn the_environment_lies_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tessera.toml");
        std::fs::write(&path, "[services.metadata]\npage_size = 10\nname = \"a\"\n").unwrap();
        let table = load(
            Some(&path),
            variables(&[
                ("TESSERA__SERVICES__METADATA__PAGE_SIZE", "50"),
                ("TESSERA__SERVER__GRPC", "127.0.0.1:0"),
                ("TESSERA__SERVER__FLAGS", "[\"x\", \"y\"]"),
                ("HOME", "/root"),
            ]),
        )
        .unwrap();
        let metadata = table["services"]["metadata"].as_table().unwrap();
        assert_eq!(metadata["page_size"], Value::Integer(50));
        assert_eq!(metadata["name"], Value::String("a".into()));
        assert_eq!(table["server"]["grpc"], Value::String("127.0.0.1:0".into()));
        assert_eq!(table["server"]["flags"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn text_cannot_smuggle_in_other_keys() {
        let table = load(None, variables(&[("TESSERA__A__B", "1\nother = 2")])).unwrap();
        assert_eq!(table["a"]["b"], Value::String("1\nother = 2".into()));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = load(Some(Path::new("/nonexistent.toml")), variables(&[])).unwrap_err();
        assert!(error.to_string().contains("/nonexistent.toml"));
        let error = load(
            None,
            variables(&[("TESSERA__A", "1"), ("TESSERA__A__B", "2")]),
        )
        .unwrap_err();
        assert!(error.to_string().contains("TESSERA__A__B"));
        assert!(load(None, variables(&[("TESSERA__A____B", "2")])).is_err());
    }
}
