//! Processes: whose instances are carried over, and where the definitions of the two environments differ.

mod view;

use super::findings::About;

/// The step.
pub const PROCESSES: About = About {
    name: "Processes",
    purpose: "Which processes' instances go along, where they differ.",
    draw: view::draw,
};
