//! Two environments in; pairs, findings and questions out.
//!
//! Pure: no database, no clock. Where an answer needs rows ("how many exceed 30 characters?") the
//! comparison asks a [`Question`]; the caller has it answered through the port and compares again.
//! Keys match, names never do (`design.md` decision 7).
//!
//! To add a finding: a kind in `finding.rs`, a place here that notices it, a lesson if it teaches.

mod attributes;
mod declared;
mod entities;
mod finding;
mod leaving;
mod narrow;
mod one_row;
mod people;
mod personal;
mod processes;
mod question;
mod records;
mod references;
mod rows;
mod selection;
mod soft_keys;
mod telling;
mod unclear;
mod uniques;

use std::cell::OnceCell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub use attributes::{AttributePair, chosen_value};
pub use entities::{EntityPair, Fillable, IdentifierKind};
pub use finding::{Choice, Finding, FindingKey, FindingKind, Severity, choice};
pub use leaving::{KeyMap, KeyPart, LeavingMap, LeavingMatch, LeavingRow, LeavingRows};
pub use one_row::{NamedRow, NewReference};
pub use people::{
    GroupMatch, Match, MatchBy, Recreated, TenantMatch, UserMatch, UserStrategy, WhenFound,
    WhenMissing, group_named, tenants_named, user_named,
};
pub use personal::{MASK_KINDS, Personal, can_mask, personal};
pub use processes::ValueType;
pub use question::{Answer, Answers, Asked, Departing, Departure, Most, Question, Referring};
pub use records::{FixedMap, RecordPair};
pub use references::{ReferencePair, Target};
pub use rows::{
    ExistingRows, NaturalKey, OutsidePart, OutsideRows, PEOPLE_TABLES, Subscriptions, row_key,
};
pub use selection::{
    AttributeKey, Leaving, LeftOut, Reason, Selected, Selection, UserWish, attribute_key,
};
pub use soft_keys::as_number;
pub use telling::PREVIEWED;
pub use uniques::{Meeting, UniquePair};

use crate::database::same_name;
use crate::outsystems::{DestinationId, EntityIndex, Environment, Key, Side, SourceId};
use processes::Instances;
use question::Inquiry;
use rows::ReferringThere;

/// What two environments have in common and where they differ.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Entities that are on both sides and can be carried over, in the order of the source's.
    pub pairs: Vec<Arc<EntityPair>>,
    /// What was noticed, most severe first.
    pub findings: Vec<Finding>,
    /// Questions not answered yet.
    pub questions: Vec<Question>,
    /// Rows that are not the plan's and hang on rows that it deletes.
    pub outside: Vec<OutsideRows>,
    /// Subscriptions of processes to rows that may be written.
    pub subscriptions: Vec<Subscriptions>,
    /// Maps of rows that the platform owns, by the source entity referred to.
    pub fixed: BTreeMap<EntityIndex, FixedMap>,
    /// What references that leave the scope are set to, by the places of pair and attribute.
    pub leaving: BTreeMap<(usize, usize), LeavingMap>,
    /// Tenants that rows in scope belong to.
    pub tenants: Vec<TenantMatch>,
    /// Users of the run (`design.md` decision 12).
    pub users: Vec<UserMatch>,
    /// Users that are deleted and created again, with what goes with them.
    pub recreated: Recreated,
    /// Groups of the run.
    pub groups: Vec<GroupMatch>,
    /// Roles of espaces in scope: source id → destination id.
    pub roles: BTreeMap<SourceId, DestinationId>,
}

impl Comparison {
    /// The finding with that key.
    #[must_use]
    pub fn finding(&self, key: &FindingKey) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.key == *key)
    }

    /// The pair of a source entity.
    #[must_use]
    pub fn pair(&self, source: EntityIndex) -> Option<&EntityPair> {
        self.place(source).map(|place| self.pairs[place].as_ref())
    }

    /// The place of a source entity's pair in [`Comparison::pairs`].
    #[must_use]
    pub fn place(&self, source: EntityIndex) -> Option<usize> {
        self.pairs.binary_search_by_key(&source, |pair| pair.source).ok()
    }
}

/// Compares the selected entities of two environments.
#[must_use]
pub fn compare(
    source: &Environment,
    destination: &Environment,
    selection: &Selection,
    answers: &Answers,
) -> Comparison {
    let mut work = Work {
        source,
        destination,
        selection,
        inquiry: Inquiry::new(answers),
        instances: Instances::default(),
        found: HashMap::new(),
        referring: HashMap::new(),
        referring_there: OnceCell::new(),
        out: Comparison::default(),
    };
    work.environments();
    // Which instances count is known before any is counted.
    work.processes();
    work.entities();
    work.instance_values();
    work.references();
    work.values_leave_scope();
    work.values_without_id();
    work.narrow_references();
    work.leaving();
    work.declarations();
    work.misfits();
    work.personal_data();
    work.soft_keys();
    work.records();
    work.people();
    // Whose tenant is whose is known by now.
    work.decided_leaving();
    work.new_references();
    work.rows_without_tenant();
    work.existing_rows();
    work.recreated();
    work.event_tables();
    work.subscriptions_left();
    work.uniques();
    work.too_many_values();
    let mut out = work.out;
    out.questions = work.inquiry.into_unanswered();
    out.findings
        .sort_by(|a, b| (a.severity, &a.about, &a.key).cmp(&(b.severity, &b.about, &b.key)));
    out
}

