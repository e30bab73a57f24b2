//! The findings of a step in the order shown: places in the review, worked out once for each
//! review and each change of what is shown, never for each frame.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::super::migration::Migration;
use super::tally::{Standing, Tally, mark_of_decision, mark_of_key};
use crate::compare::{Choice, Finding, FindingKey, FindingKind, Severity, choice};
use crate::plan::{Decisions, Review};

/// The order of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Most severe first, then by what they are about: as compared.
    #[default]
    Severity,
    /// By what they are about.
    Name,
    /// Most rows first.
    Rows,
}

impl Sort {
    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Severity => Self::Name,
            Self::Name => Self::Rows,
            Self::Rows => Self::Severity,
        }
    }

    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Severity => "severity",
            Self::Name => "name",
            Self::Rows => "rows",
        }
    }
}

/// A finding of this step.
#[derive(Debug)]
struct Line {
    /// Its place in the review; beyond those, one of `gone`.
    place: u32,
    standing: Standing,
    /// Tells its decision from others.
    mark: u64,
}

/// The findings of a step.
#[derive(Debug, Default)]
pub struct Lines {
    review: Option<Arc<Review>>,
    decided: u64,
    /// In the order of the review.
    all: Vec<Line>,
    /// Decisions whose effect took their finding away, as findings that can be decided again.
    gone: Vec<Finding>,
    /// Places in `all`, by the mark of the key.
    by_key: HashMap<u64, u32>,
    /// Places in `all`, those seen in the order shown.
    order: Vec<u32>,
    /// Counts over `all`.
    tally: Tally,
    sort: Sort,
    hidden: [bool; 3],
    filtered: String,
}

fn slot(severity: Severity) -> usize {
    match severity {
        Severity::Block => 0,
        Severity::Warning => 1,
        Severity::Note => 2,
    }
}

impl Lines {
    /// Whether what is here is of this review and these decisions.
    #[must_use]
    pub fn is_current(&self, migration: &Migration) -> bool {
        migration.is_newest(self.review.as_ref()) && self.decided == migration.decided
    }

    /// Reads the review and the decisions.
    pub fn read(&mut self, migration: &Migration, is_own: &dyn Fn(&Finding) -> bool, filter: &str) {
        self.decided = migration.decided;
        if self.review.is_some() && migration.is_newest(self.review.as_ref()) {
            self.redecide(&migration.plan.decisions);
            return;
        }
        self.review.clone_from(&migration.review);
        let decisions = &migration.plan.decisions;
        let findings: &[Finding] =
            self.review.as_ref().map_or(&[], |review| &review.comparison.findings);
        self.all.clear();
        self.by_key.clear();
        self.tally = Tally::default();
        for (place, finding) in (0..).zip(findings) {
            if is_own(finding) {
                let standing = Standing::of(finding, decisions);
                let mark = mark_of_decision(decisions.get(&finding.key));
                self.tally.add(finding, standing, decisions);
                self.by_key.insert(mark_of_key(&finding.key), self.all.len() as u32);
                self.all.push(Line { place, standing, mark });
            }
        }
        let known = findings.len() as u32;
        self.gone = self.gone(decisions, is_own);
        for (place, finding) in (known..).zip(&self.gone) {
            let mark = mark_of_decision(decisions.get(&finding.key));
            self.tally.add(finding, Standing::Decided, decisions);
            self.by_key.insert(mark_of_key(&finding.key), self.all.len() as u32);
            self.all.push(Line { place, standing: Standing::Decided, mark });
        }
        self.arrange(filter);
    }

    /// Decisions changed, the review did not: only lines whose decision did are counted anew.
    fn redecide(&mut self, decisions: &Decisions) {
        for line in &mut self.all {
            let Some(finding) = finding_at(self.review.as_deref(), &self.gone, line.place) else {
                continue;
            };
            // Most findings about users are like that, and there may be a hundred thousand.
            if finding.choices.is_empty() {
                continue;
            }
            let decision = decisions.get(&finding.key);
            let mark = mark_of_decision(decision);
            if mark == line.mark {
                continue;
            }
            let standing = Standing::of(finding, decisions);
            self.tally.redecide(finding.severity, (line.standing, line.mark), (standing, decision));
            line.standing = standing;
            line.mark = mark;
        }
    }

    /// Entities left out by a decision are compared no longer, so the finding that was decided is
    /// gone. The decision still stands and can be taken back here.
    fn gone(&self, decisions: &Decisions, is_own: &dyn Fn(&Finding) -> bool) -> Vec<Finding> {
        const WHOLE: [FindingKind; 6] = [
            FindingKind::EntityAmbiguous,
            FindingKind::EntityKindChanged,
            FindingKind::EntityKindUnknown,
            FindingKind::TableMissing,
            FindingKind::IdentifierChanged,
            FindingKind::MultitenancyChanged,
        ];
        if self.review.is_none() {
            return Vec::new();
        }
        decisions
            .all()
            .into_iter()
            .filter(|decision| {
                decision.choice == choice::LEAVE_OUT
                    && WHOLE.contains(&decision.key.kind)
                    && !self.by_key.contains_key(&mark_of_key(&decision.key))
            })
            .map(|decision| {
                Finding::decide(
                    decision.key.clone(),
                    &decision.about,
                    "left out by your decision",
                    "Its rows are not carried over. Take the decision back to have the entity \
                     compared again.",
                    vec![Choice::new(choice::LEAVE_OUT, "leave the entity out")],
                    choice::LEAVE_OUT,
                )
            })
            .filter(is_own)
            .collect()
    }

