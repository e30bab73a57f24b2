//! Which event tables of the destination are empty while the plan is carried out.

use super::Builder;
use crate::compare::{EntityPair, PEOPLE_TABLES};
use crate::database::{ColumnRef, ColumnShape, Filter, TableName, Value, same_name};
use crate::outsystems::{EntityIndex, InstanceTable, Key};
use crate::plan::{
    ColumnPlan, EntityPlan, EventTable, ExistingPlan, Fate, FixedPlan, IdentifierPlan, Misfit,
    Orphan, PersonFate, PersonPlan, Plan, ReferenceRule, Rule, Target,
};

impl Builder<'_> {
    /// Those of every table that the plan writes, deletes or changes rows of, whether the entity is
    /// in its scope or not.
    pub(super) fn events(&mut self, plan: &Plan) -> Vec<EventTable> {
        let model = self.destination;
        let written = written(plan);
        let mut all: Vec<EventTable> = Vec::new();
        for (place, entity) in model.entities.iter().enumerate() {
            let index = EntityIndex(place);
            let Some(shape) = entity.event_table.as_ref().and_then(|table| model.shape(table))
            else {
                continue;
            };
            if all.iter().any(|known| known.table == shape.name)
                || !written.iter().any(|table| model.is_table_of(index, table))
            {
                continue;
            }
            let is_stored = |column: &&ColumnShape| !column.computed && !column.identity;
            let columns: Vec<ColumnShape> =
                shape.columns.iter().filter(is_stored).cloned().collect();
            if let Some(column) = columns.iter().find(|column| column.data_type.kind().is_none()) {
                self.wrong.push(format!(
                    "the event table {} of {} cannot be put away and back: its column {} is {}",
                    shape.name,
                    entity.full_name(),
                    column.name,
                    column.data_type
                ));
                continue;
            }
            let counted = &self.review.comparison.subscriptions;
            let counted =
                counted.iter().find(|known| Some(&known.table) == entity.event_table.as_ref());
            let along = self.along(plan, index, &columns);
            all.push(EventTable {
                along,
                entity: entity.full_name(),
                table: shape.name.clone(),
                columns,
                of: entity.table.clone(),
                is_people: PEOPLE_TABLES.iter().any(|name| same_name(name, &entity.table.name)),
                rows: counted.and_then(|known| known.rows).unwrap_or_default(),
            });
        }
        all
    }
}

impl Builder<'_> {
    /// The source's subscriptions of activities to rows of an entity of the plan, where instances are
    /// carried over: what they name is rewritten as it is in the rows themselves.
    fn along(
        &self,
        plan: &Plan,
        entity: EntityIndex,
        columns: &[ColumnShape],
    ) -> Option<Box<EntityPlan>> {
        let activities = plan.instances(InstanceTable::Activity)?;
        let processes = plan.instances(InstanceTable::Process)?;
        let pairs = &self.review.comparison.pairs;
        let pair = pairs.iter().position(|pair| pair.destination == entity)?;
        let ours = self.source.entity(pairs[pair].source);
        let shape = self.source.shape(ours.event_table.as_ref()?)?;
        let place = *self.places.get(&pair)?;
        let own = &plan.entities[place];
        let filter = |target| ReferenceRule {
            target,
            // No value would mean any.
            may_be_emptied: false,
            none: Value::Null,
            none_is_row: false,
            zero_is_row: false,
            is_deferred: false,
            orphan: Orphan::LeaveOut,
            soft: None,
        };
        let (mut kept, mut constants) = (Vec::new(), Vec::new());
        for column in columns {
            let Some(source) = shape.column(&column.name) else {
                constants.push((column.clone(), Value::Null));
                continue;
            };
            let of_row =
                own.columns.iter().find(|one| same_name(&one.destination.name, &column.name));
            let is_key =
                own.destination_key().is_some_and(|key| same_name(&key.name, &column.name));
            let target = match column.name.to_ascii_uppercase().as_str() {
                "_ACTIVITY_ID" => Some(Target::Entity(activities)),
                "_TENANT_ID" | "TENANT_ID" => Some(Target::Tenants),
                "_ESPACE_ID" => Some(Target::Fixed(self.espaces?)),
                "_PROCESS_DEF_ID" => {
                    let mut columns = plan.entities[processes].columns.iter();
                    let of = columns.find(|one| same_name(&one.source.name, "PROCESS_DEF_ID"))?;
                    Some(of.rule.references().next()?.target)
                }
                _ if is_key => Some(Target::Entity(place)),
                _ => of_row.and_then(|one| one.rule.references().next()).map(|rule| rule.target),
            };
            let rule = match target {
                Some(target) => Rule::Reference(filter(target)),
                None => Rule::Copy { misfit: Misfit::Refuse },
            };
            kept.push(ColumnPlan {
                attribute: column.name.clone(),
                key: Key::default(),
                source: ColumnRef::from(source),
                destination: column.clone(),
                rule,
                mask: None,
            });
        }
        Some(Box::new(EntityPlan {
            name: format!("subscriptions to {}", own.name),
            source_table: shape.name.clone(),
            identifier: IdentifierPlan::None,
            columns: kept,
            constants,
            existing: ExistingPlan::Keep { rows: 0 },
            uniques: Vec::new(),
            rows: Filter::not_null("_ACTIVITY_ID"),
            source_rows: 0,
            again: None,
            reason: None,
            ..own.clone()
        }))
    }

    /// Which espace is which, where instances are carried over.
    pub(super) fn espaces(&mut self) {
        let instances = |pair: &EntityPair| {
            self.source.entity(pair.source).instance_table() == Some(InstanceTable::Activity)
        };
        if !self.review.comparison.pairs.iter().any(|pair| instances(pair)) {
            return;
        }
        let fates = self.source.espaces.iter().filter_map(|espace| {
            let there = self.destination.espace(&espace.key)?;
            Some((Value::Integer(espace.id), Fate::To(Value::Integer(there.id))))
        });
        let fixed =
            FixedPlan { name: "Espace".to_owned(), fates: fates.collect(), undecided: Vec::new() };
        self.espaces = Some(self.fixed.len());
        self.fixed.push(fixed);
    }
}

/// The tables that a plan writes, deletes or changes rows of.
fn written(plan: &Plan) -> Vec<TableName> {
    let is_made = |people: &[PersonPlan]| {
        let mut fates = people.iter().map(|person| person.fate);
        fates.any(|fate| matches!(fate, PersonFate::Create { .. } | PersonFate::Update(_)))
    };
    let links = &plan.links;
    let is_written = [
        is_made(&plan.users),
        is_made(&plan.groups),
        !links.user_roles.is_empty(),
        !links.group_roles.is_empty(),
        !links.group_users.is_empty(),
    ];
    let people = PEOPLE_TABLES.into_iter().zip(is_written);
    let people =
        people.filter(|(_, is_written)| *is_written).map(|(table, _)| TableName::new(table));
    let entities = plan.entities.iter().map(|entity| entity.destination_table.clone());
    let outside = plan.outside.iter().map(|outside| outside.table.clone());
    entities.chain(outside).chain(people).collect()
}
