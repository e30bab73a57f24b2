//! Which attribute is which, and whether its values fit.

mod cost;
mod defaults;
mod demanded;
mod identifier;
mod misfits;
mod one_sided;
mod tenancy;

pub use defaults::chosen_value;
pub(super) use demanded::no_length;
pub(super) use misfits::misfit;
use one_sided::NewColumns;
pub(super) use tenancy::without_tenant;

use super::references::ReferencePair;
use super::rows::ExistingRows;
use super::selection::Reason;
use super::{
    Choice, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, ValueType, Work, choice,
};
use crate::database::{ColumnShape, Filter, TableShape, Value, ValueKind, same_name};
use crate::outsystems::{Attribute, Entity, EntityIndex, Side};

/// The column of multi-tenant tables that says whose rows are, hidden or shown as an attribute
/// (`metamodel.md` §3.8).
const TENANT_COLUMN: &str = "TENANT_ID";

/// Values of more bytes than this do not go with a bulk load (`engine.md` A9).
const LARGE_BYTES: usize = 65_535;

/// An attribute that is on both sides.
#[derive(Clone, Debug)]
pub struct AttributePair {
    /// The source attribute.
    pub attribute: Attribute,
    /// Its column in the source.
    pub source_column: ColumnShape,
    /// Its column in the destination.
    pub destination_column: ColumnShape,
    /// Whether the destination's model demands a value.
    pub is_mandatory: bool,
    /// Where it refers to, for references.
    pub reference: Option<ReferencePair>,
    /// The finding about NULL, where rows have it and the destination refuses it.
    pub null: Option<FindingKey>,
    /// The finding about values that do not fit, where some do not.
    pub misfit: Option<FindingKey>,
    /// The finding about rows without a value, where only the destination's model demands one; of a
    /// reference also where only its column does.
    pub nothing: Option<FindingKey>,
    /// The entity whose ids it holds by decision, although its type does not say so.
    pub soft: Option<EntityIndex>,
    /// Where it stands for those values of a column that are ids of one type: which these are. The
    /// column itself is another attribute, and plain.
    pub typed: Option<ValueType>,
}

impl AttributePair {
    /// Whether a cell may be written as NULL (`design.md` decision 11).
    #[must_use]
    pub fn may_be_emptied(&self) -> bool {
        self.destination_column.nullable && !self.is_mandatory
    }

    /// The rows whose values it stands for.
    #[must_use]
    pub fn rows(&self) -> Filter {
        self.typed.as_ref().map(ValueType::rows).unwrap_or_default()
    }
}

/// An active attribute whose column exists and can be written. The tenant of a multi-tenant entity
/// is none of them, shown or not: it is carried over by what it means, whatever its type says.
fn usable<'a>(entity: &'a Entity, shape: &'a TableShape) -> Vec<(&'a Attribute, &'a ColumnShape)> {
    entity
        .active_attributes()
        .filter(|attribute| !is_tenant(entity, attribute))
        .filter_map(|attribute| Some((attribute, shape.column(&attribute.column)?)))
        .filter(|(_, column)| !column.computed)
        .collect()
}

/// Whether an attribute is the tenant of a multi-tenant entity.
pub(super) fn is_tenant(entity: &Entity, attribute: &Attribute) -> bool {
    entity.is_multitenant && same_name(&attribute.column, TENANT_COLUMN)
}

/// The tenant column of a multi-tenant entity's table, whether the entity shows it or not.
pub(super) fn tenant_column(entity: &Entity, shape: &TableShape) -> Option<ColumnShape> {
    shape.column(TENANT_COLUMN).filter(|_| entity.is_multitenant).cloned()
}

/// An attribute of a pair, by names.
fn about(pair: &EntityPair, attribute: &AttributePair) -> String {
    format!("{}.{}", pair.name, attribute.attribute.name)
}

/// To stop, or to go on without an attribute where rows can be inserted without it.
pub(super) fn stop_or_leave_out(may_be_left_out: bool) -> Vec<Choice> {
    let mut choices = vec![Choice::stop("do not run until the module is published")];
    if may_be_left_out {
        choices.push(
            Choice::new(choice::LEAVE_OUT, "leave the attribute out")
                .costing("its values stay behind"),
        );
    }
    choices
}

