//! What a definition refers to, by kind and code, with the field that does.

use super::{AttributeRef, Kind, ModuleRef};

/// One field that refers to another definition, or to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The field, such as `entities[1]`.
    pub(crate) path: String,
    /// The kind that is referred to.
    pub(crate) kind: Kind,
    /// The code that is referred to.
    pub(crate) code: String,
    /// The attribute or module that is referred to; empty is the whole definition.
    pub(crate) part: String,
}

/// Collects references; empty codes name nothing and are left out.
#[derive(Debug, Default)]
pub(crate) struct References(Vec<Reference>);

impl References {
    /// One code.
    pub(crate) fn one(&mut self, path: impl Into<String>, kind: Kind, code: &str) {
        self.part(path, kind, code, "");
    }

    /// A list of codes.
    pub(crate) fn many(&mut self, path: &str, kind: Kind, codes: &[String]) {
        for (index, code) in codes.iter().enumerate() {
            self.one(format!("{path}[{index}]"), kind, code);
        }
    }

    /// An attribute of an entity.
    pub(crate) fn attribute(&mut self, path: impl Into<String>, attribute: &AttributeRef) {
        self.part(path, Kind::Entity, &attribute.entity, &attribute.attribute);
    }

    /// A module of a value chain.
    pub(crate) fn module(&mut self, path: impl Into<String>, module: &ModuleRef) {
        self.part(path, Kind::ValueChain, &module.value_chain, &module.module);
    }

    fn part(&mut self, path: impl Into<String>, kind: Kind, code: &str, part: &str) {
        if !code.is_empty() {
            let (code, part) = (code.to_owned(), part.to_owned());
            self.0.push(Reference {
                path: path.into(),
                kind,
                code,
                part,
            });
        }
    }

    pub(crate) fn finish(self) -> Vec<Reference> {
        self.0
    }
}