/// The comparison under way.
struct Work<'a> {
    source: &'a Environment,
    destination: &'a Environment,
    selection: &'a Selection,
    inquiry: Inquiry<'a>,
    instances: Instances,
    /// The places of findings; `None` of those that gave way to another.
    found: HashMap<FindingKey, Option<usize>>,
    /// The references to each entity of the source, by the places of pair and attribute.
    referring: HashMap<EntityIndex, Vec<(usize, usize)>>,
    referring_there: OnceCell<ReferringThere<'a>>,
    out: Comparison,
}

impl<'a> Work<'a> {
    /// What one side is.
    fn model(&self, side: Side) -> &'a Environment {
        match side {
            Side::Source => self.source,
            Side::Destination => self.destination,
        }
    }
}

impl Work<'_> {
    /// A pair, to say more of it.
    fn pair_mut(&mut self, place: usize) -> &mut EntityPair {
        Arc::make_mut(&mut self.out.pairs[place])
    }

    /// Keeps a finding; the first one with a key stands.
    fn find(&mut self, finding: Finding) {
        if let Entry::Vacant(place) = self.found.entry(finding.key.clone()) {
            place.insert(Some(self.out.findings.len()));
            self.out.findings.push(finding);
        }
    }

    /// The finding with that key, where there is one yet.
    fn found(&self, key: &FindingKey) -> Option<&Finding> {
        self.found.get(key).copied().flatten().map(|place| &self.out.findings[place])
    }

    /// Adds a choice to a finding.
    fn offer(&mut self, key: &FindingKey, choice: Choice) {
        if let Some(place) = self.found.get(key).copied().flatten() {
            self.out.findings[place].choices.push(choice);
        }
    }

    /// Takes findings back; none of them comes again.
    fn withdraw(&mut self, is_told: impl Fn(&Finding) -> bool) {
        for finding in self.out.findings.extract_if(.., |finding| is_told(finding)) {
            self.found.insert(finding.key, None);
        }
        for (place, finding) in self.out.findings.iter().enumerate() {
            self.found.insert(finding.key.clone(), Some(place));
        }
    }

    /// Columns whose values could not be looked at one by one: what refers to what is not known.
    fn too_many_values(&mut self) {
        for too_many in self.inquiry.take_too_many() {
            let model = self.model(too_many.side);
            let entity =
                model.entities.iter().find(|one| one.is_active && one.table == too_many.table);
            // A hidden column has no attribute: its name stands where the key would.
            let mut key = FindingKey {
                attribute: Key::new(&too_many.column),
                ..FindingKey::new(FindingKind::TooManyValues)
            };
            let mut about = format!("{}, column {}", too_many.table, too_many.column);
            if let Some(entity) = entity {
                (key.espace, key.entity) = (entity.espace_key.clone(), entity.key.clone());
                about = format!("{}, column {}", entity.full_name(), too_many.column);
                let own = entity
                    .active_attributes()
                    .find(|attribute| same_name(&attribute.column, &too_many.column));
                if let Some(attribute) = own {
                    key.attribute = attribute.key.clone();
                    about = format!("{}.{}", entity.full_name(), attribute.name);
                }
            }
            self.find(Finding::decide(
                key,
                about,
                format!(
                    "it holds more than {} different values in the {}",
                    too_many.limit, too_many.side
                ),
                "Each value has to be looked at, to find whom it refers to; the rest would be taken \
                 for references to nothing. So many users or records are not there: the column \
                 holds something else than its type says.",
                vec![Choice::stop("do not run with this entity")],
                choice::STOP,
            ));
        }
    }

    fn environments(&mut self) {
        let (source, destination) = (self.source, self.destination);
        if source.platform_version != destination.platform_version {
            let shown = |version: &Option<String>| {
                version.clone().unwrap_or_else(|| "an unknown version".to_owned())
            };
            self.find(Finding::note(
                FindingKey::new(FindingKind::PlatformVersionDiffers),
                "Platform",
                format!(
                    "the source runs {}, the destination {}",
                    shown(&source.platform_version),
                    shown(&destination.platform_version)
                ),
                "The same platform version on both sides is recommended, not required.",
            ));
        }
        if !source.facts.collation.eq_ignore_ascii_case(&destination.facts.collation) {
            self.find(Finding::note(
                FindingKey::new(FindingKind::CollationDiffers),
                "Platform",
                format!(
                    "the source sorts by {}, the destination by {}",
                    source.facts.collation, destination.facts.collation
                ),
                "Texts that differ on one side may be equal on the other: unique indexes can refuse rows.",
            ));
        }
    }
}
