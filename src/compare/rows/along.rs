//! What may become of rows that are not the plan's and hang on rows to be deleted: they go too, with
//! all that hangs on them, or their reference is emptied.

use super::super::{Choice, FindingKey, Work, choice};
use crate::database::{Filter, TableName, TableShape, same_name};
use crate::outsystems::{Entity, EntityIndex, Resolution, Side};

/// Longer chains are not followed: nobody foresees what goes.
const DEEPEST: usize = 16;

/// Rows of the destination that are not the plan's, and hang on rows that it deletes by one column.
#[derive(Clone, Debug)]
pub struct OutsideRows {
    /// The finding that decides for them.
    pub finding: FindingKey,
    /// The column they hang by, as the catalogue has it.
    pub column: String,
    /// The rows themselves.
    pub rows: OutsidePart,
    /// Rows that hang on them in turn and go first if they go: children before parents.
    pub along: Vec<OutsidePart>,
}

/// Rows of one table.
#[derive(Clone, Debug)]
pub struct OutsidePart {
    /// Whose they are, in words.
    pub name: String,
    /// Their table, by its full name.
    pub table: TableName,
    /// Which ones, before anything is deleted.
    pub filter: Filter,
    /// How many.
    pub count: u64,
}

/// What may be done with rows that hang on others.
pub(super) struct Fates {
    pub(super) choices: Vec<Choice>,
    /// What goes along if they are deleted.
    pub(super) along: Vec<OutsidePart>,
    /// Why they cannot be deleted too, as a sentence.
    pub(super) obstacle: Option<String>,
}

impl Fates {
    /// Nothing but not to run.
    pub(super) fn stop(why: &str) -> Self {
        let choices = vec![Choice::stop("do not run")];
        Self { choices, along: Vec::new(), obstacle: Some(why.to_owned()) }
    }

    /// What else the person can do about them, as sentences.
    pub(super) fn advice(&self, pair: &str) -> String {
        let or =
            format!("Have a DBA delete or move these rows, or drop the key; or leave {pair} out.");
        match &self.obstacle {
            Some(obstacle) => format!("They cannot be deleted too: {obstacle}. {or}"),
            None => or,
        }
    }
}

/// A column of a table whose values are keys of another one.
pub(in crate::compare) struct Link {
    pub(in crate::compare) child: TableName,
    pub(in crate::compare) column: String,
    parent_key: String,
}

/// The column that tells the rows of a table apart: its identity, or its only key column.
#[must_use]
pub fn row_key(shape: &TableShape) -> Option<&str> {
    let key = match shape.primary_key.as_slice() {
        [one] => Some(one.as_str()),
        _ => None,
    };
    shape.identity().map(|column| column.name.as_str()).or(key)
}

