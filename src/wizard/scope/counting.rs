//! Counting rows in the background: those of the lines in sight first, then of what the cursor
//! is on, then of all that is unfolded, a few tables for each job, one job after the other.
//! Production is never asked about applications that nobody looks at.

use super::super::jobs::Purpose;
use super::super::message::Effect;
use super::super::migration::Migration;
use super::request::{Pick, entities_of};
use super::tree::Node;
use super::{Scope, tree_height};
use crate::outsystems::{EntityIndex, Side};

/// Tables of one job: whoever unfolds something else meanwhile waits for no more than these.
const BATCH: usize = 60;

/// Which counts are under way.
#[derive(Debug, Default)]
pub struct Counting {
    /// The tables of the job under way.
    under_way: Vec<(Side, EntityIndex)>,
    /// Whether the lines changed since nothing was left to count.
    is_idle: bool,
    has_failed: bool,
}

impl Counting {
    /// The lines changed: there may be more to count.
    pub fn look_again(&mut self) {
        self.is_idle = false;
    }

    /// The person comes to the step: what another step interrupted is asked for again.
    pub fn enter(&mut self) {
        self.under_way.clear();
        self.is_idle = false;
    }

    /// Whether a job ended before it had counted all of its tables: no other is started then,
    /// for a lost connection would fail them all.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }
}

impl Scope {
    /// Starts the next job, unless one is under way or nothing is left to count.
    pub(super) fn count(&mut self, migration: &mut Migration) {
        if migration.jobs.is_running(Purpose::Count) {
            return;
        }
        let ended = std::mem::take(&mut self.counting.under_way);
        if ended.iter().any(|(side, entity)| migration.count(*side, *entity).is_none()) {
            self.counting.has_failed = true;
        }
        if self.counting.is_idle || self.counting.has_failed {
            return;
        }
        let wanted = self.uncounted(migration);
        if wanted.is_empty() {
            self.counting.is_idle = true;
            return;
        }
        self.counting.under_way.clone_from(&wanted);
        migration.start(Purpose::Count, |job| Effect::Count(job, wanted));
    }

    /// Tables that nobody has counted, those in sight first.
    fn uncounted(&self, migration: &Migration) -> Vec<(Side, EntityIndex)> {
        let lines = &self.tree.lines;
        let window = self.tree.list.window(lines.len(), tree_height(migration));
        let entity = |line: &Node| match line {
            Node::Entity(_, _, index) => Some(*index),
            _ => None,
        };
        let in_sight = lines[window.clone()].iter().filter_map(entity);
        let under_cursor = self.under_cursor();
        let others = lines[..window.start].iter().chain(&lines[window.end..]).filter_map(entity);
        let mut wanted = Vec::new();
        for index in in_sight.chain(under_cursor).chain(others) {
            self.add_uncounted(index, migration, &mut wanted);
            if wanted.len() >= BATCH {
                break;
            }
        }
        wanted
    }

    /// The entities of the application or module that the cursor is on.
    fn under_cursor(&self) -> Vec<EntityIndex> {
        let pick = match self.tree.selected() {
            Some(Node::Top(top)) => Pick::Top(top),
            Some(Node::Espace(_, espace)) => Pick::Espace(espace),
            _ => return Vec::new(),
        };
        let entities = self.catalogue.as_ref().map(|catalogue| entities_of(catalogue, pick));
        entities.into_iter().flatten().collect()
    }

    fn add_uncounted(
        &self,
        index: EntityIndex,
        migration: &Migration,
        wanted: &mut Vec<(Side, EntityIndex)>,
    ) {
        let (Some(catalogue), Some(destination)) = (&self.catalogue, &self.destination) else {
            return;
        };
        let is_inside =
            self.marks.chosen.get(index.0) == Some(&true) || self.marks.added.contains_key(&index);
        // The comparison counts what is in the scope.
        if catalogue.items[index.0].never.is_some() || is_inside && migration.is_comparing() {
            return;
        }
        if self.rows.get(Side::Source, index).is_none()
            && catalogue.model.shape_of(index).is_some()
            && !wanted.contains(&(Side::Source, index))
        {
            wanted.push((Side::Source, index));
        }
        if let Some(there) = self.rows.counterpart(index)
            && self.rows.get(Side::Destination, index).is_none()
            && destination.shape_of(there).is_some()
            && !wanted.contains(&(Side::Destination, there))
        {
            wanted.push((Side::Destination, there));
        }
    }
}