impl Work<'_> {
    /// Pairs the attributes of two entities; `None` when rows cannot be carried over one by one.
    pub(super) fn pair(
        &mut self,
        source: EntityIndex,
        destination: EntityIndex,
        reason: Reason,
    ) -> Option<EntityPair> {
        let (entity, other) = (self.source.entity(source), self.destination.entity(destination));
        let shape = self.source.shape(&entity.table)?;
        let other_shape = self.destination.shape(&other.table)?;
        let ours = usable(entity, shape);
        let theirs = usable(other, other_shape);
        let attributes = self.common(entity, other, &ours, &theirs);
        self.columns_missing(entity, other, &ours, &theirs);
        let NewColumns { mut constants, mut fillable, references } =
            self.new_columns(entity, other, &theirs, &attributes);
        fillable.extend(self.leftovers(entity, other, other_shape));

        let mut into_tenant = None;
        let tenant = match (tenant_column(entity, shape), tenant_column(other, other_shape)) {
            (Some(ours), Some(theirs)) => Some((ours, theirs)),
            (None, None) => None,
            (Some(_), None) => {
                self.tenants_are_gone(entity).then_some(())?;
                None
            }
            (None, Some(theirs)) => {
                let tenant = self.tenant_of_all(entity, other)?;
                constants.push((theirs.clone(), Value::from(tenant)));
                into_tenant = Some((theirs, tenant));
                None
            }
        };
        if let Some(trigger) =
            other_shape.triggers.iter().find(|trigger| trigger.instead_of && !trigger.disabled)
        {
            self.trigger_instead_of(entity, &trigger.name);
            return None;
        }
        self.pair_notes(entity, &attributes, other_shape, tenant.is_some());
        let mut pair = EntityPair {
            source,
            destination,
            reason,
            identifier_kind: IdentifierKind::None,
            identifier: None,
            attributes,
            constants,
            fillable,
            new_references: references,
            tenant,
            carries_tenantless: false,
            into_tenant,
            rows: self.inquiry.among(&entity.table),
            source_rows: self.count_source(source),
            existing: ExistingRows::default(),
            uniques: Vec::new(),
            name: entity.full_name(),
        };
        self.identifier(entity, other, &mut pair).then_some(pair)
    }

    /// The attributes that both sides have, in the source's order.
    fn common(
        &mut self,
        entity: &Entity,
        other: &Entity,
        ours: &[(&Attribute, &ColumnShape)],
        theirs: &[(&Attribute, &ColumnShape)],
    ) -> Vec<AttributePair> {
        let mut attributes = Vec::new();
        for (attribute, column) in ours {
            let counterpart = theirs.iter().find(|(candidate, _)| candidate.key == attribute.key);
            let counterpart = match counterpart {
                Some(counterpart) => Some(counterpart),
                // What both models have and one table lacks is another finding.
                None if other.attribute(&attribute.key).is_some() => continue,
                None => self.without_counterpart(entity, other, attribute, column, theirs),
            };
            let Some((counterpart, other_column)) = counterpart else { continue };
            if counterpart.key != attribute.key {
                // Decided by a person, who was told of the two.
            } else if !same_name(&attribute.name, &counterpart.name)
                || !same_name(&column.name, &other_column.name)
            {
                self.find(Finding::note(
                    FindingKey::attribute(FindingKind::AttributeRenamed, entity, attribute),
                    format!("{}.{}", entity.full_name(), attribute.name),
                    format!(
                        "{} (column {}) in the source, {} (column {}) in the destination",
                        attribute.name, column.name, counterpart.name, other_column.name
                    ),
                    "Renaming an attribute makes a new column; the key says that it is the same one.",
                ));
            }
            attributes.push(AttributePair {
                attribute: (*attribute).clone(),
                source_column: (*column).clone(),
                destination_column: (*other_column).clone(),
                is_mandatory: counterpart.is_mandatory,
                reference: None,
                null: None,
                misfit: None,
                nothing: None,
                soft: None,
                typed: None,
            });
        }
        attributes
    }

    /// A trigger takes the place of INSERT.
    fn trigger_instead_of(&mut self, entity: &Entity, trigger: &str) {
        self.find(Finding::decide(
            FindingKey::entity(FindingKind::TriggerInsteadOf, entity),
            entity.full_name(),
            format!("the trigger {trigger} runs instead of INSERT"),
            "With such a trigger nobody can know which rows were really inserted. \
             The platform makes none; someone added it.",
            vec![Choice::stop("do not run while the trigger is there")],
            choice::STOP,
        ));
    }

    /// What is good to know of the rows: tenants, links that may be there once only, large values.
    fn pair_notes(
        &mut self,
        entity: &Entity,
        attributes: &[AttributePair],
        other_shape: &TableShape,
        of_tenants: bool,
    ) {
        let name = entity.full_name();
        if of_tenants {
            self.find(Finding::note(
                FindingKey::entity(FindingKind::MultiTenant, entity),
                &name,
                "its rows belong to tenants, by the column TENANT_ID",
                "The tenant's id is rewritten like any other, hidden or shown as an attribute; rows of \
                 tenants that only the destination has stay.",
            ));
        }
        let links = other_shape.unique_indexes.iter().any(|index| {
            let own = index.columns.iter().filter(|column| !same_name(column, TENANT_COLUMN));
            own.clone().count() > 1
                && own.clone().all(|column| {
                    attributes.iter().any(|attribute| {
                        same_name(&attribute.destination_column.name, column)
                            && attribute.attribute.data_type.is_reference()
                    })
                })
        });
        if links {
            self.find(Finding::note(
                FindingKey::entity(FindingKind::ManyToManyUnique, entity),
                &name,
                "a unique index allows each link once",
                "If two rows of the source become one in the destination, the second link would be \
                 refused.",
            ));
        }
        for attribute in attributes.iter().filter(|a| a.source_column.data_type.is_large()) {
            let column = &attribute.source_column;
            let longest = match column.data_type.kind() {
                Some(ValueKind::Text) => LARGE_BYTES / 2,
                _ => LARGE_BYTES,
            };
            let longer = Filter::LongerThan(column.name.clone(), longest);
            let rows = self.inquiry.count(Side::Source, &entity.table, longer);
            if rows == Some(0) {
                continue;
            }
            self.find(
                Finding::note(
                    FindingKey::attribute(FindingKind::LargeValues, entity, &attribute.attribute),
                    format!("{name}.{}", attribute.attribute.name),
                    "some values are larger than 64 KB",
                    "They travel by another way than ordinary rows, and take longer.",
                )
                .touching(rows),
            );
        }
    }
}