impl Work<'_> {
    /// What may be done with those rows, which refer by that column.
    pub(super) fn fates(&mut self, part: &OutsidePart, column: &str, mandatory: bool) -> Fates {
        if self.is_in_scope(&part.table) {
            return Fates::stop("their entity is in the scope");
        }
        let mut fates = Fates { obstacle: None, ..Fates::stop("") };
        match self.going_along(&part.table, &part.filter, &mut vec![part.table.clone()]) {
            Ok(Some(along)) => {
                let with = match along.iter().map(|part| part.count).sum::<u64>() {
                    0 => String::new(),
                    1 => ", and 1 row that hangs on them".to_owned(),
                    rows => format!(", and {rows} rows that hang on them"),
                };
                let label = format!("delete them too{with}");
                fates.choices.push(Choice::new(choice::DELETE_TOO, label));
                fates.along = along;
            }
            // A question is open.
            Ok(None) => {}
            Err(obstacle) => fates.obstacle = Some(obstacle),
        }
        if !mandatory && self.may_be_emptied(&part.table, column) {
            fates.choices.push(Choice::new(choice::EMPTY, "empty their reference"));
        }
        fates.choices.rotate_left(1);
        fates
    }

    /// Everything that hangs on those rows, down to the last: children before parents. `None` while
    /// a question is open; an error says why they cannot be deleted.
    pub(in crate::compare) fn going_along(
        &mut self,
        table: &TableName,
        rows: &Filter,
        path: &mut Vec<TableName>,
    ) -> Result<Option<Vec<OutsidePart>>, String> {
        self.check_may_write(table)?;
        let mut all = Some(Vec::new());
        for link in self.links_to(table) {
            let refers = Filter::Refers {
                column: link.column,
                parent: table.clone(),
                key: link.parent_key,
                among: Box::new(rows.clone()),
            };
            let count = match self.inquiry.count(Side::Destination, &link.child, refers.clone()) {
                Some(0) => continue,
                Some(count) => count,
                None => {
                    all = None;
                    continue;
                }
            };
            let name = self.owner_of(&link.child);
            if path.iter().any(|table| table.may_be(&link.child)) || path.len() >= DEEPEST {
                return Err(format!("{count} rows of {name} refer to them in a circle"));
            }
            if self.is_in_scope(&link.child) {
                return Err(format!(
                    "{count} rows of {name}, which is in the scope, refer to them"
                ));
            }
            path.push(link.child.clone());
            let deeper = self.going_along(&link.child, &refers, path)?;
            path.pop();
            let part = OutsidePart { name, table: link.child, filter: refers, count };
            all = all.zip(deeper).map(|(mut all, deeper)| {
                all.extend(deeper);
                all.push(part);
                all
            });
        }
        Ok(all)
    }

    fn is_in_scope(&self, table: &TableName) -> bool {
        let mut pairs = self.out.pairs.iter();
        pairs.any(|pair| self.destination.is_table_of(pair.destination, table))
    }

    /// Refuses tables whose rows nothing may delete: the platform's, and those where something else
    /// happens instead.
    fn check_may_write(&self, table: &TableName) -> Result<(), String> {
        let name = table.name.to_uppercase();
        if ["OSSYS_", "OSLTM_", "OSEVT_", "OSLOG_"].iter().any(|start| name.starts_with(start)) {
            return Err(format!("{table} is the platform's and is not written"));
        }
        let Some(shape) = self.destination.shape_named(table) else {
            return Err(format!("nothing is known of the table {table}"));
        };
        match shape.triggers.iter().find(|trigger| trigger.instead_of) {
            Some(trigger) => {
                Err(format!("the trigger {} of {table} does something else instead", trigger.name))
            }
            None => Ok(()),
        }
    }

    /// Whether a reference of rows outside the plan can be emptied, and put back: rows are told
    /// apart.
    fn may_be_emptied(&self, table: &TableName, column: &str) -> bool {
        let Some(shape) = self.destination.shape_named(table) else { return false };
        self.check_may_write(table).is_ok()
            && row_key(shape).is_some_and(|key| !same_name(key, column))
            && shape.column(column).is_some_and(|column| column.nullable)
    }

    /// Every column that leads to a table: by a foreign key that is on, and by an active attribute
    /// without one.
    pub(in crate::compare) fn links_to(&self, table: &TableName) -> Vec<Link> {
        let model = self.destination;
        let mut links: Vec<Link> = Vec::new();
        let keys = model.referrers.iter().filter(|referrer| !referrer.key.disabled);
        for referrer in keys.filter(|referrer| referrer.key.parent.may_be(table)) {
            links.push(Link {
                child: referrer.table.clone(),
                column: referrer.key.column.clone(),
                parent_key: referrer.key.parent_column.clone(),
            });
        }
        let parents: Vec<(EntityIndex, &Entity)> = model
            .entities
            .iter()
            .enumerate()
            .map(|(index, entity)| (EntityIndex(index), entity))
            .filter(|(index, entity)| entity.is_active && model.is_table_of(*index, table))
            .collect();
        for (parent, of) in parents {
            let key = of.identifier().and_then(|key| model.shape_of(parent)?.column(&key.column));
            let Some(key) = key else { continue };
            for entity in model.entities.iter().filter(|one| one.is_active && !one.is_external) {
                let Some(shape) = model.shape_with_rows(entity) else { continue };
                for attribute in entity.active_attributes() {
                    let leads = model.resolve(entity, &attribute.data_type)
                        == Some(Resolution::Entity(parent));
                    let Some(column) = shape.column(&attribute.column).filter(|_| leads) else {
                        continue;
                    };
                    let is_known = links.iter().any(|link| {
                        link.child.may_be(&shape.name) && same_name(&link.column, &column.name)
                    });
                    if !is_known {
                        links.push(Link {
                            child: shape.name.clone(),
                            column: column.name.clone(),
                            parent_key: key.name.clone(),
                        });
                    }
                }
            }
        }
        links
    }
}
