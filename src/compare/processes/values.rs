//! What instances hold besides references: values as text, which are ids where their type says so, and
//! the state of activities at work.

use std::collections::BTreeSet;

use super::super::{AttributePair, Choice, Finding, FindingKey, FindingKind, Target, Work, choice};
use super::instances::next_run;
use super::of;
use crate::database::{ColumnRef, ColumnType, Filter, Value, ValueKind, same_name};
use crate::outsystems::{
    Attribute, AttributeType, DataKind, EntityIndex, InstanceTable, Key, Side, null_value,
};

/// A type of values in a column that holds values of several: which rows have it. Their values are ids
/// as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueType {
    /// The type, as SS_TYPE has it.
    pub name: String,
    /// Whether the source's table has SS_TYPE.
    pub is_named: bool,
    /// The column with the definition, of whose type a value is that names none.
    pub definition_column: &'static str,
    /// The definitions of that type, by their IDs in the source.
    pub definitions: Vec<i64>,
    /// Whether the ids are texts themselves, and not numbers.
    pub of_texts: bool,
}

impl ValueType {
    /// The column that says of which type a value is.
    pub const COLUMN: &str = "SS_TYPE";

    /// The rows of the source that have it.
    #[must_use]
    pub fn rows(&self) -> Filter {
        let ids = self.definitions.iter().copied().map(Value::Integer).collect();
        let defined = Filter::AnyOf(self.definition_column.to_owned(), ids);
        if !self.is_named {
            return defined;
        }
        let unnamed = Filter::Or(vec![
            Filter::IsNull(Self::COLUMN.to_owned()),
            Filter::Equals(Self::COLUMN.to_owned(), Value::text("")),
        ]);
        let named = Filter::Equals(Self::COLUMN.to_owned(), Value::text(&self.name));
        Filter::Or(vec![named, unnamed.and(defined)])
    }

    /// The values in a column that are no ids of this type; none where the ids are texts themselves,
    /// for any text may be one.
    #[must_use]
    pub fn no_id(&self, column: &str) -> Option<Filter> {
        let to = ColumnType::BigInt;
        (!self.of_texts).then(|| Filter::NotConvertible { column: column.to_owned(), to })
    }

    /// An id as its value is compared with those of rows; `None` for a text that is none.
    #[must_use]
    pub fn id(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Text(_) if self.of_texts => Some(value.clone()),
            Value::Text(_) => value.to_string().trim().parse().ok().map(Value::Integer),
            _ => None,
        }
    }
}

