//! Attributes and columns that only one side has.

use super::defaults::model_default;
use super::{TENANT_COLUMN, is_tenant, stop_or_leave_out};
use crate::compare::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::database::{ColumnShape, Filter, TableShape, Value, same_name};
use crate::outsystems::{Attribute, Entity, Key, Side};

impl Work<'_> {
    pub(super) fn attribute_missing(
        &mut self,
        entity: &Entity,
        attribute: &Attribute,
        column: &ColumnShape,
    ) {
        let filled = Filter::not_null(&column.name);
        let rows = self.inquiry.count(Side::Source, &entity.table, filled);
        self.find(
            Finding::decide(
                FindingKey::attribute(FindingKind::AttributeMissing, entity, attribute),
                format!("{}.{}", entity.full_name(), attribute.name),
                "the destination has no such attribute",
                "Usual cause: another version of the module is published there.",
                vec![
                    Choice::new(choice::LEAVE_OUT, "leave the attribute out")
                        .costing("its values stay behind"),
                    Choice::stop("do not run until the module is published"),
                ],
                choice::LEAVE_OUT,
            )
            .touching(rows),
        );
    }

    /// Attributes whose column one of the tables lacks, though both models have the attribute.
    pub(super) fn columns_missing(
        &mut self,
        entity: &Entity,
        other: &Entity,
        ours: &[(&Attribute, &ColumnShape)],
        theirs: &[(&Attribute, &ColumnShape)],
    ) {
        let identifier = entity.identifier().map(|attribute| &attribute.key);
        for attribute in entity.active_attributes() {
            let column = |usable: &[(&Attribute, &ColumnShape)]| {
                let own = usable.iter().find(|(candidate, _)| candidate.key == attribute.key);
                own.map(|(_, column)| (*column).clone())
            };
            let (our_column, their_column) = (column(ours), column(theirs));
            let Some(counterpart) = other.attribute(&attribute.key) else { continue };
            let (side, missing, table) = match (&our_column, &their_column) {
                (Some(_), Some(_)) => continue,
                (None, _) => (Side::Source, attribute, &entity.table),
                (Some(_), None) => (Side::Destination, counterpart, &other.table),
            };
            // Without its column the identifier is a finding about the entity, and so is the tenant.
            if identifier == Some(&attribute.key)
                || is_tenant(entity, attribute)
                || is_tenant(other, counterpart)
            {
                continue;
            }
            let may_be_left_out =
                their_column.as_ref().is_none_or(|column| !column.demands_value());
            let finding = Finding::decide(
                FindingKey::attribute(FindingKind::ColumnMissing, entity, attribute),
                format!("{}.{}", entity.full_name(), attribute.name),
                format!(
                    "its column {} is not in the table {table} of the {side}, or is computed there",
                    missing.column
                ),
                "The model and the database do not agree. Publish the module again.",
                stop_or_leave_out(may_be_left_out),
                choice::STOP,
            );
            let filled = our_column.map(|column| Filter::not_null(&column.name));
            let finding = match filled {
                Some(filled) => {
                    finding.touching(self.inquiry.count(Side::Source, &entity.table, filled))
                }
                None => finding,
            };
            self.find(finding);
        }
    }

    /// Destination attributes that the source lacks; returns the values for columns that demand one.
    pub(super) fn new_columns(
        &mut self,
        entity: &Entity,
        other: &Entity,
        theirs: &[(&Attribute, &ColumnShape)],
    ) -> Vec<(ColumnShape, Value)> {
        let mut constants = Vec::new();
        for (attribute, column) in theirs {
            if entity.attribute(&attribute.key).is_some() || column.identity {
                continue;
            }
            let demands = column.demands_value();
            let value = demands.then(|| model_default(attribute, &column.data_type)).flatten();
            let key = FindingKey::attribute(FindingKind::AttributeNew, entity, attribute);
            let about = format!("{}.{}", other.full_name(), attribute.name);
            let why = "Usual cause: a newer version of the module is published in the destination.";
            let may_be_id = attribute.data_type.is_reference() || attribute.data_type.is_unclear();
            if demands && (value.is_none() || may_be_id) {
                self.find(Finding::decide(
                    key,
                    about,
                    "only the destination has it, and its column demands a value",
                    why,
                    vec![Choice::stop("do not run until both sides have the same version")],
                    choice::STOP,
                ));
                continue;
            }
            let shown = match &value {
                Some(value) => format!("every row gets '{value}'"),
                None => "every row gets the column's default".to_owned(),
            };
            self.find(Finding::decide(
                key,
                about,
                "only the destination has it",
                why,
                vec![
                    Choice::new(choice::DEFAULT, shown),
                    Choice::stop("do not run until both sides have the same version"),
                ],
                choice::DEFAULT,
            ));
            if let Some(value) = value {
                constants.push(((*column).clone(), value));
            }
        }
        constants
    }

    /// Columns of the destination's table that no attribute uses.
    pub(super) fn leftovers(&mut self, entity: &Entity, other: &Entity, shape: &TableShape) {
        for column in &shape.columns {
            let used = other.active_attributes().any(|a| same_name(&a.column, &column.name))
                || (other.is_multitenant && same_name(&column.name, TENANT_COLUMN))
                || column.computed;
            if used || column.identity {
                continue;
            }
            let about = format!("{}, column {}", other.full_name(), column.name);
            // One finding per column: the column's name stands where an attribute's key would.
            let key = |kind| FindingKey {
                attribute: Key::new(&column.name),
                ..FindingKey::entity(kind, entity)
            };
            if column.demands_value() {
                self.find(Finding::decide(
                    key(FindingKind::LeftoverNotNull),
                    about,
                    "a column of a deleted attribute demands a value",
                    "No row could be inserted. A DBA can give the column a default or allow NULL.",
                    vec![Choice::stop("do not run until the column is mended")],
                    choice::STOP,
                ));
            } else {
                self.find(Finding::note(
                    key(FindingKind::LeftoverColumn),
                    about,
                    "no attribute uses this column any more",
                    "Deleting or renaming an attribute leaves its column; new rows get its default.",
                ));
            }
        }
    }
}
