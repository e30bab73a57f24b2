//! What shows people which row one is.

use super::personal::called_personal;
use crate::database::{ColumnRef, ColumnShape, TableShape, Value, ValueKind, same_name};
use crate::outsystems::{Attribute, Entity};

/// Rows that a finding shows.
pub const PREVIEWED: usize = 10;

/// So many rows are listed at most where all are known.
pub(super) const MOST_LISTED: usize = 10_000;

/// Characters of a value that a preview shows.
const SHOWN: usize = 40;

/// What shows people which row one is: its identifier, what is unique in it, its label. Nothing that is
/// called personal: it is in nobody's plan to have that read here, in clear.
#[derive(Clone)]
pub(super) struct Telling {
    pub(super) columns: Vec<ColumnRef>,
    /// The names of the columns behind the identifier.
    pub(super) names: Vec<String>,
}

impl Telling {
    pub(super) fn of(entity: &Entity, shape: &TableShape, id: &ColumnShape) -> Self {
        let unique = |attribute: &&Attribute| {
            let is_own =
                |columns: &[String]| matches!(columns, [one] if same_name(one, &attribute.column));
            shape.unique_indexes.iter().any(|index| is_own(&index.columns))
        };
        let shown = |attribute: &&Attribute| {
            !attribute.data_type.is_reference() && called_personal(entity, attribute).is_none()
        };
        let all = || entity.active_attributes().filter(shown);
        let label = all().find(|a| !entity.label_key.is_empty() && a.key == entity.label_key);
        let told = all().filter(|a| a.key != entity.identifier_key).find(unique);
        let text = |column: &&ColumnShape| column.data_type.kind() == Some(ValueKind::Text);
        let first_text = all().find(|a| shape.column(&a.column).as_ref().is_some_and(text));
        let (mut columns, mut names) = (vec![ColumnRef::from(id)], Vec::new());
        for attribute in [told, label.or(first_text)].into_iter().flatten() {
            let Some(column) = shape.column(&attribute.column) else { continue };
            if !names.contains(&attribute.name) {
                columns.push(ColumnRef::from(column));
                names.push(attribute.name.clone());
            }
        }
        Self { columns, names }
    }
}

/// A value as a preview shows it.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN {
        return text;
    }
    text.chars().take(SHOWN - 1).chain(['…']).collect()
}

/// `17 · Code AB-1 · Name Brakes`
pub(super) fn row_in_words(names: &[String], row: &[Value]) -> String {
    let mut words = row.first().map(shown).unwrap_or_default();
    for (name, value) in names.iter().zip(row.iter().skip(1)) {
        words.push_str(&format!(" · {name} {}", shown(value)));
    }
    words
}
