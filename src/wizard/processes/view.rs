//! Draws the differences, and the selected one's details below them.

use super::super::findings::Findings;
use super::super::findings::view::{Table, draw as draw_findings};
use super::super::look::{Area, Canvas};
use super::super::migration::Migration;

pub fn draw(findings: &Findings, migration: &Migration, area: Area, canvas: &mut Canvas) {
    let table = Table {
        heading: "Process",
        sides: None,
        nothing: "No instances and no differences of processes in scope. Ctrl+N leads on.",
    };
    draw_findings(findings, migration, &table, area, canvas);
}
