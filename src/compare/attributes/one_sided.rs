//! Attributes and columns that only one side has.

use super::defaults::{ModelDefault, likely_values, model_default, takes_values};
use super::{AttributePair, TENANT_COLUMN, is_tenant, stop_or_leave_out};
use crate::compare::selection::attribute_key;
use crate::compare::{
    Choice, Fillable, Finding, FindingKey, FindingKind, NewReference, Work, choice,
};
use crate::database::{ColumnShape, Filter, TableShape, Value, same_name};
use crate::outsystems::{Attribute, Entity, Key, Resolution, Side, null_value};

/// Columns that only the destination's model has.
#[derive(Default)]
pub(super) struct NewColumns {
    /// Values for those that demand one.
    pub(super) constants: Vec<(ColumnShape, Value)>,
    /// Those for which a person may choose a value.
    pub(super) fillable: Vec<Fillable>,
    /// Those that refer to something.
    pub(super) references: Vec<NewReference>,
}

impl Work<'_> {
    /// An attribute whose key no active attribute of the destination has: gone, inactive, or
    /// deleted and made again. Returns its namesake where a person took the two for one.
    pub(super) fn without_counterpart<'t>(
        &mut self,
        entity: &Entity,
        other: &Entity,
        attribute: &Attribute,
        column: &ColumnShape,
        theirs: &'t [(&'t Attribute, &'t ColumnShape)],
    ) -> Option<&'t (&'t Attribute, &'t ColumnShape)> {
        let namesake = theirs.iter().find(|(candidate, _)| {
            same_name(&candidate.name, &attribute.name)
                && entity.attribute(&candidate.key).is_none()
                && entity.identifier_key != attribute.key
                && other.identifier_key != candidate.key
                && self.mean_the_same_rows((entity, attribute), (other, candidate))
        });
        let key = |kind| FindingKey::attribute(kind, entity, attribute);
        let is_inactive = other.attributes.iter().any(|a| a.key == attribute.key);
        let (kind, what, why) = match namesake {
            Some((namesake, _)) => (
                FindingKind::AttributeRemade,
                format!(
                    "the destination has an attribute of the same name with another key ({})",
                    namesake.key
                ),
                "Usual cause: it was deleted and made again there. Keys say which attribute is \
                 which, names do not; whether the two mean the same, a person has to say.",
            ),
            None if is_inactive => (
                FindingKind::AttributeInactive,
                "it is inactive in the destination: the module there no longer has it".to_owned(),
                "Usual cause: another version of the module is published there. Its column may be \
                 left in the table; no application reads it.",
            ),
            None => (
                FindingKind::AttributeMissing,
                "the destination has no such attribute".to_owned(),
                "Usual cause: another version of the module is published there.",
            ),
        };
        let mut choices = vec![
            Choice::new(choice::LEAVE_OUT, "leave the attribute out")
                .costing("its values stay behind"),
            Choice::stop("do not run until the module is published"),
        ];
        if namesake.is_some() {
            choices.push(Choice::new(choice::PAIR, "take the two for one: carry its values over"));
        }
        let filled = Filter::not_null(&column.name);
        let rows = self.inquiry.count(Side::Source, &entity.table, filled);
        self.find(
            Finding::decide(
                key(kind),
                format!("{}.{}", entity.full_name(), attribute.name),
                what,
                why,
                choices,
                choice::LEAVE_OUT,
            )
            .touching(rows),
        );
        let is_paired = self.selection.paired.contains(&attribute_key(entity, attribute));
        namesake.filter(|_| is_paired)
    }

    /// Whether two attributes hold plain values both, or ids of the same entity both.
    fn mean_the_same_rows(
        &self,
        (entity, ours): (&Entity, &Attribute),
        (other, theirs): (&Entity, &Attribute),
    ) -> bool {
        if ours.data_type.is_unclear() || theirs.data_type.is_unclear() {
            return false;
        }
        let there = self.destination.resolve(other, &theirs.data_type);
        match (self.source.resolve(entity, &ours.data_type), there) {
            (Some(Resolution::Entity(one)), Some(Resolution::Entity(two))) => {
                let (one, two) = (self.source.entity(one), self.destination.entity(two));
                one.key == two.key && one.espace_key == two.espace_key
            }
            (None, None) => !ours.data_type.is_reference() && !theirs.data_type.is_reference(),
            _ => false,
        }
    }

    /// Attributes whose column one of the tables lacks, though both models have the attribute.
    pub(super) fn columns_missing<'m>(
        &mut self,
        entity: &Entity,
        other: &Entity,
        ours: &[(&Attribute, &'m ColumnShape)],
        theirs: &[(&Attribute, &'m ColumnShape)],
    ) {
        let identifier = entity.identifier().map(|attribute| &attribute.key);
        for attribute in entity.active_attributes() {
            let column = |usable: &[(&Attribute, &'m ColumnShape)]| -> Option<&'m ColumnShape> {
                let mut all = usable.iter();
                all.find(|(one, _)| one.key == attribute.key).map(|(_, column)| *column)
            };
            let (our_column, their_column) = (column(ours), column(theirs));
            if our_column.is_some() && their_column.is_some() {
                continue;
            }
            let Some(counterpart) = other.attribute(&attribute.key) else { continue };
            let (side, missing, table) = match (our_column, their_column) {
                (None, _) => (Side::Source, attribute, &entity.table),
                (Some(_), _) => (Side::Destination, counterpart, &other.table),
            };
            // Without its column the identifier is a finding about the entity, and so is the tenant.
            if identifier == Some(&attribute.key)
                || is_tenant(entity, attribute)
                || is_tenant(other, counterpart)
            {
                continue;
            }
            let may_be_left_out = their_column.is_none_or(|column| !column.demands_value());
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

    /// Destination attributes that the source lacks.
    pub(super) fn new_columns(
        &mut self,
        entity: &Entity,
        other: &Entity,
        theirs: &[(&Attribute, &ColumnShape)],
        pairs: &[AttributePair],
    ) -> NewColumns {
        let mut new = NewColumns::default();
        // Of the platform's own tables no model says what a record gets.
        let is_modelled = entity.instance_table().is_none();
        for (attribute, column) in theirs {
            let is_filled =
                || pairs.iter().any(|pair| same_name(&pair.destination_column.name, &column.name));
            if column.identity || entity.attribute(&attribute.key).is_some() || is_filled() {
                continue;
            }
            let demands = column.demands_value();
            let may_be_id = attribute.data_type.is_reference() || attribute.data_type.is_unclear();
            let may_be_chosen = !may_be_id && takes_values(&column.data_type);
            let said = model_default(attribute, column);
            let value = match &said {
                ModelDefault::Value(value) if may_be_chosen => Some(value.clone()),
                _ if demands => null_value(&column.data_type),
                // As the platform itself makes a record; the default that a column has is its own.
                ModelDefault::Null if may_be_chosen && !column.has_default && is_modelled => {
                    null_value(&column.data_type)
                }
                _ => None,
            };
            let key = FindingKey::attribute(FindingKind::AttributeNew, entity, attribute);
            let about = format!("{}.{}", other.full_name(), attribute.name);
            let why = "Usual cause: a newer version of the module is published in the destination.";
            let resolved = self.destination.resolve(other, &attribute.data_type);
            if let Some(Resolution::Entity(refers_to)) = resolved {
                let (finding, column) = (key.clone(), (*column).clone());
                new.references.push(NewReference { finding, refers_to, column, row: None });
            }
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
            let of_column = match column.has_default {
                true => "the column's default",
                false => "NULL",
            };
            let shown = match (&value, &said) {
                (Some(value), ModelDefault::Value(_)) => {
                    format!("every row gets '{value}', the model's default")
                }
                (Some(value), _) => format!("every row gets '{value}'"),
                (None, _) => format!("every row gets {of_column}"),
            };
            let mut what = "only the destination has it".to_owned();
            if matches!(said, ModelDefault::Unclear) {
                let default = attribute.default_value.trim();
                what.push_str(&format!(
                    ", and its model's default, {default}, is nothing that can be told beforehand"
                ));
            }
            let mut choices = vec![
                Choice::new(choice::DEFAULT, shown),
                Choice::stop("do not run until both sides have the same version"),
            ];
            if may_be_chosen {
                choices.push(Choice::new(choice::VALUE, "give every row this value").to_a_target());
                new.fillable.push((key.clone(), (*column).clone()));
            }
            if may_be_chosen && value.is_some() && !demands {
                let label = format!("give it nothing: every row gets {of_column}");
                choices.push(Choice::new(choice::LEAVE_OUT, label));
            }
            let likely = if may_be_chosen { likely_values(&column.data_type) } else { Vec::new() };
            self.find(
                Finding::decide(key, about, what, why, choices, choice::DEFAULT).offering(likely),
            );
            if let Some(value) = value {
                new.constants.push(((*column).clone(), value));
            }
        }
        new
    }

    /// Columns of the destination's table that no attribute uses; returns those that demand a value
    /// a person may choose.
    pub(super) fn leftovers(
        &mut self,
        entity: &Entity,
        other: &Entity,
        shape: &TableShape,
    ) -> Vec<Fillable> {
        let mut fillable = Vec::new();
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
                let key = key(FindingKind::LeftoverNotNull);
                let mut choices = vec![Choice::stop("do not run until the column is mended")];
                // What a foreign key guards are ids: whose, nobody can say any more.
                let is_guarded =
                    shape.foreign_keys.iter().any(|key| same_name(&key.column, &column.name));
                let is_tenant = same_name(&column.name, TENANT_COLUMN);
                if takes_values(&column.data_type) && !is_guarded && !is_tenant {
                    choices.push(
                        Choice::new(choice::VALUE, "give every row this value").to_a_target(),
                    );
                    fillable.push((key.clone(), column.clone()));
                }
                self.find(
                    Finding::decide(
                        key,
                        about,
                        "a column of a deleted attribute demands a value",
                        "No row could be inserted. A DBA can give the column a default or allow \
                         NULL; or every row gets the same value.",
                        choices,
                        choice::STOP,
                    )
                    .offering(likely_values(&column.data_type)),
                );
            } else {
                self.find(Finding::note(
                    key(FindingKind::LeftoverColumn),
                    about,
                    "no attribute uses this column any more",
                    "Deleting or renaming an attribute leaves its column; new rows get its default.",
                ));
            }
        }
        fillable
    }
}
