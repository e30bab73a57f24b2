//! One entity: its columns and their rules, and its identifier.

use std::collections::{BTreeMap, HashMap};

use super::Builder;
use crate::compare::{
    self, AttributePair, EntityPair, FindingKey, FindingKind, IdentifierKind, Reason,
    ReferencePair, UniquePair, ValueType, choice, chosen_value,
};
use crate::database::{ColumnRef, ColumnShape, TableName, Value, ValueKind, same_name};
use crate::outsystems::{Entity, Environment, Key, SystemTarget, null_value};
use crate::plan::{
    ColumnPlan, ConvertRule, EntityPlan, IdentifierPlan, Misfit, Nothing, Orphan, ReferenceRule,
    Rule, Target, TypedIds, TypedRule, UniquePlan,
};

impl Builder<'_> {
    pub(super) fn entity(&mut self, pair_place: usize) -> EntityPlan {
        let review = self.review;
        let pair = &review.comparison.pairs[pair_place];
        let entity = self.source.entity(pair.source);
        let mut columns = Vec::new();
        let mut column_of: HashMap<usize, usize> = HashMap::new();
        for (place, attribute) in pair.attributes.iter().enumerate() {
            // Part of what another attribute holds.
            if attribute.typed.is_some() {
                continue;
            }
            if pair.identifier == Some(place) && pair.identifier_kind == IdentifierKind::Generated {
                continue;
            }
            if let Some(rule) = self.rule(pair_place, place, attribute, entity) {
                let mask = self.mask(pair_place, place, entity);
                let is_soft = matches!(&rule, Rule::Reference(rule) if rule.soft.is_some());
                if mask.is_some() && (is_soft || matches!(rule, Rule::Convert(_))) {
                    self.wrong.push(format!(
                        "{}.{}: it is masked, so its values cannot be converted, replaced or rewritten too; \
                         decide one of the two otherwise",
                        pair.name, attribute.attribute.name
                    ));
                }
                column_of.insert(place, columns.len());
                columns.push(ColumnPlan {
                    attribute: attribute.attribute.name.clone(),
                    key: attribute.attribute.key.clone(),
                    source: ColumnRef::from(&attribute.source_column),
                    destination: attribute.destination_column.clone(),
                    rule,
                    mask,
                });
            }
        }
        self.typed(pair_place, &mut columns);
        let mut tenant_place = None;
        if let Some((source, destination)) = &pair.tenant {
            // Rows without a tenant that are there only after the review are left out: nobody has
            // decided to carry any over.
            let tenantless = FindingKey::entity(FindingKind::RowsWithoutTenant, entity);
            let carries_tenantless =
                pair.carries_tenantless && self.decisions.choice(&tenantless) == Some(choice::KEEP);
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
                    none_is_row: !carries_tenantless,
                    zero_is_row: false,
                    is_deferred: false,
                    orphan: Orphan::LeaveOut,
                    soft: None,
                }),
                mask: None,
            });
        }
        let constants = self.constants(pair);
        if columns.is_empty() && constants.is_empty() {
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
            constants,
            existing,
            uniques: pair.uniques.iter().map(|unique| self.unique(unique)).collect(),
            rows: pair.rows.clone(),
            source_rows: pair.source_rows.unwrap_or_default(),
            again: None,
        }
    }

    fn unique(&self, unique: &UniquePair) -> UniquePlan {
        let is_left_out = |key: &FindingKey| self.decisions.choice(key) == Some(choice::REJECT);
        let leaves_out = !unique.findings.is_empty() && unique.findings.iter().all(is_left_out);
        UniquePlan {
            name: unique.name.clone(),
            columns: unique.columns.clone(),
            leaves_out,
            repeated: unique.repeated.clone().filter(|_| leaves_out && !unique.is_taken()),
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
            FindingKind::ReferenceNarrower,
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
            let plain = self.plain(attribute, entity);
            return Some(self.soft_key(pair_place, place, plain));
        };
        let rule = self.reference(pair_place, place, attribute, entity, reference);
        Some(Rule::Reference(rule))
    }

    /// How ids of an attribute are rewritten.
    fn reference(
        &self,
        pair_place: usize,
        place: usize,
        attribute: &AttributePair,
        entity: &Entity,
        reference: &ReferencePair,
    ) -> ReferenceRule {
        let key = |kind| FindingKey::attribute(kind, entity, &attribute.attribute);
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
        let is_left_out = |finding: Option<&FindingKey>| {
            finding.is_some_and(|key| self.decisions.choice(key) == Some(choice::REJECT))
        };
        ReferenceRule {
            target,
            may_be_emptied,
            none: none(&attribute.destination_column),
            none_is_row: attribute.misfit.is_some() || is_left_out(attribute.nothing.as_ref()),
            zero_is_row: reference.zero_is_row,
            is_deferred: review.order.deferred.contains(&(pair_place, place)),
            orphan,
            soft: None,
        }
    }

    /// Values of instances that are ids as text, each by its type.
    fn typed(&mut self, pair_place: usize, columns: &mut [ColumnPlan]) {
        let review = self.review;
        let pair = &review.comparison.pairs[pair_place];
        let entity = self.source.entity(pair.source);
        let mut by_column: BTreeMap<usize, Vec<TypedIds>> = BTreeMap::new();
        let mut definition_column = None;
        let named = |columns: &[ColumnPlan], name: &str| {
            columns.iter().position(|column| same_name(&column.source.name, name))
        };
        for (place, attribute) in pair.attributes.iter().enumerate() {
            let (Some(typed), Some(reference)) = (&attribute.typed, &attribute.reference) else {
                continue;
            };
            let Some(column) = named(columns, &attribute.source_column.name) else { continue };
            definition_column = named(columns, typed.definition_column);
            let rule = self.reference(pair_place, place, attribute, entity, reference);
            by_column.entry(column).or_default().push(TypedIds {
                name: typed.name.clone(),
                definitions: typed.definitions.iter().copied().map(Value::Integer).collect(),
                of_texts: typed.of_texts,
                reference: ReferenceRule {
                    may_be_emptied: true,
                    none: Value::text(if typed.of_texts { "" } else { "0" }),
                    ..rule
                },
            });
        }
        for (column, types) in by_column {
            let Rule::Copy { misfit } = columns[column].rule else {
                self.wrong.push(format!(
                    "{}.{}: some of its values are ids, so they cannot be converted or replaced",
                    pair.name, columns[column].attribute
                ));
                continue;
            };
            let type_column = named(columns, ValueType::COLUMN);
            let rule = TypedRule { misfit, type_column, definition_column, types };
            columns[column].rule = Rule::Typed(rule);
        }
    }

    /// The rule of a plain attribute, or the one that rewrites the ids which it holds by decision.
    fn soft_key(&mut self, pair_place: usize, place: usize, plain: Rule) -> Rule {
        let review = self.review;
        let pair = &review.comparison.pairs[pair_place];
        let attribute = &pair.attributes[place];
        let entity = self.source.entity(pair.source);
        let key = FindingKey::attribute(FindingKind::SoftKeyLikely, entity, &attribute.attribute);
        let decided = self.decisions.get(&key).filter(|made| made.choice == choice::REMAP);
        let Some(decided) = decided else { return plain };
        let parent = attribute.soft.and_then(|soft| {
            match self.source.entity(soft).system_target() {
                Some(SystemTarget::User) => return Some(Target::Users),
                Some(SystemTarget::Group) => return Some(Target::Groups),
                Some(SystemTarget::Tenant) => return Some(Target::Tenants),
                _ => {}
            }
            match review.comparison.place(soft) {
                Some(parent) => self.places.get(&parent).copied().map(Target::Entity),
                None => self.fixed_places.get(&soft).copied().map(Target::Fixed),
            }
        });
        let name = format!("{}.{}", pair.name, attribute.attribute.name);
        let to = decided.to.as_deref().unwrap_or_default();
        match (parent, plain) {
            (Some(target), Rule::Copy { misfit }) => Rule::Reference(ReferenceRule {
                target,
                may_be_emptied: true,
                none: none(&attribute.destination_column),
                none_is_row: false,
                zero_is_row: false,
                is_deferred: review.order.deferred.contains(&(pair_place, place)),
                orphan: Orphan::Empty,
                soft: Some(misfit),
            }),
            (None, plain) => {
                self.wrong.push(format!("{name}: {}", not_remapped(to)));
                plain
            }
            (Some(_), plain) => {
                self.wrong.push(format!(
                    "{name}: its values are converted or replaced, so they cannot be rewritten as ids of \
                     {to} too; decide one of the two otherwise"
                ));
                plain
            }
        }
    }

    /// What happens to values that are no ids.
    fn plain(&mut self, attribute: &AttributePair, entity: &Entity) -> Rule {
        let decisions = self.decisions;
        let made = |finding: Option<&FindingKey>| decisions.choice(finding?);
        let (of_misfit, of_nothing) =
            (made(attribute.misfit.as_ref()), made(attribute.nothing.as_ref()));
        let of_null = made(attribute.null.as_ref());
        let is_retyped = of_misfit == Some(choice::CONVERT);
        let misfit = match (of_misfit, of_null) {
            (Some(choice::REJECT | choice::CONVERT), _) => Misfit::LeaveOut,
            (Some(choice::CUT), _) => Misfit::Cut,
            (None, Some(choice::REJECT)) => Misfit::LeaveOut,
            (None, Some(choice::DEFAULT)) => Misfit::Default,
            _ => Misfit::Refuse,
        };
        // What is decided about the model's demand goes for NULL too.
        let deciding = match (of_nothing, of_null) {
            (Some(choice::VALUE), _) => attribute.nothing.as_ref(),
            (Some(choice::REJECT), _) => None,
            (_, Some(choice::VALUE)) => attribute.null.as_ref(),
            _ => None,
        };
        let to = deciding.and_then(|finding| decisions.get(finding)?.to.as_deref());
        let nothing = match (to, of_nothing) {
            (Some(to), _) => match chosen_value(to, &attribute.destination_column) {
                Ok(value) => Nothing::Value(value),
                Err(why) => {
                    let name = &attribute.attribute.name;
                    self.wrong.push(format!("{}.{name}: {why}", entity.full_name()));
                    Nothing::Stays
                }
            },
            (None, Some(choice::REJECT)) => Nothing::LeaveOut,
            // What is decided about values that do not fit says nothing of NULL.
            (None, _) => match (of_null, of_misfit) {
                (Some(choice::DEFAULT), Some(_)) => {
                    let none = null_value(&attribute.destination_column.data_type);
                    none.map_or(Nothing::Stays, Nothing::Value)
                }
                (Some(choice::REJECT), Some(choice::CUT)) => Nothing::LeaveOut,
                _ => Nothing::Stays,
            },
        };
        if !is_retyped && nothing == Nothing::Stays {
            return Rule::Copy { misfit };
        }
        let blank_is_nothing = matches!(of_nothing, Some(choice::VALUE | choice::REJECT));
        Rule::Convert(ConvertRule { misfit, nothing, blank_is_nothing })
    }

    /// Destination columns that get the same value in every row.
    fn constants(&mut self, pair: &EntityPair) -> Vec<(ColumnShape, Value)> {
        let mut constants = pair.constants.clone();
        for (finding, column) in &pair.fillable {
            let to = match self.made(Some(finding)) {
                Some((choice::VALUE, Some(to))) => to,
                Some((choice::LEAVE_OUT, _)) => {
                    constants.retain(|(known, _)| known.name != column.name);
                    continue;
                }
                _ => continue,
            };
            match chosen_value(to, column) {
                Ok(value) => {
                    constants.retain(|(known, _)| known.name != column.name);
                    constants.push((column.clone(), value));
                }
                Err(why) => {
                    self.wrong.push(format!("{}, column {}: {why}", pair.name, column.name));
                }
            }
        }
        for reference in &pair.new_references {
            if let Some(id) = self.refers_to(&pair.name, reference) {
                constants.retain(|(known, _)| known.name != reference.column.name);
                constants.push((reference.column.clone(), id));
            }
        }
        constants
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
            let Some((choice::MAP, Some(to))) = self.made(Some(&key)) else { return None };
            self.review.comparison.finding(&key)?;
            Some(to.to_owned())
        })
    }
}

/// Why the values of a plain attribute are no ids of what was named.
pub(in crate::plan) fn not_remapped(to: &str) -> String {
    format!(
        "its values cannot be rewritten as ids of \"{to}\": name, as Espace.Entity, an entity of the \
         scope whose rows get new ids, a static entity none of whose records has the id 0 or an empty \
         one, or that of users, groups or tenants; and an attribute of type Integer, Long Integer or \
         Text that can hold such ids"
    )
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
