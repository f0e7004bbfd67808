//! What entries are called, and what they go by.

use std::sync::Arc;
use value::Id;

/// The name of an entry. It has a tenant by its type: no entry is read for another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    tenant: Id,
    name: Arc<str>,
}

impl Key {
    /// The entry `name` of a tenant. The name holds all else that the value depends on: versions, parameters, and
    /// who may see what where that makes a difference.
    pub fn new(tenant: Id, name: impl Into<Arc<str>>) -> Self {
        Self {
            tenant,
            name: name.into(),
        }
    }

    /// Whose entry it is.
    pub fn tenant(&self) -> Id {
        self.tenant
    }

    /// Its name among the entries of the tenant.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What an entry depends on, such as `entity:claim`: all entries with a tag go at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Arc<str>);

impl Tag {
    /// The tag of this name.
    pub fn new(name: impl AsRef<str>) -> Self {
        // Tags stand in lines where they are kept together.
        let name = name.as_ref();
        if name.contains('\n') {
            return Self(name.replace('\n', "\\n").into());
        }
        Self(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Tag {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Tag {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}
