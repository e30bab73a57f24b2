//! The two tables of an entity that was not chosen, and what its rows can be told by.

use super::super::Work;
use super::super::attributes::{is_tenant, tenant_column};
use super::super::one_row::RowsThere;
use super::KeyPart;
use crate::database::{ColumnRef, ColumnShape, TableName, TableShape, ValueKind, same_name};
use crate::outsystems::{Attribute, Entity, EntityIndex};

/// The two tables of an entity that was not chosen.
pub(super) struct Tables {
    pub(super) name: String,
    pub(super) source: TableName,
    pub(super) source_id: ColumnShape,
    /// Those of the destination.
    pub(super) there: RowsThere,
    /// Attributes that rows can be told by.
    pub(super) parts: Vec<KeyPart>,
    /// Attributes that cannot be part of a key, for they are references.
    references: Vec<String>,
    /// The tenant that rows belong to.
    pub(super) tenancy: Tenancy,
    /// The columns of the destination's unique indexes.
    uniques: Vec<Vec<String>>,
}

/// Why rows that belong to tenants on one side only are not matched.
const UNLIKE: &str = "Which tenant its rows belong to is not known on both sides, and each tenant may \
                      have a row with the same key.";

/// Whether rows belong to tenants.
pub(super) enum Tenancy {
    /// To none, on both sides.
    None,
    /// On both sides: the tenant is part of every key, or a row would be taken for another tenant's.
    Tenants(KeyPart),
    /// It is not known of both sides to which ones.
    Unlike,
}

/// A key that rows can be matched by.
pub(super) struct Key {
    /// Attributes, and the tenant last, where rows belong to one.
    pub(super) parts: Vec<KeyPart>,
    /// Whether a unique index of the destination says that no two rows have the same.
    pub(super) is_unique: bool,
}

impl Key {
    /// `Code+Region`, as a decision names it; that the tenant is part of it goes without saying.
    pub(super) fn name(&self) -> String {
        let attributes = self.parts.iter().filter(|part| !part.is_tenant);
        attributes.map(|part| part.name.as_str()).collect::<Vec<&str>>().join("+")
    }
}

impl Tables {
    /// The attribute of that name, where rows can be told by it.
    pub(super) fn part(&self, name: &str) -> Option<&KeyPart> {
        self.parts.iter().find(|part| part.name.eq_ignore_ascii_case(name.trim()))
    }

    fn tenant(&self) -> Option<&KeyPart> {
        match &self.tenancy {
            Tenancy::Tenants(tenant) => Some(tenant),
            Tenancy::None | Tenancy::Unlike => None,
        }
    }

    /// A key of these attributes, with the tenant where rows belong to one.
    fn key(&self, attributes: Vec<KeyPart>) -> Key {
        let mut parts = attributes;
        parts.extend(self.tenant().cloned());
        let is_in = |column: &String| parts.iter().any(|p| same_name(&p.destination.name, column));
        let is_unique = self.uniques.iter().any(|columns| columns.iter().all(is_in));
        Key { parts, is_unique }
    }

    /// The keys that are offered: several attributes where a unique index of the destination is on
    /// them, then single ones, those that are unique there first.
    pub(super) fn keys(&self) -> Vec<Key> {
        if matches!(self.tenancy, Tenancy::Unlike) {
            return Vec::new();
        }
        let mut keys: Vec<Key> = Vec::new();
        for columns in &self.uniques {
            let Some(attributes) = self.attributes_of(columns) else { continue };
            let key = self.key(attributes);
            if key.parts.iter().filter(|part| !part.is_tenant).count() > 1
                && !keys.iter().any(|known| known.name() == key.name())
            {
                keys.push(key);
            }
        }
        keys.extend(self.parts.iter().map(|part| self.key(vec![part.clone()])));
        keys.sort_by_key(|key| !key.is_unique);
        keys
    }

    /// The attributes of a unique index, in the entity's order, without the tenant; `None` where
    /// there is something else in it.
    fn attributes_of(&self, columns: &[String]) -> Option<Vec<KeyPart>> {
        let is = |part: &KeyPart, column: &String| same_name(&part.destination.name, column);
        let is_known = |column: &String| {
            self.tenant().into_iter().chain(&self.parts).any(|part| is(part, column))
        };
        columns.iter().all(is_known).then(|| {
            let is_in = |part: &&KeyPart| columns.iter().any(|column| is(part, column));
            self.parts.iter().filter(is_in).cloned().collect()
        })
    }

    /// The key that a decision names: an attribute, or several as in `Code+Region`, in whatever order
    /// and with commas as well. The tenant may be named where rows belong to one. Otherwise a
    /// sentence that says what is wrong.
    pub(super) fn key_named(&self, to: &str) -> Result<Key, String> {
        if matches!(self.tenancy, Tenancy::Unlike) {
            return Err(UNLIKE.to_owned());
        }
        let mut attributes: Vec<KeyPart> = Vec::new();
        for name in to.split(['+', ',']).map(str::trim) {
            match self.part(name) {
                Some(part) if attributes.contains(part) => {}
                Some(part) => attributes.push(part.clone()),
                None if self.tenant().is_some() && is_called_tenant(name) => {}
                None => return Err(self.refused_part(name)),
            }
        }
        if attributes.is_empty() {
            return Err(self.refused_part(to.trim()));
        }
        Ok(self.key(attributes))
    }

