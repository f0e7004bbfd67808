//! Expressions and conditions over the rows of one entity, for statements that the owner of the rows writes itself: reading a page of
//! them, changing some, listing members. The rows are `t`, as in [`RowWriter::from`]; values become parameters, in the order they are asked for.

use super::{
    Bind, Dialect, Refused,
    scalar::{Scalars, quoted},
    statement::text,
};
use crate::{Code, DataType, Entity, Typed};

/// Writes parts of one statement and collects its parameters.
pub struct RowWriter<'a>(Scalars<'a>);

impl<'a> RowWriter<'a> {
    /// A writer of a statement over the rows of `entity`.
    pub fn new(entity: &'a Entity, dialect: Dialect) -> Self {
        Self(Scalars {
            entity,
            dialect,
            binds: Vec::new(),
        })
    }

    /// The table with its schema, in quotes.
    pub fn table(&self) -> String {
        let entity = self.0.entity;
        let schema = entity.schema.iter().map(|schema| quoted(schema) + ".");
        schema.collect::<String>() + &quoted(&entity.table)
    }

    /// `FROM table AS t`.
    pub fn from(&self) -> String {
        format!("FROM {} AS t", self.table())
    }

    /// The column of an attribute.
    ///
    /// # Errors
    /// Where the entity has no such attribute.
    pub fn column(&self, attribute: &str) -> Result<String, Refused> {
        self.0.column(attribute)
    }

    /// The column with the row's id.
    pub fn row_id(&self) -> String {
        format!("t.{}", quoted(&self.0.entity.row_id))
    }

    /// A condition: the text may be true, false or null.
    ///
    /// # Errors
    /// Where it is none, does not fit the entity, or would be too long.
    pub fn condition(&mut self, typed: &Typed) -> Result<String, Refused> {
        if !matches!(typed.data_type, DataType::Boolean | DataType::Null) {
            return super::refuse(Code::WrongType, "a filter is a condition");
        }
        self.0.expression(typed)
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// Where it does not fit the entity, or would be too long.
    pub fn value(&mut self, typed: &Typed) -> Result<String, Refused> {
        self.0.used(typed)
    }

    /// A parameter; on PostgreSQL cast to the type `postgres`, such as `text::date`.
    pub fn bind(&mut self, bind: Bind, postgres: &str) -> String {
        self.0.bind(bind, postgres)
    }

    /// A value of this type as text, in the one spelling that both databases share.
    pub fn text(&self, data_type: DataType, value: &str) -> String {
        text(self.0.dialect, data_type, value)
    }

    /// The dialect it writes.
    pub const fn dialect(&self) -> Dialect {
        self.0.dialect
    }

    /// The values of the parameters so far, in order.
    pub fn into_binds(self) -> Vec<Bind> {
        self.0.binds
    }
}
