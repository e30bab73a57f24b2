//! Which entities a probe tries out, and how many of their rows.

use crate::plan::{EntityPlan, Plan};

/// Entities that are tried out at most.
pub const MOST_ENTITIES: usize = 20;
/// Batches of each.
pub const MOST_BATCHES: usize = 3;
/// Rows of each, over all its batches.
pub const MOST_ROWS: usize = 6_000;
/// Of a hundred rows, how many are of the entities that are tried out.
const SHARE: u64 = 95;

/// An entity to be tried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Its place in the plan.
    pub place: usize,
    /// Its rows that are tried out at most.
    pub rows: u64,
}

/// The largest entities, until they have most of the rows; in the order in which they are written.
#[must_use]
pub fn choose(plan: &Plan) -> Vec<Chosen> {
    let all: u64 = plan.entities.iter().map(EntityPlan::rows_to_carry).fold(0, u64::saturating_add);
    let mut places: Vec<usize> = (0..plan.entities.len()).collect();
    places.sort_by_key(|place| std::cmp::Reverse(plan.entities[*place].rows_to_carry()));
    let mut chosen = Vec::new();
    let mut covered = 0_u64;
    for place in places.into_iter().take(MOST_ENTITIES) {
        let own = plan.entities[place].rows_to_carry();
        if own == 0 || covered >= all / 100 * SHARE + all % 100 * SHARE / 100 && covered > 0 {
            break;
        }
        covered = covered.saturating_add(own);
        chosen.push(Chosen { place, rows: own.min(most_rows(plan) as u64) });
    }
    chosen.sort_by_key(|chosen| chosen.place);
    chosen
}

/// Rows of an entity that are tried out at most: whole batches as the run writes them.
pub(super) fn most_rows(plan: &Plan) -> usize {
    let batch = plan.options.batch_rows.max(1);
    (batch * MOST_BATCHES).min(MOST_ROWS.max(batch))
}
