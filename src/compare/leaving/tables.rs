//! The two tables of an entity that was not chosen, and what its rows can be told by.

use super::super::Work;
use super::super::personal::called_personal;
use crate::database::{ColumnRef, ColumnShape, TableName, TableShape, ValueKind};
use crate::outsystems::{Attribute, DataKind, Entity, EntityIndex};

/// The two tables of an entity that was not chosen.
pub(super) struct Tables {
    pub(super) name: String,
    pub(super) source: TableName,
    pub(super) source_id: ColumnShape,
    pub(super) destination: TableName,
    pub(super) destination_id: ColumnShape,
    /// Attributes that rows can be matched by, those that are unique there first.
    pub(super) keys: Vec<KeyPair>,
    /// What shows people a row of the destination's.
    pub(super) telling: Telling,
}

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
            let column = [attribute.column.as_str()];
            shape.unique_indexes.iter().any(|index| is_only(&index.columns, &column))
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

/// An attribute that rows can be matched by.
pub(super) struct KeyPair {
    pub(super) name: String,
    pub(super) source: ColumnShape,
    pub(super) destination: ColumnShape,
    pub(super) is_unique: bool,
}

pub(super) fn named<'a>(keys: &'a [KeyPair], name: &str) -> Option<&'a KeyPair> {
    keys.iter().find(|key| key.name.eq_ignore_ascii_case(name.trim()))
}

impl Work<'_> {
    /// The tables of an entity that was not chosen; `None` where the destination has no rows of it
    /// that could be referred to.
    pub(super) fn tables_of(
        &self,
        pair_place: usize,
        place: usize,
        index: EntityIndex,
    ) -> Option<Tables> {
        let referred = self.source.entity(index);
        let there = self.destination.entities_by_key(&referred.espace_key, &referred.key);
        let mut active = there.into_iter().filter(|i| self.destination.entity(*i).is_active);
        let (Some(other_index), None) = (active.next(), active.next()) else { return None };
        let other = self.destination.entity(other_index);
        // What has become static there has rows all the same; they are referred to, never written.
        let has_rows = matches!(other.kind, DataKind::Entity | DataKind::Static);
        if !has_rows || other.is_external || referred.is_external {
            return None;
        }
        let shape = self.source.shape_of(index)?;
        let there = self.destination.shape_of(other_index)?;
        let source_id = shape.column(&referred.identifier()?.column)?.clone();
        let destination_id = there.column(&other.identifier()?.column)?.clone();
        let own = &self.out.pairs[pair_place].attributes[place].destination_column;
        let kind = own.data_type.kind();
        let is_same = destination_id.data_type.kind() == kind && source_id.data_type.kind() == kind;
        if !is_same {
            return None;
        }
        let mut keys = Vec::new();
        // The same key may stand in several tenants, each time for another row.
        if !referred.is_multitenant && !other.is_multitenant {
            keys = key_pairs(referred, other, shape, there);
        }
        Some(Tables {
            name: referred.full_name(),
            source: referred.table.clone(),
            source_id,
            destination: other.table.clone(),
            telling: Telling::of(other, there, &destination_id),
            destination_id,
            keys,
        })
    }
}

/// Whether an index is on these columns and no others.
fn is_only(columns: &[String], wanted: &[&str]) -> bool {
    columns.len() == wanted.len()
        && columns.iter().zip(wanted).all(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// Attributes of basic types that both sides have, those that are unique there first.
fn key_pairs(
    referred: &Entity,
    other: &Entity,
    shape: &TableShape,
    there: &TableShape,
) -> Vec<KeyPair> {
    let mut keys: Vec<KeyPair> = referred
        .active_attributes()
        .filter(|attribute| {
            attribute.key != referred.identifier_key
                && !attribute.data_type.is_reference()
                && !attribute.data_type.is_unclear()
        })
        .filter_map(|attribute| {
            let theirs = other.attribute(&attribute.key)?;
            if theirs.data_type.is_reference() || theirs.data_type.is_unclear() {
                return None;
            }
            let source = shape.column(&attribute.column)?.clone();
            let destination = there.column(&theirs.column)?.clone();
            let kind = source.data_type.kind()?;
            let may_tell = matches!(kind, ValueKind::Integer | ValueKind::Text);
            (may_tell && destination.data_type.kind() == Some(kind)).then(|| KeyPair {
                name: attribute.name.clone(),
                is_unique: there.unique_indexes.iter().any(|index| {
                    !index.filtered && is_only(&index.columns, &[destination.name.as_str()])
                }),
                source,
                destination,
            })
        })
        .collect();
    keys.sort_by_key(|key| !key.is_unique);
    keys
}
