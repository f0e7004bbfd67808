//! A table as one caller sees it.

use super::{filter::Conditions, row::Layout, table::TableShape};
use auth::RowFilters;
use error::Error;
use formula::{Entity, Typed};
use std::sync::Arc;

/// A table with what the caller may see of it.
pub(crate) struct View {
    /// The table.
    pub(crate) shape: Arc<TableShape>,
    /// Its attributes.
    pub(crate) layout: Layout,
    /// It as the metric language reads it.
    pub(crate) entity: Entity,
    /// Which rows may be seen; all where none.
    pub(crate) visible: Option<Typed>,
    /// The row filters that say so, as they are written.
    pub(crate) row_filters: Vec<String>,
}

impl View {
    /// The table as a caller with these row filters sees it.
    ///
    /// # Errors
    /// `ROW_FILTER_INVALID` where a filter does not fit the entity.
    pub(crate) fn new(shape: &Arc<TableShape>, filters: &RowFilters) -> Result<Self, Error> {
        let entity = shape.formula_entity();
        let own = filters.of(&shape.entity);
        let visible = Conditions::on(&entity).visible(own)?;
        let texts = own.unwrap_or_default().iter();
        Ok(Self {
            shape: Arc::clone(shape),
            layout: Layout::of(shape),
            entity,
            visible,
            row_filters: texts.map(ToString::to_string).collect(),
        })
    }

    /// Conditions on its rows.
    pub(crate) fn conditions(&self) -> Conditions<'_> {
        Conditions::on(&self.entity)
    }
}
