//! Mismatches: where the two environments differ in platform, entities, attributes, references.

mod sides;
mod view;

use super::findings::About;

/// The step.
pub const MISMATCHES: About = About {
    name: "Mismatches",
    purpose: "Where the two environments differ. Blocks must be decided before the run.",
    draw: view::draw,
};
