//! Which attribute is which, and whether its values fit.

use super::references::ReferencePair;
use super::rows::ExistingRows;
use super::selection::Reason;
use super::{Choice, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, Work, choice};
use crate::database::{ColumnShape, ColumnType, Filter, TableShape, Value, ValueKind, same_name};
use crate::outsystems::{Attribute, Entity, EntityIndex, Side};

/// The hidden column of multi-tenant tables (`metamodel.md` §3.8).
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
    /// The finding about values that do not fit, where some do not.
    pub misfit: Option<FindingKey>,
}

impl AttributePair {
    /// Whether a cell may be written as NULL (`design.md` decision 11).
    #[must_use]
    pub fn may_be_emptied(&self) -> bool {
        self.destination_column.nullable && !self.is_mandatory
    }
}

/// An active attribute whose column exists and can be written.
fn usable<'a>(entity: &'a Entity, shape: &'a TableShape) -> Vec<(&'a Attribute, &'a ColumnShape)> {
    entity
        .active_attributes()
        .filter_map(|attribute| Some((attribute, shape.column(&attribute.column)?)))
        .filter(|(_, column)| !column.computed)
        .collect()
}

impl Work<'_> {
    /// Pairs the attributes of two entities; `None` when the identifier cannot be carried over.
    pub(super) fn pair(
        &mut self,
        source: EntityIndex,
        destination: EntityIndex,
        reason: Reason,
    ) -> Option<EntityPair> {
        let (entity, other) = (self.source.entity(source), self.destination.entity(destination));
        let shape = self.source.shape(&entity.table)?;
        let other_shape = self.destination.shape(&other.table)?;
        let name = entity.full_name();

        let ours = usable(entity, shape);
        let theirs = usable(other, other_shape);
        let mut attributes = Vec::new();
        for (attribute, column) in &ours {
            match theirs.iter().find(|(candidate, _)| candidate.key == attribute.key) {
                Some((counterpart, other_column)) => {
                    if !same_name(&attribute.name, &counterpart.name)
                        || !same_name(&column.name, &other_column.name)
                    {
                        self.find(Finding::note(
                            FindingKey::attribute(FindingKind::AttributeRenamed, entity, attribute),
                            format!("{name}.{}", attribute.name),
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
                        misfit: None,
                    });
                }
                None => self.attribute_missing(entity, attribute, column),
            }
        }
        let constants = self.new_columns(entity, other, &theirs, &ours);
        self.leftovers(entity, other, other_shape);

        let tenant_column = |entity: &Entity, shape: &TableShape| {
            shape
                .column(TENANT_COLUMN)
                .filter(|_| {
                    !entity.active_attributes().any(|a| same_name(&a.column, TENANT_COLUMN))
                })
                .filter(|_| entity.is_multitenant)
                .cloned()
        };
        let tenant = match (tenant_column(entity, shape), tenant_column(other, other_shape)) {
            (Some(ours), Some(theirs)) => Some((ours, theirs)),
            (None, None) => None,
            (ours, _) => {
                let (has, lacks) = if ours.is_some() {
                    (Side::Source, Side::Destination)
                } else {
                    (Side::Destination, Side::Source)
                };
                let what = format!("its rows belong to tenants in the {has}, not in the {lacks}");
                self.find(Finding::decide(
                    FindingKey::entity(FindingKind::MultitenancyChanged, entity),
                    &name,
                    what,
                    "Whose row is whose could not be told. Publish the same version on both sides.",
                    vec![Choice::stop("do not run until the module is published")],
                    choice::STOP,
                ));
                return None;
            }
        };
        if let Some(trigger) =
            other_shape.triggers.iter().find(|trigger| trigger.instead_of && !trigger.disabled)
        {
            let what = format!("the trigger {} runs instead of INSERT", trigger.name);
            self.find(Finding::decide(
                FindingKey::entity(FindingKind::TriggerInsteadOf, entity),
                &name,
                what,
                "With such a trigger nobody can know which rows were really inserted. \
                 The platform makes none; someone added it.",
                vec![Choice::stop("do not run while the trigger is there")],
                choice::STOP,
            ));
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
            tenant,
            source_rows: self.count_source(source),
            existing: ExistingRows::default(),
            name,
        };
        self.identifier(entity, other, &mut pair).then_some(pair)
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
                "its rows belong to tenants, by a hidden column",
                "The tenant's id is rewritten like any other; rows of tenants that only the \
                 destination has stay.",
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

    /// Finds out how rows get their identifier; `false` when the two sides do it differently.
    fn identifier(&mut self, entity: &Entity, other: &Entity, pair: &mut EntityPair) -> bool {
        let differs = |what: String| {
            Finding::decide(
                FindingKey::entity(FindingKind::IdentifierChanged, entity),
                entity.full_name(),
                what,
                "Ids could not be carried over. Publish the same version of the module on both sides.",
                vec![
                    Choice::stop("do not run until the module is published"),
                    Choice::new(choice::LEAVE_OUT, "leave the entity out"),
                ],
                choice::STOP,
            )
        };
        match (entity.identifier(), other.identifier()) {
            (None, None) => {
                self.find(Finding::note(
                    FindingKey::entity(FindingKind::NoIdentifier, entity),
                    entity.full_name(),
                    "it has no identifier",
                    "Its rows are inserted and proved as a whole; nothing can refer to them, and a \
                     second run would add them again.",
                ));
                return true;
            }
            (Some(ours), Some(theirs)) if ours.key == theirs.key => {
                pair.identifier = pair
                    .attributes
                    .iter()
                    .position(|attribute| attribute.attribute.key == ours.key);
            }
            (ours, theirs) => {
                let shown = |identifier: Option<&Attribute>| {
                    identifier.map_or("none".to_owned(), |attribute| attribute.name.clone())
                };
                let what = format!(
                    "the identifier is {} in the source, {} in the destination",
                    shown(ours),
                    shown(theirs)
                );
                self.find(differs(what));
                return false;
            }
        }
        let Some(identifier) = pair.identifier().cloned() else {
            self.find(differs("the identifier's column is missing on one side".to_owned()));
            return false;
        };
        let (ours, theirs) = (&identifier.source_column, &identifier.destination_column);
        let kind = ours.data_type.kind();
        if !matches!(kind, Some(ValueKind::Integer | ValueKind::Text)) {
            self.find(differs(format!("the identifier is of the type {}", ours.data_type)));
            return false;
        }
        let is_reference = identifier.attribute.data_type.is_reference();
        if theirs.identity {
            if is_reference {
                self.find(differs(
                    "the identifier refers to another entity, yet the \
                    destination makes its values"
                        .to_owned(),
                ));
                return false;
            }
            if ours.data_type.kind() != Some(ValueKind::Integer) {
                self.find(differs(format!(
                    "the identifier is {} in the source, and made by the destination",
                    ours.data_type
                )));
                return false;
            }
            pair.identifier_kind = IdentifierKind::Generated;
            return true;
        }
        if ours.identity && !is_reference {
            self.find(differs(
                "the source makes the identifier's values, the destination does not".to_owned(),
            ));
            return false;
        }
        if is_reference {
            pair.identifier_kind = IdentifierKind::Extension;
            self.find(Finding::note(
                FindingKey::entity(FindingKind::ExtensionEntity, entity),
                entity.full_name(),
                "its identifier is another row's id",
                "Each row follows the row it extends and gets that row's new id.",
            ));
        } else {
            pair.identifier_kind = IdentifierKind::Kept;
            self.find(Finding::note(
                FindingKey::entity(FindingKind::KeptIdentifier, entity),
                entity.full_name(),
                format!("its identifier ({}) is given by the application", ours.data_type),
                "Rows keep their identifiers; a row of the destination with the same one would collide.",
            ));
        }
        true
    }

    fn attribute_missing(&mut self, entity: &Entity, attribute: &Attribute, column: &ColumnShape) {
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

    /// Destination attributes that the source lacks; returns the values for columns that demand one.
    fn new_columns(
        &mut self,
        entity: &Entity,
        other: &Entity,
        theirs: &[(&Attribute, &ColumnShape)],
        ours: &[(&Attribute, &ColumnShape)],
    ) -> Vec<(ColumnShape, Value)> {
        let mut constants = Vec::new();
        for (attribute, column) in theirs {
            if ours.iter().any(|(candidate, _)| candidate.key == attribute.key) || column.identity {
                continue;
            }
            let demands = !column.nullable && !column.has_default;
            let value = demands.then(|| model_default(attribute, &column.data_type)).flatten();
            let key = FindingKey::attribute(FindingKind::AttributeNew, entity, attribute);
            let about = format!("{}.{}", other.full_name(), attribute.name);
            let why = "Usual cause: a newer version of the module is published in the destination.";
            if demands && (value.is_none() || attribute.data_type.is_reference()) {
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
    fn leftovers(&mut self, entity: &Entity, other: &Entity, shape: &TableShape) {
        for column in &shape.columns {
            let used = other.active_attributes().any(|a| same_name(&a.column, &column.name))
                || same_name(&column.name, TENANT_COLUMN)
                || column.computed;
            if used || column.identity {
                continue;
            }
            let about = format!("{}, column {}", other.full_name(), column.name);
            // One finding per column: the column's name stands where an attribute's key would.
            let key = |kind| FindingKey {
                attribute: crate::outsystems::Key::new(&column.name),
                ..FindingKey::entity(kind, entity)
            };
            if !column.nullable && !column.has_default {
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

    /// Values that may not fit the destination's columns.
    pub(super) fn misfits(&mut self) {
        for pair_place in 0..self.out.pairs.len() {
            for place in 0..self.out.pairs[pair_place].attributes.len() {
                let pair = &self.out.pairs[pair_place];
                let attribute = &pair.attributes[place];
                if attribute.reference.is_some()
                    || (pair.identifier == Some(place)
                        && pair.identifier_kind == IdentifierKind::Generated)
                {
                    continue;
                }
                if let Some(key) = self.misfit(pair_place, place) {
                    self.out.pairs[pair_place].attributes[place].misfit = Some(key);
                }
            }
        }
    }

    fn misfit(&mut self, pair_place: usize, place: usize) -> Option<FindingKey> {
        let pair = self.out.pairs[pair_place].clone();
        let entity = self.source.entity(pair.source);
        let attribute = &pair.attributes[place];
        let (from, to) = (&attribute.source_column, &attribute.destination_column);
        let about = format!("{}.{}", pair.name, attribute.attribute.name);
        let key = |kind| FindingKey::attribute(kind, entity, &attribute.attribute);
        let types =
            format!("{} in the source, {} in the destination", from.data_type, to.data_type);

        if from.nullable && !to.nullable {
            let rows =
                self.inquiry.count(Side::Source, &entity.table, Filter::IsNull(from.name.clone()));
            if rows != Some(0) {
                let fallback = type_default(&to.data_type);
                let mut choices = vec![Choice::stop("do not run")];
                if fallback.is_some() {
                    choices
                        .push(Choice::new(choice::DEFAULT, "write the type's null value instead"));
                }
                choices.push(Choice::new(choice::REJECT, "leave these rows out"));
                let found = key(FindingKind::NullNotAllowed);
                self.find(
                    Finding::decide(
                        found.clone(),
                        about,
                        "the destination's column refuses NULL",
                        "Rows without a value could not be inserted as they are.",
                        choices,
                        choice::STOP,
                    )
                    .touching(rows),
                );
                return Some(found);
            }
        }
        let (kind, filter) = match misfit_filter(from, to) {
            Fit::Always => return None,
            Fit::Never => {
                self.find(Finding::decide(
                    key(FindingKind::AttributeRetyped),
                    about,
                    types,
                    "Values could change on the way. Publish the same version on both sides.",
                    vec![
                        Choice::stop("do not run until the module is published"),
                        Choice::new(choice::LEAVE_OUT, "leave the attribute out")
                            .costing("its values stay behind"),
                    ],
                    choice::STOP,
                ));
                return Some(key(FindingKind::AttributeRetyped));
            }
            Fit::Unless(kind, filter) => (kind, filter),
        };
        let closure = self.closure(pair_place, &filter);
        let mut small = true;
        let mut unknown = false;
        let mut costs = Vec::new();
        let mut own = None;
        for (index, filter) in closure {
            let entity = self.source.entity(index);
            let rows = self.inquiry.count(Side::Source, &entity.table, filter);
            let all = self.count_source(index);
            if index == pair.source {
                own = rows;
            }
            match (rows, all) {
                (Some(rows), Some(all)) => {
                    small &= rows == 0 || rows.saturating_mul(1000) < all;
                    if rows > 0 {
                        costs.push(format!("{rows} of {all} rows of {}", entity.full_name()));
                    }
                }
                _ => unknown = true,
            }
        }
        if own == Some(0) {
            return None;
        }
        let found = key(kind);
        let mut choices = vec![
            Choice::new(choice::REJECT, "leave these rows out").costing(costs.join(", ")),
            Choice::stop("do not run: widen the attribute and publish"),
        ];
        if kind == FindingKind::TextTooLong && to.data_type.kind() == Some(ValueKind::Text) {
            choices.push(
                Choice::new(choice::CUT, "cut the text").costing("the end of each text is lost"),
            );
        }
        let recommended = if small { choice::REJECT } else { choice::STOP };
        let mut finding = Finding::decide(
            found.clone(),
            about,
            types,
            "Rows that exceed the destination's size cannot be stored there.",
            choices,
            recommended,
        )
        .touching(own);
        if unknown {
            finding.recommended = None;
        }
        self.find(finding);
        Some(found)
    }

    /// The rows that go when some rows of an entity are rejected: those, and every row that
    /// demands a reference to one of them, as conditions per source entity.
    pub(super) fn closure(&self, pair_place: usize, filter: &Filter) -> Vec<(EntityIndex, Filter)> {
        let mut found = vec![(self.out.pairs[pair_place].source, filter.clone())];
        let mut next = 0;
        while next < found.len() {
            let (parent, among) = found[next].clone();
            next += 1;
            let Some(key) = self
                .out
                .pair(parent)
                .and_then(EntityPair::identifier)
                .map(|identifier| identifier.source_column.name.clone())
            else {
                continue;
            };
            let parent_table = self.source.entity(parent).table.clone();
            for pair in &self.out.pairs {
                if found.iter().any(|(known, _)| *known == pair.source) {
                    continue;
                }
                let referring: Vec<Filter> = pair
                    .attributes
                    .iter()
                    .filter(|attribute| !attribute.may_be_emptied())
                    .filter(|attribute| {
                        attribute.reference.as_ref().and_then(|reference| reference.target.entity())
                            == Some(parent)
                    })
                    .map(|attribute| Filter::Refers {
                        column: attribute.source_column.name.clone(),
                        parent: parent_table.clone(),
                        key: key.clone(),
                        among: Box::new(among.clone()),
                    })
                    .collect();
                if !referring.is_empty() {
                    found.push((pair.source, Filter::Or(referring)));
                }
            }
        }
        found
    }
}

enum Fit {
    Always,
    Never,
    Unless(FindingKind, Filter),
}

/// Which source rows would not fit the destination's type unchanged.
fn misfit_filter(from: &ColumnShape, to: &ColumnShape) -> Fit {
    let column = from.name.clone();
    let (Some(ours), Some(theirs)) = (from.data_type.kind(), to.data_type.kind()) else {
        return Fit::Never;
    };
    match (ours, theirs) {
        (ValueKind::Text, ValueKind::Text)
            if to.data_type.is_code_page() && !from.data_type.is_code_page() =>
        {
            Fit::Never
        }
        (ValueKind::Text, ValueKind::Text) | (ValueKind::Binary, ValueKind::Binary) => {
            match (from.data_type.max_length(), to.data_type.max_length()) {
                (_, None) => Fit::Always,
                (Some(ours), Some(theirs)) if ours <= theirs => Fit::Always,
                (_, Some(theirs)) => {
                    Fit::Unless(FindingKind::TextTooLong, Filter::LongerThan(column, theirs))
                }
            }
        }
        (ValueKind::Integer, ValueKind::Integer) => {
            match (from.data_type.integer_range(), to.data_type.integer_range()) {
                (Some(ours), Some(theirs)) if ours.0 >= theirs.0 && ours.1 <= theirs.1 => {
                    Fit::Always
                }
                (_, Some((least, most))) => Fit::Unless(
                    FindingKind::NumberTooWide,
                    Filter::not_null(&column).and(
                        Filter::Between(column, Value::Integer(least), Value::Integer(most))
                            .negated(),
                    ),
                ),
                _ => Fit::Never,
            }
        }
        (ValueKind::Decimal, ValueKind::Decimal) => {
            match (from.data_type.decimal(), to.data_type.decimal()) {
                (Some((p1, s1)), Some((p2, s2)))
                    if s1 <= s2
                        && u16::from(p1) + u16::from(s2) <= u16::from(p2) + u16::from(s1) =>
                {
                    Fit::Always
                }
                (_, Some((precision, scale))) => Fit::Unless(
                    FindingKind::NumberTooWide,
                    Filter::OutsideDecimal { column, precision, scale },
                ),
                _ => Fit::Never,
            }
        }
        (ValueKind::Integer, ValueKind::Decimal) => match to.data_type.decimal() {
            Some((precision, scale)) => Fit::Unless(
                FindingKind::NumberTooWide,
                Filter::OutsideDecimal { column, precision, scale },
            ),
            None => Fit::Never,
        },
        (ValueKind::Bit, ValueKind::Integer) => Fit::Always,
        (ValueKind::DateTime, ValueKind::DateTime) if from.data_type == to.data_type => Fit::Always,
        (ValueKind::DateTime, ValueKind::DateTime) => match (&from.data_type, &to.data_type) {
            (_, ColumnType::DateTime2 { scale: 7 }) => Fit::Always,
            _ => Fit::Never,
        },
        (ours, theirs) if ours == theirs => Fit::Always,
        _ => Fit::Never,
    }
}

/// The platform's null value of a type (`metamodel.md` §3.5).
#[must_use]
pub(super) fn type_default(data_type: &ColumnType) -> Option<Value> {
    Some(match data_type.kind()? {
        ValueKind::Integer => Value::Integer(0),
        ValueKind::Decimal => {
            Value::Decimal { value: 0, scale: data_type.decimal().map_or(0, |(_, scale)| scale) }
        }
        ValueKind::Float => Value::Float(0.0),
        ValueKind::Bit => Value::Bit(false),
        ValueKind::DateTime => {
            Value::DateTime(crate::database::date_time_from_text("1900-01-01 00:00:00")?)
        }
        ValueKind::Text => Value::text(""),
        ValueKind::Binary => Value::Binary(Vec::new()),
        ValueKind::Guid => return None,
    })
}

/// The model's default as a value of the column's type, else the type's null value.
fn model_default(attribute: &Attribute, data_type: &ColumnType) -> Option<Value> {
    let text = attribute.default_value.trim().trim_matches('"');
    let literal = match data_type.kind()? {
        _ if text.is_empty() => None,
        ValueKind::Integer => text.parse().ok().map(Value::Integer),
        ValueKind::Decimal => {
            let scale = data_type.decimal().map_or(0, |(_, scale)| scale);
            crate::database::decimal_from_text(text, scale)
                .map(|value| Value::Decimal { value, scale })
        }
        ValueKind::Bit => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(Value::Bit(true)),
            "false" | "0" => Some(Value::Bit(false)),
            _ => None,
        },
        ValueKind::Text => Some(Value::text(text)),
        ValueKind::DateTime => {
            crate::database::date_time_from_text(text.trim_matches('#')).map(Value::DateTime)
        }
        _ => None,
    };
    literal.or_else(|| type_default(data_type))
}