    /// Why that is no part of a key.
    fn refused_part(&self, name: &str) -> String {
        let names: Vec<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
        let all = match names.as_slice() {
            [] => "No text or whole number is there on both sides that could be.".to_owned(),
            names => format!("These can: {}.", names.join(", ")),
        };
        let mut references = self.references.iter();
        match references.find(|one| one.eq_ignore_ascii_case(name)) {
            Some(reference) => format!(
                "{reference} is a reference, whose ids differ there: it cannot be part of a key. {all}"
            ),
            None if name.is_empty() => format!("A key needs an attribute. {all}"),
            None => format!("\"{name}\" cannot be part of a key. {all}"),
        }
    }
}

/// Whether a decision means the tenant by that.
fn is_called_tenant(name: &str) -> bool {
    matches!(name.to_lowercase().replace('_', "").as_str(), "tenant" | "tenantid" | "the tenant")
}

impl Work<'_> {
    /// The tables of an entity that was not chosen; `None` where the destination has no rows of it
    /// that could be referred to.
    pub(super) fn tables_of(
        &mut self,
        pair_place: usize,
        place: usize,
        index: EntityIndex,
    ) -> Option<Tables> {
        let referred = self.source.entity(index);
        let there = self.destination.entities_by_key(&referred.espace_key, &referred.key);
        let mut active = there.into_iter().filter(|i| self.destination.entity(*i).is_active);
        let (Some(other_index), None) = (active.next(), active.next()) else { return None };
        let other = self.destination.entity(other_index);
        if referred.is_external {
            return None;
        }
        let shape = self.source.shape_of(index)?;
        let there = self.destination.shape_of(other_index)?;
        let source_id = shape.column(&referred.identifier()?.column)?.clone();
        let own = self.out.pairs[pair_place].attributes[place].destination_column.clone();
        if source_id.data_type.kind() != own.data_type.kind() {
            return None;
        }
        let rows_there = self.rows_there(other_index, &own)?;
        Some(Tables {
            name: referred.full_name(),
            source: referred.table.clone(),
            source_id,
            there: rows_there,
            parts: key_parts(referred, other, shape, there),
            references: references(referred),
            tenancy: tenancy(referred, other, shape, there),
            uniques: unique_columns(there),
        })
    }
}

/// Attributes of basic types that both sides have.
fn key_parts(
    referred: &Entity,
    other: &Entity,
    shape: &TableShape,
    there: &TableShape,
) -> Vec<KeyPart> {
    let is_plain = |entity: &Entity, attribute: &Attribute| {
        !attribute.data_type.is_reference()
            && !attribute.data_type.is_unclear()
            && !is_tenant(entity, attribute)
    };
    referred
        .active_attributes()
        .filter(|attribute| {
            attribute.key != referred.identifier_key && is_plain(referred, attribute)
        })
        .filter_map(|attribute| {
            let theirs = other.attribute(&attribute.key).filter(|one| is_plain(other, one))?;
            let source = shape.column(&attribute.column)?;
            let destination = there.column(&theirs.column)?;
            let kind = source.data_type.kind()?;
            let may_tell = matches!(kind, ValueKind::Integer | ValueKind::Text);
            (may_tell && destination.data_type.kind() == Some(kind)).then(|| KeyPart {
                name: attribute.name.clone(),
                source: ColumnRef::from(source),
                destination: ColumnRef::from(destination),
                is_tenant: false,
            })
        })
        .collect()
}

/// The names of the attributes that are references.
fn references(entity: &Entity) -> Vec<String> {
    let all = entity.active_attributes().filter(|attribute| attribute.data_type.is_reference());
    all.map(|attribute| attribute.name.clone()).collect()
}

fn tenancy(referred: &Entity, other: &Entity, shape: &TableShape, there: &TableShape) -> Tenancy {
    if !referred.is_multitenant && !other.is_multitenant {
        return Tenancy::None;
    }
    let is_id = |column: &ColumnShape| column.data_type.kind() == Some(ValueKind::Integer);
    let ours = tenant_column(referred, shape).filter(is_id);
    let theirs = tenant_column(other, there).filter(is_id);
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return Tenancy::Unlike };
    Tenancy::Tenants(KeyPart {
        name: "Tenant".to_owned(),
        source: ColumnRef::from(&ours),
        destination: ColumnRef::from(&theirs),
        is_tenant: true,
    })
}

/// The columns of the indexes that let no two rows have the same values.
fn unique_columns(shape: &TableShape) -> Vec<Vec<String>> {
    let whole = shape.unique_indexes.iter().filter(|index| !index.filtered);
    whole.map(|index| index.columns.clone()).filter(|columns| !columns.is_empty()).collect()
}