    fn finding(&self, place: u32) -> Option<&Finding> {
        finding_at(self.review.as_deref(), &self.gone, place)
    }

    /// How many lines are seen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// How many findings the step has, seen or not.
    #[must_use]
    pub fn total(&self) -> usize {
        self.all.len()
    }

    /// The finding of a line.
    #[must_use]
    pub fn at(&self, line: usize) -> Option<&Finding> {
        let own = *self.order.get(line)?;
        self.finding(self.all.get(own as usize)?.place)
    }

    /// The finding with that key.
    #[must_use]
    pub fn by_key(&self, key: &FindingKey) -> Option<&Finding> {
        let own = *self.by_key.get(&mark_of_key(key))?;
        self.finding(self.all.get(own as usize)?.place).filter(|finding| finding.key == *key)
    }

    /// The line of a finding, when it is seen.
    #[must_use]
    pub fn place_of(&self, key: &FindingKey) -> Option<usize> {
        let own = *self.by_key.get(&mark_of_key(key))?;
        self.order.iter().position(|other| *other == own)
    }

    /// Counts.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Every finding with where it stands.
    pub fn all(&self) -> impl Iterator<Item = (&Finding, Standing)> {
        self.all.iter().filter_map(|line| Some((self.finding(line.place)?, line.standing)))
    }

    /// The findings that stand so.
    pub fn standing_so(&self, standing: Standing) -> impl Iterator<Item = &Finding> {
        let lines = self.all.iter().filter(move |line| line.standing == standing);
        lines.filter_map(|line| self.finding(line.place))
    }

    /// The first finding that keeps the run from starting.
    #[must_use]
    pub fn first_that_holds(&self) -> Option<&Finding> {
        let line = self.all.iter().find(|line| line.standing.holds())?;
        self.finding(line.place)
    }

    /// The order of the lines.
    #[must_use]
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// Whether findings of a severity are seen.
    #[must_use]
    pub fn shows(&self, severity: Severity) -> bool {
        !self.hidden[slot(severity)]
    }

    /// Another order.
    pub fn sort_by(&mut self, sort: Sort) {
        self.sort = sort;
        self.sort_lines();
    }

    /// Shows or hides findings of a severity.
    pub fn toggle(&mut self, severity: Severity, filter: &str) {
        self.hidden[slot(severity)] = !self.hidden[slot(severity)];
        self.arrange(filter);
    }

    /// Shows everything.
    pub fn show_all(&mut self) {
        self.hidden = [false; 3];
        self.arrange("");
    }

    /// Shows what holds a text.
    pub fn filter(&mut self, filter: &str) {
        let wanted = filter.to_lowercase();
        // A longer text leaves out more of what is seen already.
        if wanted.starts_with(&self.filtered) {
            let mut order = std::mem::take(&mut self.order);
            order.retain(|own| self.fits(*own, &wanted));
            self.order = order;
            self.filtered = wanted;
        } else {
            self.arrange(filter);
        }
    }

    fn fits(&self, own: u32, wanted: &str) -> bool {
        let Some(finding) = self.all.get(own as usize).and_then(|line| self.finding(line.place))
        else {
            return false;
        };
        wanted.is_empty()
            || finding.about.to_lowercase().contains(wanted)
            || finding.what.to_lowercase().contains(wanted)
    }

    fn arrange(&mut self, filter: &str) {
        let wanted = filter.to_lowercase();
        let order = (0..self.all.len() as u32)
            .filter(|own| {
                let finding = self.finding(self.all[*own as usize].place);
                finding.is_some_and(|finding| !self.hidden[slot(finding.severity)])
                    && self.fits(*own, &wanted)
            })
            .collect();
        self.order = order;
        self.filtered = wanted;
        self.sort_lines();
    }

    fn sort_lines(&mut self) {
        let mut order = std::mem::take(&mut self.order);
        let finding = |own: &u32| self.finding(self.all[*own as usize].place);
        match self.sort {
            Sort::Severity => order.sort_unstable(),
            Sort::Name => {
                order.sort_by(|a, b| {
                    let about = |own| finding(own).map(|finding| finding.about.as_str());
                    about(a).cmp(&about(b)).then(a.cmp(b))
                });
            }
            Sort::Rows => {
                order.sort_by_key(|own| {
                    (Reverse(finding(own).and_then(|finding| finding.rows)), *own)
                });
            }
        }
        self.order = order;
    }
}

fn finding_at<'a>(
    review: Option<&'a Review>,
    gone: &'a [Finding],
    place: u32,
) -> Option<&'a Finding> {
    let place = place as usize;
    let findings: &[Finding] = review.map_or(&[], |review| &review.comparison.findings);
    findings.get(place).or_else(|| gone.get(place.checked_sub(findings.len())?))
}
