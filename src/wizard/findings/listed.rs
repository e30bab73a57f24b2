//! A step that is nothing but a list of findings.

use super::super::keys::{Binding, Command};
use super::super::look::{Area, Canvas};
use super::super::migration::Migration;
use super::super::step::{Ask, Event, Notice, Reason, Step};
use super::{Findings, KEYS, checked};

/// What such a step is called, what it is for, and how its list is drawn.
#[derive(Debug)]
pub struct About {
    /// Its name, as texts refer to it.
    pub name: &'static str,
    /// The first line of its body.
    pub purpose: &'static str,
    /// Draws list and details.
    pub draw: fn(&Findings, &Migration, Area, &mut Canvas),
}

/// The step.
#[derive(Debug)]
pub struct Listed {
    about: &'static About,
    findings: Findings,
}

impl Listed {
    /// With the findings that belong to a step of this name.
    #[must_use]
    pub fn new(about: &'static About) -> Self {
        Self { about, findings: Findings::new(about.name) }
    }
}

impl Step for Listed {
    fn name(&self) -> &'static str {
        self.about.name
    }

    fn purpose(&self, _migration: &Migration) -> String {
        self.about.purpose.to_owned()
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

    fn awaits_comparison(&self, migration: &Migration) -> bool {
        migration.is_comparing()
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
        (self.about.draw)(&self.findings, migration, area, canvas);
    }
}
