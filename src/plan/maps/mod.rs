//! Maps that are kept in tables beside a plan: which record, user, group or tenant of the source is
//! which of the destination.
//!
//! Their lines become decisions, so what stands in them is pinned by the plan's fingerprint like
//! any other decision. A line that cannot be obeyed is never passed over: it is said with its file
//! and its number, and there is no plan.

mod check;
mod csv;
mod lines;
mod template;

use std::path::PathBuf;

use crate::compare::{Comparison, FindingKey, FindingKind};
use crate::outsystems::{EntityIndex, Environment, Key};
use crate::plan::{Decision, Decisions};

pub use template::template;

/// What a map tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapKind {
    /// Static records.
    Records,
    /// Users.
    Users,
    /// Groups.
    Groups,
    /// Tenants.
    Tenants,
}

impl MapKind {
    /// Every kind, in the order of a plan file.
    pub const ALL: [Self; 4] = [Self::Records, Self::Users, Self::Groups, Self::Tenants];

    /// Its key under `[maps]`; with `.csv` behind it, the name of the file that is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Tenants => "tenants",
        }
    }
}

/// The files that a plan names under `[maps]`, as they are written there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapFiles {
    /// Static records.
    pub records: Option<PathBuf>,
    /// Users.
    pub users: Option<PathBuf>,
    /// Groups.
    pub groups: Option<PathBuf>,
    /// Tenants.
    pub tenants: Option<PathBuf>,
}

impl MapFiles {
    /// The file of a kind.
    #[must_use]
    pub fn get(&self, kind: MapKind) -> Option<&PathBuf> {
        match kind {
            MapKind::Records => self.records.as_ref(),
            MapKind::Users => self.users.as_ref(),
            MapKind::Groups => self.groups.as_ref(),
            MapKind::Tenants => self.tenants.as_ref(),
        }
    }

    /// The same to be changed.
    pub fn get_mut(&mut self, kind: MapKind) -> &mut Option<PathBuf> {
        match kind {
            MapKind::Records => &mut self.records,
            MapKind::Users => &mut self.users,
            MapKind::Groups => &mut self.groups,
            MapKind::Tenants => &mut self.tenants,
        }
    }
}

/// A map as it was read from its file.
#[derive(Clone, Debug)]
pub struct MapText {
    /// What it tells apart.
    pub kind: MapKind,
    /// The file's name, for sentences.
    pub file: String,
    /// What stands in it.
    pub text: String,
}

/// The lines of all maps of a plan that say something.
#[derive(Clone, Debug, Default)]
pub struct Maps {
    lines: Vec<Line>,
}

/// A line of a map.
#[derive(Clone, Debug)]
struct Line {
    /// `users.csv, line 4`.
    place: String,
    subject: Subject,
    /// The name of a choice.
    choice: &'static str,
    /// Where to, for `map`.
    to: Option<String>,
}

/// Whom a line is about.
#[derive(Clone, Debug, PartialEq)]
enum Subject {
    Record { entity: EntityIndex, espace: Key, entity_key: Key, record: Key },
    User { name: Key, tenant: Key },
    Group { name: Key, tenant: Key },
    Tenant { name: Key, provider: Key },
}

impl Subject {
    /// The findings that the line may decide.
    fn findings(&self) -> Vec<FindingKey> {
        match self {
            Self::Record { espace, entity_key, record, .. } => FindingKind::OF_RECORDS
                .iter()
                .map(|kind| FindingKey {
                    espace: espace.clone(),
                    entity: entity_key.clone(),
                    record: record.clone(),
                    ..FindingKey::new(*kind)
                })
                .collect(),
            Self::User { name, tenant } => FindingKind::OF_USERS
                .iter()
                .map(|kind| FindingKey::person(*kind, name, tenant))
                .collect(),
            Self::Group { name, tenant } => {
                vec![FindingKey::person(FindingKind::GroupMissing, name, tenant)]
            }
            Self::Tenant { name, provider } => vec![FindingKey {
                tenant: name.clone(),
                espace: provider.clone(),
                ..FindingKey::new(FindingKind::TenantMissing)
            }],
        }
    }
}

impl Maps {
    /// Reads maps, whose lines name what the source has. An error has a sentence for each line
    /// that is wrong.
    pub fn read(texts: &[MapText], source: &Environment) -> Result<Self, Vec<String>> {
        let (maps, wrong) = Self::read_what_can_be(texts, source);
        if wrong.is_empty() { Ok(maps) } else { Err(wrong) }
    }

    /// The same with the lines that can be read, and a sentence for each that cannot.
    #[must_use]
    pub fn read_what_can_be(texts: &[MapText], source: &Environment) -> (Self, Vec<String>) {
        let mut maps = Self::default();
        let mut wrong = Vec::new();
        for text in texts {
            lines::read(text, source, &mut maps.lines, &mut wrong);
        }
        (maps, wrong)
    }

    /// Whether no line says anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The findings that the lines may decide, and what they say of each.
    #[must_use]
    pub fn decisions(&self) -> MapDecisions {
        let mut all = MapDecisions::default();
        for line in &self.lines {
            for key in line.subject.findings() {
                all.about.push(key.clone());
                all.made.push(Decision {
                    key,
                    about: line.place.clone(),
                    choice: line.choice.to_owned(),
                    to: line.to.clone(),
                });
            }
        }
        all
    }

    /// Adds what the lines say to the plan's decisions. An error has a sentence for each line that
    /// the plan itself decides differently.
    pub fn decide(&self, decisions: &mut Decisions) -> Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        for made in self.decisions().made {
            match decisions.get(&made.key) {
                Some(other) if other.choice != made.choice || other.to != made.to => {
                    wrong.push(format!(
                        "{}: a [[decision]] of the plan says \"{}\" about the same; take one away",
                        made.about,
                        other.to.as_ref().unwrap_or(&other.choice)
                    ));
                }
                _ => decisions.put(made),
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

/// What the lines of maps say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapDecisions {
    /// The findings that they may decide, there or not: whatever was decided about these is
    /// superseded.
    pub about: Vec<FindingKey>,
    /// What they decide.
    pub made: Vec<Decision>,
}

impl MapDecisions {
    /// The same without what a comparison does not ask for: nobody sees such a decision again.
    #[must_use]
    pub fn asked_for_by(mut self, comparison: &Comparison) -> Self {
        self.made.retain_mut(|made| match comparison.finding(&made.key) {
            Some(finding) => {
                made.about.clone_from(&finding.about);
                true
            }
            None => false,
        });
        self
    }
}
