//! One entity: its columns and their rules, its identifier, what becomes of the rows there.

use std::collections::HashMap;

use super::Builder;
use crate::compare::{
    self, AttributePair, EntityPair, FindingKey, FindingKind, IdentifierKind, Reason, choice,
};
use crate::database::{ColumnRef, ColumnShape, TableName, Value, ValueKind};
use crate::outsystems::{Entity, Environment, Key, SystemTarget};
use crate::plan::{
    ColumnPlan, EntityPlan, ExistingPlan, IdentifierPlan, Misfit, Orphan, ReferenceRule, Rule,
    Target,
};

impl Builder<'_> {
    pub(super) fn entity(&mut self, pair_place: usize) -> EntityPlan {
        let review = self.review;
        let pair = &review.comparison.pairs[pair_place];
        let entity = self.source.entity(pair.source);
        let mut columns = Vec::new();
        let mut column_of: HashMap<usize, usize> = HashMap::new();
        for (place, attribute) in pair.attributes.iter().enumerate() {
            if pair.identifier == Some(place) && pair.identifier_kind == IdentifierKind::Generated {
                continue;
            }
            if let Some(rule) = self.rule(pair_place, place, attribute, entity) {
                column_of.insert(place, columns.len());
                columns.push(ColumnPlan {
                    attribute: attribute.attribute.name.clone(),
                    key: attribute.attribute.key.clone(),
                    source: ColumnRef::from(&attribute.source_column),
                    destination: attribute.destination_column.clone(),
                    rule,
                });
            }
        }
        let mut tenant_place = None;
        if let Some((source, destination)) = &pair.tenant {
            tenant_place = Some(columns.len());
            columns.push(ColumnPlan {
                attribute: source.name.clone(),
                key: Key::default(),
                source: ColumnRef::from(source),
                destination: destination.clone(),
                rule: Rule::Reference(ReferenceRule {
                    target: Target::Tenants,
                    may_be_emptied: destination.nullable,
                    none: none(destination),
                    none_is_row: false,
                    zero_is_row: false,
                    is_deferred: false,
                    orphan: Orphan::LeaveOut,
                }),
            });
        }
        if columns.is_empty() && pair.constants.is_empty() {
            self.wrong.push(format!(
                "{}: it has nothing to carry over besides its identifier; exclude it",
                pair.name
            ));
        }
        let existing = self.existing(pair, &column_of, tenant_place, &columns);
        EntityPlan {
            espace: entity.espace_key.clone(),
            entity: entity.key.clone(),
            name: pair.name.clone(),
            reason: match &pair.reason {
                Reason::Chosen => None,
                Reason::Producer(by) => Some(by.clone()),
            },
            source_table: self.resolved(self.source, &entity.table),
            destination_table: self
                .resolved(self.destination, &self.destination.entity(pair.destination).table),
            identifier: identifier(pair),
            columns,
            constants: pair.constants.clone(),
            existing,
            source_rows: pair.source_rows.unwrap_or_default(),
        }
    }

    pub(super) fn resolved(&self, environment: &Environment, table: &TableName) -> TableName {
        environment.shape(table).map_or_else(|| table.clone(), |shape| shape.name.clone())
    }

    /// What happens to the values of an attribute; `None` when it is left out.
    fn rule(
        &mut self,
        pair_place: usize,
        place: usize,
        attribute: &AttributePair,
        entity: &Entity,
    ) -> Option<Rule> {
        let key = |kind| FindingKey::attribute(kind, entity, &attribute.attribute);
        let left_out = |kind| self.decisions.choice(&key(kind)) == Some(choice::LEAVE_OUT);
        let kinds = [
            FindingKind::ReferenceRetargeted,
            FindingKind::AttributeRetyped,
            FindingKind::TypeUnknown,
        ];
        if kinds.into_iter().any(left_out) {
            return None;
        }
        if let Some(to) = self.confirmed_in_vain(attribute, entity) {
            self.wrong.push(format!(
                "{}.{}: \"{to}\" is no active entity of the source, or several; name one as \
                 Espace.Entity",
                entity.full_name(),
                attribute.attribute.name
            ));
            return None;
        }
        let Some(reference) = &attribute.reference else {
            let misfit = match self.made(attribute.misfit.as_ref()).map(|made| made.0) {
                Some(choice::REJECT) => Misfit::LeaveOut,
                Some(choice::CUT) => Misfit::Cut,
                Some(choice::DEFAULT) => Misfit::Default,
                _ => Misfit::Refuse,
            };
            return Some(Rule::Copy { misfit });
        };
        let review = self.review;
        let pair = &review.comparison.pairs[pair_place];
        let target = match reference.target {
            compare::Target::Entity(index) => {
                let parent = review.comparison.pairs.iter().position(|pair| pair.source == index);
                match parent {
                    Some(parent) => Target::Entity(self.places[&parent]),
                    None => Target::Nothing,
                }
            }
            compare::Target::Static(index) => match self.fixed_places.get(&index) {
                Some(place) => Target::Fixed(*place),
                None => Target::Nothing,
            },
            compare::Target::System(SystemTarget::User, _) => Target::Users,
            compare::Target::System(SystemTarget::Group, _) => Target::Groups,
            compare::Target::System(SystemTarget::Tenant, _) => Target::Tenants,
            compare::Target::System(_, index) => match self.fixed_places.get(&index) {
                Some(place) => Target::Fixed(*place),
                None => Target::Nothing,
            },
            compare::Target::External => Target::External,
            compare::Target::Outside(_) => match self.lookup_places.get(&(pair_place, place)) {
                Some(place) => Target::Lookup(*place),
                None => Target::Nothing,
            },
            compare::Target::Unresolved => Target::Nothing,
        };
        let may_be_emptied = attribute.may_be_emptied() && pair.identifier != Some(place);
        let orphan = match self.decisions.choice(&key(FindingKind::OrphanReferences)) {
            Some(choice::EMPTY) => Orphan::Empty,
            Some(choice::REJECT) => Orphan::LeaveOut,
            _ if may_be_emptied => Orphan::Empty,
            _ => Orphan::LeaveOut,
        };
        Some(Rule::Reference(ReferenceRule {
            target,
            may_be_emptied,
            none: none(&attribute.destination_column),
            none_is_row: attribute.misfit.is_some(),
            zero_is_row: reference.zero_is_row,
            is_deferred: review.order.deferred.contains(&(pair_place, place)),
            orphan,
        }))
    }

    /// What a decision says an attribute refers to, where that is no entity.
    fn confirmed_in_vain(&self, attribute: &AttributePair, entity: &Entity) -> Option<String> {
        let is_resolved = attribute
            .reference
            .as_ref()
            .is_some_and(|reference| reference.target != compare::Target::Unresolved);
        if is_resolved {
            return None;
        }
        [FindingKind::ReferenceUnresolved, FindingKind::TypeUnknown].into_iter().find_map(|kind| {
            let key = FindingKey::attribute(kind, entity, &attribute.attribute);
            self.review.comparison.finding(&key)?;
            match self.made(Some(&key)) {
                Some((choice::MAP, Some(to))) => Some(to.to_owned()),
                _ => None,
            }
        })
    }

    fn existing(
        &mut self,
        pair: &EntityPair,
        column_of: &HashMap<usize, usize>,
        tenant_place: Option<usize>,
        columns: &[ColumnPlan],
    ) -> ExistingPlan {
        let known = &pair.existing;
        let rows = known.replaced.unwrap_or_default();
        let standing = known.standing.unwrap_or_default();
        let replace = || ExistingPlan::Replace { filter: known.filter.clone(), rows, standing };
        match pair.reason {
            Reason::Chosen if self.review.selection.replace == Some(true) => replace(),
            Reason::Chosen => ExistingPlan::Keep { rows: rows + standing },
            Reason::Producer(_) => match self.made(known.finding.as_ref()).map(|made| made.0) {
                Some(choice::REPLACE) => replace(),
                _ => {
                    let natural = known.natural_key.clone();
                    let mut key: Vec<usize> = natural
                        .iter()
                        .flat_map(|natural| &natural.attributes)
                        .filter_map(|place| column_of.get(place).copied())
                        .collect();
                    if natural.as_ref().is_some_and(|natural| natural.with_tenant) {
                        key.extend(tenant_place);
                    }
                    let waits = key.iter().any(|place| {
                        matches!(&columns[*place].rule, Rule::Reference(rule) if rule.is_deferred)
                    });
                    // A part of the key that is left out would make other rows of it.
                    let whole = natural.as_ref().is_some_and(|natural| {
                        natural.attributes.iter().all(|place| column_of.contains_key(place))
                    });
                    if !whole {
                        self.wrong.push(format!(
                            "{}: its rows cannot be recognised by a key of which an attribute is \
                             left out; choose \"replace\"",
                            pair.name
                        ));
                    } else if waits || key.is_empty() {
                        self.wrong.push(format!(
                            "{}: its rows cannot be recognised by a key that is part of a circle of \
                             references; choose \"replace\"",
                            pair.name
                        ));
                    }
                    ExistingPlan::Recognise { key, rows: rows + standing }
                }
            },
        }
    }
}

/// What stands for "no reference" in a column.
fn none(column: &ColumnShape) -> Value {
    if column.nullable {
        return Value::Null;
    }
    match column.data_type.kind() {
        Some(ValueKind::Text) => Value::text(""),
        _ => Value::Integer(0),
    }
}

fn identifier(pair: &EntityPair) -> IdentifierPlan {
    let Some(attribute) = pair.identifier() else { return IdentifierPlan::None };
    let source = ColumnRef::from(&attribute.source_column);
    let destination = attribute.destination_column.clone();
    match pair.identifier_kind {
        IdentifierKind::None => IdentifierPlan::None,
        IdentifierKind::Generated => IdentifierPlan::Generated { source, destination },
        IdentifierKind::Kept => IdentifierPlan::Kept { source, destination },
        IdentifierKind::Extension => IdentifierPlan::Extension { source, destination },
    }
}
