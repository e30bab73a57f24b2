//! Which event tables of the destination are empty while the plan is carried out.

use super::Builder;
use crate::compare::PEOPLE_TABLES;
use crate::database::{ColumnShape, TableName, same_name};
use crate::outsystems::EntityIndex;
use crate::plan::{EventTable, PersonFate, PersonPlan, Plan};

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
            all.push(EventTable {
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
