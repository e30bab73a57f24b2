//! What hangs on the rows to be deleted by foreign keys that no active reference tells of: those of
//! inactive entities and attributes, of deleted modules, of anybody's own tables.

use std::sync::Arc;

use super::super::{EntityPair, Finding, FindingKey, FindingKind, Work, choice};
use super::along::{Fates, OutsidePart, OutsideRows};
use crate::database::{DeleteAction, Filter, Referrer, TableName, same_name};
use crate::outsystems::{EntityIndex, Key, Side};

/// Foreign keys are followed so far; longer chains are not counted.
const DEEPEST: usize = 16;

/// Rows that hang on rows to be deleted by one foreign key.
pub(super) struct Hanging {
    /// The key.
    pub(super) referrer: Referrer,
    /// The table, as the person knows it.
    pub(super) name: String,
    /// The rows.
    pub(super) rows: u64,
    /// Which ones these are.
    filter: Filter,
    /// How many columns its foreign key has.
    columns: usize,
    /// Rows of further tables that would go with them.
    further: Vec<(String, u64)>,
}

impl Hanging {
    /// The rows themselves.
    pub(super) fn part(&self) -> OutsidePart {
        OutsidePart {
            name: self.name.clone(),
            table: self.referrer.table.clone(),
            filter: self.filter.clone(),
            count: self.rows,
        }
    }
}