impl Work<'_> {
    /// Sees to what instances hold besides references: after entities are paired, before it is found
    /// out where references lead.
    pub(in super::super) fn instance_values(&mut self) {
        for place in 0..self.out.pairs.len() {
            let source = self.source.entity(self.out.pairs[place].source);
            if let Some(table) = source.instance_table() {
                self.reset(place, table);
                self.typed_values(place, table);
            }
        }
    }

    /// Columns that are written without a value, whatever the source's rows have there.
    fn reset(&mut self, place: usize, table: InstanceTable) {
        if table == InstanceTable::Activity {
            self.next_runs(place);
        }
        let pair = self.pair_mut(place);
        let identifier = pair.identifier().map(|own| own.attribute.key.clone());
        let all = std::mem::take(&mut pair.attributes);
        let (mut kept, mut reset) = (Vec::new(), Vec::new());
        for attribute in all {
            match self.is_reset(table, &attribute.source_column.name) {
                true => reset.push(attribute),
                false => kept.push(attribute),
            }
        }
        let pair = self.pair_mut(place);
        pair.identifier =
            kept.iter().position(|one| Some(&one.attribute.key) == identifier.as_ref());
        pair.attributes = kept;
        for attribute in reset {
            let column = attribute.destination_column;
            let nothing = match column.nullable {
                true => Value::Null,
                false => null_value(&column.data_type).unwrap_or(Value::Null),
            };
            pair.constants.push((column, nothing));
        }
    }

    /// Times at which unfinished activities go on: the scheduler runs at once what is past its time.
    fn next_runs(&mut self, place: usize) {
        let pair = &self.out.pairs[place];
        let is_it = |one: &&AttributePair| same_name(&one.source_column.name, "NEXT_RUN");
        let Some(attribute) = pair.attributes.iter().find(is_it) else { return };
        let mut waiting = Filter::not_null(attribute.source_column.name.clone());
        if let Some(none) = null_value(&attribute.source_column.data_type) {
            waiting =
                waiting.and(Filter::Equals(attribute.source_column.name.clone(), none).negated());
        }
        let table = self.source.entity(pair.source).table.clone();
        let name = format!("{}.{}", pair.name, attribute.attribute.name);
        let rows = self.inquiry.count(Side::Source, &table, waiting);
        if rows == Some(0) {
            return;
        }
        let finding = Finding::decide(
            next_run(),
            name,
            "activities are to go on at a time",
            "The scheduler of the destination takes up what is past its time as soon as it runs: timers \
             end, automatic activities call what they call.",
            vec![
                Choice::new(choice::LEAVE, "keep their times")
                    .costing("those that are past go on at once"),
                Choice::new(choice::EMPTY, "write none")
                    .costing("none of them goes on by itself; Service Center can have them go on"),
                Choice::stop("do not run"),
            ],
            choice::EMPTY,
        );
        self.find(finding.touching(rows));
    }

    /// Each type of ids that a column of values holds becomes an attribute of its own, of the rows with
    /// that type.
    fn typed_values(&mut self, place: usize, table: InstanceTable) {
        let pair = &self.out.pairs[place];
        let value = table.value();
        let base = pair
            .attributes
            .iter()
            .find(|one| value.is_some_and(|name| same_name(&one.source_column.name, name)));
        let Some(base) = base.cloned() else { return };
        let own = self.source.entity(pair.source).table.clone();
        let column = self.source.shape(&own).and_then(|shape| shape.column(ValueType::COLUMN));
        let column = column.map(ColumnRef::from);
        let (definition_column, of_definitions) = table.definition();
        let mut types: BTreeSet<String> = of(self.source, of_definitions)
            .iter()
            .map(|definition| definition.value_type.to_lowercase())
            .collect();
        let is_named = column.is_some();
        if let Some(column) = column {
            let filter = Filter::not_null(ValueType::COLUMN);
            let used = self.inquiry.values(Side::Source, &own, column, filter).unwrap_or_default();
            types.extend(used.iter().map(|(name, _)| name.to_string().trim().to_lowercase()));
        }
        for name in types {
            let data_type = AttributeType::parse(&name);
            if !data_type.is_reference() {
                continue;
            }
            let definitions = of(self.source, of_definitions).iter();
            let definitions = definitions
                .filter(|definition| definition.value_type.eq_ignore_ascii_case(&name))
                .map(|definition| definition.id)
                .collect();
            let (entity, of_texts) = self.referred(place, &data_type);
            let typed = ValueType { name, is_named, definition_column, definitions, of_texts };
            let attribute = Attribute {
                id: 0,
                name: format!("{} as {entity} Identifier", base.attribute.name),
                key: Key::new(&format!("{}*{}", base.attribute.key, typed.name)),
                data_type,
                is_mandatory: false,
                ..base.attribute.clone()
            };
            let pair = self.pair_mut(place);
            pair.attributes.push(AttributePair {
                attribute,
                is_mandatory: false,
                typed: Some(typed),
                ..base.clone()
            });
        }
    }

    /// What a type refers to, by name, and whether its ids are texts.
    fn referred(&self, place: usize, data_type: &AttributeType) -> (String, bool) {
        let consumer = self.source.entity(self.out.pairs[place].source);
        match self.source.resolve(consumer, data_type) {
            Some(crate::outsystems::Resolution::Entity(index)) => {
                (self.source.entity(index).full_name(), self.has_text_ids(index))
            }
            _ => ("an unknown entity".to_owned(), false),
        }
    }

    fn has_text_ids(&self, index: EntityIndex) -> bool {
        let entity = self.source.entity(index);
        let own = entity.identifier().and_then(|identifier| {
            self.source.shape_of(index)?.column(&identifier.column)?.data_type.kind()
        });
        match own {
            Some(kind) => kind != ValueKind::Integer,
            // A table that cannot be seen: what its records' ids look like has to do.
            None => {
                entity.kind == DataKind::Static
                    && self.source.records_of(entity).any(|one| one.data_id.parse::<i64>().is_err())
            }
        }
    }

    /// Values that are ids of rows outside the scope: they would mean other rows there.
    pub(in super::super) fn values_leave_scope(&mut self) {
        for pair_place in 0..self.out.pairs.len() {
            for place in 0..self.out.pairs[pair_place].attributes.len() {
                let pair = &self.out.pairs[pair_place];
                let attribute = &pair.attributes[place];
                let target = attribute.reference.as_ref().map(|reference| reference.target);
                let (Some(typed), Some(Target::Outside(index))) = (&attribute.typed, target) else {
                    continue;
                };
                let entity = self.source.entity(pair.source);
                let key = FindingKey::attribute(
                    FindingKind::ProcessValueLeavesScope,
                    entity,
                    &attribute.attribute,
                );
                let about = format!("{}.{}", pair.name, attribute.attribute.name);
                let referred = self.source.entity(index).full_name();
                let table = entity.table.clone();
                let rows = self.inquiry.count(Side::Source, &table, typed.rows());
                if rows == Some(0) {
                    continue;
                }
                let finding = Finding::decide(
                    key,
                    about,
                    format!("values are ids of {referred}, whose rows are not carried over"),
                    "The same number could be another row's in the destination. Take the entity into \
                     the scope, or have such values written as no reference.",
                    vec![
                        Choice::stop("do not run"),
                        Choice::new(choice::EMPTY, "write no reference"),
                    ],
                    choice::STOP,
                );
                self.find(finding.touching(rows));
            }
        }
    }

    /// Values whose type says that they are ids, and which are no numbers: they are copied.
    pub(in super::super) fn values_without_id(&mut self) {
        for pair_place in 0..self.out.pairs.len() {
            for place in 0..self.out.pairs[pair_place].attributes.len() {
                let pair = &self.out.pairs[pair_place];
                let attribute = &pair.attributes[place];
                let column = &attribute.source_column.name;
                let Some(typed) = &attribute.typed else { continue };
                let Some(no_id) = typed.no_id(column) else { continue };
                let entity = self.source.entity(pair.source);
                let table = entity.table.clone();
                let finding = Finding::note(
                    FindingKey::attribute(
                        FindingKind::ProcessValueNoId,
                        entity,
                        &attribute.attribute,
                    ),
                    format!("{}.{}", pair.name, attribute.attribute.name),
                    "values are no numbers, though their type says that they are ids",
                    "What is no number is no id of any row: such values stay as they are.",
                );
                let rows = self.inquiry.count(Side::Source, &table, no_id.and(typed.rows()));
                if rows != Some(0) {
                    self.find(finding.touching(rows));
                }
            }
        }
    }

    /// Whether an entity is one of the platform's that is carried over because instances are.
    pub(in super::super) fn are_instances(&self, index: EntityIndex) -> bool {
        self.source.entity(index).instance_table().is_some()
    }
}
