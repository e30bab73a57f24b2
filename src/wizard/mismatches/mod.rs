//! Mismatches: where the two environments differ in platform, entities, attributes, references.

mod sides;
mod view;

use super::findings::{Findings, KEYS, checked};
use super::keys::{Binding, Command};
use super::look::{Area, Canvas};
use super::migration::Migration;
use super::step::{Ask, Event, Notice, Reason, Step};

/// Its name, as texts refer to it.
pub const NAME: &str = "Mismatches";

/// The step's list.
#[derive(Debug)]
pub struct Mismatches {
    findings: Findings,
}

impl Default for Mismatches {
    fn default() -> Self {
        Self { findings: Findings::new(NAME) }
    }
}

impl Step for Mismatches {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self, _migration: &Migration) -> String {
        "Where the two environments differ. Blocks must be decided before the run.".to_owned()
    }

    fn keys(&self) -> &'static [Binding] {
        KEYS
    }

    fn offers(&self, command: Command, migration: &Migration) -> bool {
        self.findings.offers(command, migration)
    }

    fn in_text(&self, _migration: &Migration) -> bool {
        self.findings.in_text()
    }

    fn enter(&mut self, migration: &mut Migration) {
        self.findings.enter(migration);
    }

    fn follow(&mut self, migration: &Migration) {
        self.findings.sync(migration);
    }

    fn update(&mut self, migration: &mut Migration, event: Event<'_>) {
        self.findings.update(migration, &event);
    }

    fn gate(&self, migration: &Migration) -> Vec<Reason> {
        self.findings.gate(migration)
    }

    fn go_to_first_reason(&mut self, migration: &mut Migration) {
        self.findings.go_to_first_reason(migration);
    }

    fn answers(&self, migration: &Migration) -> String {
        self.findings.answers(migration)
    }

    fn shown(&self, migration: &Migration) -> String {
        self.findings.shown(migration)
    }

    fn count(&self, migration: &Migration) -> String {
        self.findings.count(migration)
    }

    fn summary(&self, migration: &Migration) -> Vec<(String, String)> {
        self.findings.summary(migration)
    }

    fn notice(&self, migration: &Migration) -> Option<Notice> {
        self.findings.notice(migration)
    }

    fn checked(&self, migration: &Migration) -> String {
        checked(migration)
    }

    fn copied(&self, migration: &Migration) -> Option<String> {
        self.findings.copied(migration)
    }

    fn ask(&self, migration: &Migration) -> Option<Ask> {
        self.findings.ask(migration)
    }

    fn draw(&self, migration: &Migration, area: Area, canvas: &mut Canvas) {
        view::draw(&self.findings, migration, area, canvas);
    }
}
