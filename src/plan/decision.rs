//! What the person chose about findings.

use std::collections::HashMap;

use crate::compare::{Choice, Comparison, Finding, FindingKey, FindingKind};

/// One finding decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which finding.
    pub key: FindingKey,
    /// What it is about, for the reader of a plan file.
    pub about: String,
    /// The choice's name.
    pub choice: String,
    /// Where to, for choices that need it.
    pub to: Option<String>,
}

/// All decisions.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    by_key: HashMap<FindingKey, Decision>,
    /// What the plan says of all findings of a kind, for those that nobody decided by themselves.
    settled: HashMap<FindingKey, Decision>,
}

/// What follows from a comparison is no decision of its own.
impl PartialEq for Decisions {
    fn eq(&self, other: &Self) -> bool {
        self.by_key == other.by_key
    }
}

impl Eq for Decisions {}

impl Decisions {
    /// Keeps a decision; a later one replaces an earlier one.
    pub fn put(&mut self, decision: Decision) {
        self.by_key.insert(decision.key.clone(), decision);
    }

    /// Takes a decision back; the one for all of its kind goes with it, or it would decide the
    /// finding again.
    pub fn remove(&mut self, key: &FindingKey) {
        self.by_key.remove(key);
        self.by_key.remove(&FindingKey::new(key.kind));
    }

    /// Decides about these findings anew: what was decided about one of them goes, whether or not
    /// something comes in its place.
    pub fn replace(&mut self, about: &[FindingKey], made: Vec<Decision>) {
        for key in about {
            self.by_key.remove(key);
        }
        for decision in made {
            self.put(decision);
        }
    }

    /// Whether somebody decided about this very finding, not only the plan about all of a kind.
    #[must_use]
    pub fn is_own(&self, key: &FindingKey) -> bool {
        self.by_key.contains_key(key)
    }

    /// The decision about a finding.
    #[must_use]
    pub fn get(&self, key: &FindingKey) -> Option<&Decision> {
        self.by_key.get(key).or_else(|| self.settled.get(key))
    }

    /// Takes over what the plan says of all findings of a kind; a decision about one of them goes
    /// before it.
    pub fn follow(&mut self, comparison: &Comparison) {
        let findings = comparison.findings.iter();
        self.settled = findings
            .filter_map(|finding| {
                let (choice, to) = finding.settled.as_ref()?;
                let decision = Decision {
                    key: finding.key.clone(),
                    about: finding.about.clone(),
                    choice: (*choice).to_owned(),
                    to: to.clone(),
                };
                Some((finding.key.clone(), decision))
            })
            .collect();
    }

    /// The choice made about a finding.
    #[must_use]
    pub fn choice(&self, key: &FindingKey) -> Option<&str> {
        self.get(key).map(|decision| decision.choice.as_str())
    }

    /// Every decision about a single finding, in the order of the findings' keys.
    #[must_use]
    pub fn all(&self) -> Vec<&Decision> {
        let mut all: Vec<&Decision> = self.by_key.values().collect();
        all.sort_by(|a, b| a.key.cmp(&b.key));
        all
    }

    /// The decision for all findings of a kind.
    #[must_use]
    pub fn of_kind(&self, kind: FindingKind) -> Option<&Decision> {
        self.by_key.get(&FindingKey::new(kind))
    }

    /// Gives every finding without a decision of its own the one made for all of its kind, where
    /// that is one of its choices and says all that the choice needs. Returns how many were decided.
    pub fn take_for_kinds(&mut self, comparison: &Comparison) -> usize {
        let mut taken = 0;
        for finding in &comparison.findings {
            if self.by_key.contains_key(&finding.key) {
                continue;
            }
            let Some(made) = self.of_kind(finding.key.kind) else { continue };
            // What has to be named for each finding cannot be said for all.
            let fits = |choice: &Choice| {
                choice.name == made.choice && (!choice.needs_target || made.to.is_some())
            };
            if finding.choices.iter().any(fits) {
                let (choice, to) = (made.choice.clone(), made.to.clone());
                let (key, about) = (finding.key.clone(), finding.about.clone());
                self.put(Decision { key, about, choice, to });
                taken += 1;
            }
        }
        taken
    }

    /// Takes the recommended choice of every finding that is not decided. A recommendation to
    /// stop is no decision. Returns how many were taken.
    pub fn take_recommended(&mut self, comparison: &Comparison) -> usize {
        let mut taken = 0;
        for finding in &comparison.findings {
            if self.get(&finding.key).is_some() {
                continue;
            }
            if let Some(choice) = recommended(finding) {
                self.put(Decision {
                    key: finding.key.clone(),
                    about: finding.about.clone(),
                    choice: choice.to_owned(),
                    to: None,
                });
                taken += 1;
            }
        }
        taken
    }
}

fn recommended(finding: &Finding) -> Option<&'static str> {
    finding.recommended.filter(|choice| *choice != crate::compare::choice::STOP)
}