impl Work<'_> {
    /// Rows that stay, or that nobody knows of, and hang on those rows of an entity; `None` while a
    /// question is open.
    pub(super) fn hanging(&mut self, pair: &EntityPair, filter: &Filter) -> Option<Vec<Hanging>> {
        let parent = self.destination.entity(pair.destination).table.clone();
        let mut complete = true;
        let mut found = Vec::new();
        for referrer in self.leading_to(pair.destination) {
            if self.is_active_reference(&referrer, pair.destination) {
                continue;
            }
            let Some(stays) = self.staying(&referrer.table, pair) else { continue };
            let refers = refers(&referrer, &parent, filter).and(stays);
            let rows = self.inquiry.count(Side::Destination, &referrer.table, refers.clone());
            let columns = self.columns_of(&referrer);
            let mut further = Vec::new();
            match rows {
                None => complete = false,
                Some(0) => {}
                Some(rows) => {
                    if referrer.key.on_delete == DeleteAction::Cascade {
                        complete &= self.follow(&referrer.table, &refers, &mut further, 0);
                    }
                    let name = self.owner_of(&referrer.table);
                    found.push(Hanging { referrer, name, rows, filter: refers, columns, further });
                }
            }
        }
        complete.then_some(found)
    }

    /// The finding about rows that hang on an entity's.
    pub(super) fn hanging_finding(&mut self, pair: &EntityPair, hanging: &Hanging) -> Finding {
        let (table, key) = (&hanging.referrer.table, &hanging.referrer.key);
        let (kind, what, why) = match key.on_delete {
            DeleteAction::NoAction => (
                FindingKind::ForeignKeyOutside,
                format!("its foreign key {} forbids deleting rows of {}", key.name, pair.name),
                "No active entity uses that table or column, so nothing says what becomes of the \
                 rows; the run would fail half-way.",
            ),
            DeleteAction::Cascade => (
                FindingKind::CascadeDeletes,
                format!("its rows would be deleted with those of {}", pair.name),
                "The foreign key deletes them by itself (ON DELETE CASCADE): they would not be kept, \
                 and no undo could bring them back.",
            ),
            DeleteAction::SetNull | DeleteAction::SetDefault => (
                FindingKind::CascadeDeletes,
                format!("its rows would be changed when those of {} are deleted", pair.name),
                "The foreign key empties the column by itself: what it held would not be kept, and no \
                 undo could bring it back.",
            ),
        };
        let further: Vec<String> =
            hanging.further.iter().map(|(name, rows)| format!("{rows} of {name}")).collect();
        let what = match further.is_empty() {
            true => what,
            false => format!("{what}, and with them {}", further.join(", ")),
        };
        let column = key.column.clone();
        let rows = hanging.rows + hanging.further.iter().map(|(_, rows)| rows).sum::<u64>();
        // One finding per key: the column's full name stands where an attribute's key would.
        let key = FindingKey {
            attribute: Key::new(&format!("{table}.{column}")),
            ..FindingKey::entity(kind, self.source.entity(pair.source))
        };
        let part = hanging.part();
        let fates = match hanging.columns {
            1 => self.fates(&part, &column, false),
            _ => Fates::stop("the foreign key is of several columns"),
        };
        let finding = Finding::decide(
            key.clone(),
            format!("{}, column {column}", hanging.name),
            what,
            format!("{why} {}", fates.advice(&pair.name)),
            fates.choices,
            choice::STOP,
        );
        self.out.outside.push(OutsideRows { finding: key, column, rows: part, along: fates.along });
        finding.touching(Some(rows))
    }

    /// How many columns the foreign key has of which this is one.
    fn columns_of(&self, one: &Referrer) -> usize {
        let referrers = self.destination.referrers.iter();
        referrers.filter(|other| other.table == one.table && other.key.name == one.key.name).count()
    }

    /// The foreign keys that are on and lead to the table of an entity.
    fn leading_to(&self, entity: EntityIndex) -> Vec<Referrer> {
        let leads = |referrer: &&Referrer| {
            !referrer.key.disabled && self.destination.is_table_of(entity, &referrer.key.parent)
        };
        self.destination.referrers.iter().filter(leads).cloned().collect()
    }

    /// Whether a foreign key stands for a reference that the model knows, which has its own finding.
    fn is_active_reference(&self, referrer: &Referrer, parent: EntityIndex) -> bool {
        self.referring_there(parent).into_iter().any(|(entity, attribute)| {
            same_name(&attribute.column, &referrer.key.column)
                && self.destination.is_table_of(entity, &referrer.table)
        })
    }

    /// Which rows of a table stay when entities are replaced; `None` where all of them go.
    fn staying(&self, table: &TableName, replaced: &EntityPair) -> Option<Filter> {
        let mut pairs = self.out.pairs.iter();
        self.staying_of(
            pairs
                .find(|pair| self.destination.is_table_of(pair.destination, table))
                .map(Arc::as_ref),
            replaced,
        )
    }

    /// Counts what would go with those rows of a table, and with that; `false` while a question is
    /// open.
    fn follow(
        &mut self,
        table: &TableName,
        rows: &Filter,
        found: &mut Vec<(String, u64)>,
        depth: usize,
    ) -> bool {
        let further: Vec<Referrer> = self
            .destination
            .referrers
            .iter()
            .filter(|referrer| {
                !referrer.key.disabled
                    && referrer.key.parent == *table
                    && referrer.table != *table
                    && depth < DEEPEST
            })
            .cloned()
            .collect();
        let mut complete = true;
        for referrer in further {
            let refers = refers(&referrer, table, rows);
            match self.inquiry.count(Side::Destination, &referrer.table, refers.clone()) {
                None => complete = false,
                Some(0) => {}
                Some(count) => {
                    found.push((self.owner_of(&referrer.table), count));
                    if referrer.key.on_delete == DeleteAction::Cascade {
                        complete &= self.follow(&referrer.table, &refers, found, depth + 1);
                    }
                }
            }
        }
        complete
    }

    /// Whose a table is, in words.
    pub(in crate::compare) fn owner_of(&self, table: &TableName) -> String {
        let entities = || self.destination.entities.iter().enumerate();
        let own = |active: bool| {
            entities().find(|(index, entity)| {
                entity.is_active == active
                    && self.destination.is_table_of(EntityIndex(*index), table)
            })
        };
        match (own(true), own(false)) {
            (Some((_, entity)), _) => entity.full_name(),
            (None, Some((_, entity))) => format!("{} (inactive)", entity.full_name()),
            (None, None) => format!("the table {table}, which is no entity's"),
        }
    }
}

/// The condition on rows of a key's table that they refer to those rows of its parent.
fn refers(referrer: &Referrer, parent: &TableName, among: &Filter) -> Filter {
    Filter::Refers {
        column: referrer.key.column.clone(),
        parent: parent.clone(),
        key: referrer.key.parent_column.clone(),
        among: Box::new(among.clone()),
    }
}
