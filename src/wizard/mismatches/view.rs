//! Draws the table with both sides beside each other, and the selected line's details below it.

use super::super::findings::Findings;
use super::super::findings::view::{Table, draw as draw_findings};
use super::super::look::{Area, Canvas};
use super::super::migration::Migration;
use super::sides::sides;

pub fn draw(findings: &Findings, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let both = |finding: &crate::compare::Finding| sides(migration, finding);
    let table = Table {
        heading: "Entity.Attribute",
        sides: Some(&both),
        nothing: "No differences in scope. Ctrl+N leads on.",
    };
    draw_findings(findings, migration, &table, area, canvas);
}
