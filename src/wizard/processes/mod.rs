//! Processes: where the definitions of the two environments differ, and whose instances that touches.

mod view;

use super::findings::About;

/// The step.
pub const PROCESSES: About = About {
    name: "Processes",
    purpose: "Where processes of the two sides differ. Nothing of them is written.",
    draw: view::draw,
};
