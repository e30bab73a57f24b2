//! Rows that are left out only when they are met: too late for references that wait until all rows are
//! written, and may not stay empty then.

use std::collections::HashSet;

use crate::plan::{EntityPlan, ExistingPlan, OnMatch, ReferenceRule, UniquePlan, circles};

/// Why such rows cannot be left out, a sentence for each entity.
pub(super) fn left_out(entities: &[EntityPlan]) -> Vec<String> {
    let demanded = demanded(entities);
    let in_circles = circles(entities, ReferenceRule::demands_late).into_iter();
    let in_circles: HashSet<usize> = in_circles.flatten().collect();
    let mut wrong = Vec::new();
    for (place, entity) in entities.iter().enumerate() {
        let name = &entity.name;
        let existing = &entity.existing;
        if demanded.contains(&place)
            && matches!(existing, ExistingPlan::Recognise { ours: OnMatch::LeaveOut, .. })
        {
            wrong.push(format!(
                "{name}: rows of a circle of mandatory references lead to it, so none of its rows can \
                 be left out while the destination is written; choose \"reuse\""
            ));
        }
        // What the destination has already is not added, so it is not known what is refused.
        let is_recognised = matches!(existing, ExistingPlan::Recognise { .. });
        let is_unknown = |unique: &&UniquePlan| {
            unique.leaves_out && (is_recognised || unique.repeated.is_none())
        };
        if in_circles.contains(&place)
            && let Some(unique) = entity.uniques.iter().find(is_unknown)
        {
            wrong.push(format!(
                "{name}: it is part of a circle of mandatory references, and which of its rows the \
                 destination refuses for having the same {} as another one is known only when they \
                 are written; replace the destination's rows, or change one side's",
                unique.columns.join(", ")
            ));
        }
    }
    wrong
}

/// The entities with such references, and all that these refer to.
fn demanded(entities: &[EntityPlan]) -> HashSet<usize> {
    let demands =
        |place: &usize| entities[*place].references().any(|(rule, _)| rule.demands_late());
    let mut open: Vec<usize> = (0..entities.len()).filter(demands).collect();
    let mut reached: HashSet<usize> = open.iter().copied().collect();
    while let Some(place) = open.pop() {
        let further = entities[place].references().map(|(_, target)| target);
        open.extend(further.filter(|to| reached.insert(*to)));
    }
    reached
}
