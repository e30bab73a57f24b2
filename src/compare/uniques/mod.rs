//! Unique indexes of the destination: which rows of ours they would refuse.

mod column;
mod standing;
mod value;

use super::{Choice, EntityPair, Finding, FindingKey, FindingKind, IdentifierKind, Work, choice};
use crate::database::{EngineKind, Filter, IndexShape, same_name};
use crate::outsystems::Key;
use column::Part;
pub use standing::Meeting;

/// A unique index of the destination, or the key of its table.
#[derive(Clone, Debug)]
pub struct UniquePair {
    /// Its name; empty for the table's key.
    pub name: String,
    /// The destination's columns.
    pub columns: Vec<String>,
    /// The findings that decide what becomes of rows it refuses.
    pub findings: Vec<FindingKey>,
    /// The rows of ours that it refuses because an earlier one of ours has the same values; `None`
    /// where there are none, or where that is not exactly known.
    pub repeated: Option<Filter>,
}

impl UniquePair {
    /// Whether rows that stay in the destination may have values of ours there.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        let kinds = [FindingKind::UniqueTaken, FindingKind::IdentifierCollision];
        self.findings.iter().any(|finding| kinds.contains(&finding.kind))
    }
}

/// An index with what its columns get from the source.
struct Looked<'a> {
    index: &'a IndexShape,
    parts: Vec<Part>,
    /// Whether it may refuse fewer rows than its columns say.
    at_most: bool,
}

/// How rows of ours that the destination has are known before an index sees them.
enum Known {
    /// Not at all: all of ours are added.
    ByNothing,
    /// By other columns: those are not added.
    By(Vec<Part>),
    /// By a key that is told only when the run has given ids.
    InTheRun,
}

impl Looked<'_> {
    /// Rows of ours for which the index matters at all.
    fn among(&self) -> Filter {
        self.parts.iter().fold(Filter::All, |among, part| among.and(part.among.clone()))
    }

    /// Rows of ours after the first with the same values; `None` where nothing says which is the first.
    fn repeated(&self, pair: &EntityPair) -> Option<Filter> {
        Some(Filter::Repeated {
            columns: self.parts.iter().map(|part| part.own.clone()).collect(),
            key: pair.identifier()?.source_column.name.clone(),
            among: Box::new(self.among()),
        })
    }

    fn is_key(&self) -> bool {
        self.index.name.is_empty()
    }

    fn label(&self) -> String {
        let columns = self.index.columns.join(", ");
        match self.is_key() {
            true => format!("the key ({columns})"),
            false => format!("the unique index {} ({columns})", self.index.name),
        }
    }
}

impl Work<'_> {
    /// Looks at every unique index of the tables that are written to.
    pub(super) fn uniques(&mut self) {
        for place in 0..self.out.pairs.len() {
            let pair = self.out.pairs[place].clone();
            let entity = self.destination.entity(pair.destination);
            let Some(shape) = self.destination.shape(&entity.table) else { continue };
            let mut indexes = shape.unique_indexes.clone();
            indexes.extend(self.kept_key(&pair));
            let known = self.known_by(&pair, &indexes);
            let mut uniques = Vec::with_capacity(indexes.len());
            for index in &indexes {
                let (mut findings, mut repeated) = (Vec::new(), None);
                if !self.is_looked_for_by(&pair, &index.columns)
                    && let Some(looked) = self.looked(&pair, index)
                {
                    findings.extend(self.repeated(place, &looked));
                    if !findings.is_empty() && !looked.at_most {
                        repeated = looked.repeated(&pair);
                    }
                    findings.extend(self.taken(&pair, &looked, &known));
                }
                uniques.push(UniquePair {
                    name: index.name.clone(),
                    columns: index.columns.clone(),
                    findings,
                    repeated,
                });
            }
            self.only_in_source(&pair, &indexes);
            // Nobody else has it any more: it is changed where it is, and not copied.
            drop(pair);
            if !uniques.is_empty() {
                self.pair_mut(place).uniques = uniques;
            }
        }
    }

    /// How rows of ours that the destination has are known before an index sees them.
    fn known_by(&self, pair: &EntityPair, indexes: &[IndexShape]) -> Known {
        let parts = if self.adds_what_is_missing(pair) {
            self.whole_row(pair).and_then(|key| self.key_parts(pair, &key))
        } else {
            let Some(key) = self.looked_for_by(pair) else { return Known::ByNothing };
            let index = indexes.iter().find(|index| self.is_looked_for_by(pair, &index.columns));
            let looked = index.and_then(|index| self.looked(pair, index));
            looked.map(|looked| looked.parts).or_else(|| self.key_parts(pair, &key))
        };
        let parts = parts.filter(|parts| parts.iter().all(|part| part.there.is_some()));
        parts.map_or(Known::InTheRun, Known::By)
    }

    /// The key of rows that keep their identifiers, as an index.
    fn kept_key(&self, pair: &EntityPair) -> Option<IndexShape> {
        let identifier = pair.identifier()?;
        if pair.identifier_kind != IdentifierKind::Kept {
            return None;
        }
        let facts = &self.destination.facts;
        let is_server = facts.kind == EngineKind::SqlServer;
        Some(IndexShape {
            name: String::new(),
            columns: vec![identifier.destination_column.name.clone()],
            collations: vec![is_server.then(|| facts.collation.clone())],
            filtered: false,
        })
    }

    /// What an index compares; `None` where it can refuse nothing.
    fn looked<'i>(&self, pair: &EntityPair, index: &'i IndexShape) -> Option<Looked<'i>> {
        let mut parts = Vec::new();
        let mut at_most = index.filtered;
        for (place, column) in index.columns.iter().enumerate() {
            let identifier = pair.identifier().map(|identifier| &identifier.destination_column);
            if pair.identifier_kind == IdentifierKind::Generated
                && identifier.is_some_and(|identifier| same_name(&identifier.name, column))
            {
                return None;
            }
            let collation = index.collations.get(place).cloned().flatten();
            match self.part(pair, column, collation) {
                Some(part) => parts.push(part),
                // A value that is the same in every row, as far as that is known.
                None => at_most = true,
            }
        }
        Some(Looked { index, parts, at_most })
    }

    /// Whether an index or the key of the source says already that no two rows are alike.
    fn is_assured(&self, pair: &EntityPair, parts: &[Part]) -> bool {
        let Some(ours) = self.source.shape(&self.source.entity(pair.source).table) else {
            return false;
        };
        let key = IndexShape {
            name: String::new(),
            columns: ours.primary_key.clone(),
            collations: vec![
                (self.source.facts.kind == EngineKind::SqlServer).then(|| self
                    .source
                    .facts
                    .collation
                    .clone());
                ours.primary_key.len()
            ],
            filtered: false,
        };
        ours.unique_indexes.iter().chain([&key]).any(|index| {
            let mut columns = index.columns.iter().zip(&index.collations);
            !index.filtered
                && !index.columns.is_empty()
                && columns.all(|(column, collation)| {
                    parts.iter().any(|part| {
                        same_name(&part.own.column, column)
                            && part.is_one_to_one
                            && (!part.is_text
                                || part.own.collation.is_none()
                                || same_collation(collation, &part.own.collation))
                    })
                })
        })
    }

    /// Whether the source has an index over the same columns.
    fn has_like(&self, pair: &EntityPair, looked: &Looked<'_>) -> bool {
        let ours = self.source.shape(&self.source.entity(pair.source).table);
        looked.is_key()
            || ours.is_some_and(|ours| {
                ours.unique_indexes.iter().any(|index| {
                    !index.filtered
                        && index.columns.len() == looked.index.columns.len()
                        && looked.parts.iter().all(|part| {
                            index.columns.iter().any(|own| same_name(own, &part.own.column))
                        })
                })
            })
    }

    /// Rows of ours that are alike among themselves as the destination's index compares them.
    fn repeated(&mut self, place: usize, looked: &Looked<'_>) -> Option<FindingKey> {
        let pair = self.out.pairs[place].clone();
        let kind = match self.has_like(&pair, looked) {
            true => FindingKind::UniqueCollision,
            false => FindingKind::UniqueOnlyInDestination,
        };
        let key = self.unique_key(kind, &pair, looked);
        let what = match kind {
            FindingKind::UniqueCollision => {
                format!("rows that differ in the source are alike for {}", looked.label())
            }
            _ => format!("only the destination has {}", looked.label()),
        };
        let why = "The destination takes the first of rows with the same values there, in the order \
                   of identifiers, and refuses the others.";
        if self.is_assured(&pair, &looked.parts) {
            if kind == FindingKind::UniqueOnlyInDestination {
                self.find(Finding::note(
                    key,
                    &pair.name,
                    what,
                    "No two rows of the source are alike there.",
                ));
            }
            return None;
        }
        let mut finding = self.repeated_finding(place, looked, key.clone())?;
        if finding.rows == Some(0) {
            if kind == FindingKind::UniqueOnlyInDestination {
                let why = "No two rows of the source are alike there now.";
                self.find(Finding::note(key, &pair.name, what, why).touching(Some(0)));
            }
            return None;
        }
        finding.what = what;
        finding.why = match looked.at_most {
            true => format!("{why} It does so at most: what the index leaves aside is not known."),
            false => why.to_owned(),
        };
        self.find(finding);
        Some(key)
    }

    fn repeated_finding(
        &mut self,
        place: usize,
        looked: &Looked<'_>,
        key: FindingKey,
    ) -> Option<Finding> {
        let pair = &self.out.pairs[place];
        let name = pair.name.clone();
        let leave_out = "leave out those after the first of each";
        let Some(filter) = looked.repeated(pair) else {
            // Nothing refers to them, and nothing says which of two that are alike is the first.
            let choices = vec![
                Choice::stop("do not run: publish the same version on both sides"),
                Choice::new(choice::REJECT, leave_out)
                    .costing("how many of its rows they are, only the run tells"),
            ];
            return Some(Finding::decide(key, name, "", "", choices, choice::STOP));
        };
        let cost = self.cost_of_rejecting(place, &filter);
        let choices = vec![
            Choice::new(choice::REJECT, leave_out).costing(cost.words.join(", ")),
            Choice::stop("do not run: publish the same version on both sides"),
        ];
        let recommended = if cost.is_small { choice::REJECT } else { choice::STOP };
        let mut finding =
            Finding::decide(key, name, "", "", choices, recommended).touching(cost.rows);
        if !cost.is_known {
            finding.recommended = None;
        }
        Some(finding)
    }

    /// The key of a finding about an index: its columns stand where an attribute's key would.
    fn unique_key(&self, kind: FindingKind, pair: &EntityPair, looked: &Looked<'_>) -> FindingKey {
        let columns = looked.index.columns.join(", ");
        FindingKey {
            attribute: Key::new(&columns),
            ..FindingKey::entity(kind, self.source.entity(pair.source))
        }
    }

    /// Unique indexes that the destination lacks: nothing is refused, but to be known.
    fn only_in_source(&mut self, pair: &EntityPair, theirs: &[IndexShape]) {
        let entity = self.source.entity(pair.source);
        let Some(shape) = self.source.shape(&entity.table) else { return };
        for index in shape.unique_indexes.clone() {
            let counterparts: Option<Vec<String>> =
                index.columns.iter().map(|column| self.their_column(pair, column)).collect();
            let is_there = counterparts.is_none_or(|columns| {
                theirs.iter().any(|other| {
                    other.columns.len() == columns.len()
                        && columns.iter().all(|column| {
                            other.columns.iter().any(|theirs| same_name(theirs, column))
                        })
                })
            });
            if is_there {
                continue;
            }
            let columns = index.columns.join(", ");
            self.find(Finding::note(
                FindingKey {
                    attribute: Key::new(&columns),
                    ..FindingKey::entity(FindingKind::UniqueOnlyInSource, entity)
                },
                &pair.name,
                format!("only the source has the unique index {} ({columns})", index.name),
                "The destination lets rows repeat there; none of ours do.",
            ));
        }
    }

    /// The destination's column for a column of the source.
    fn their_column(&self, pair: &EntityPair, column: &str) -> Option<String> {
        let of_tenant = pair.tenant.iter().map(|(ours, theirs)| (ours, theirs));
        let attributes = pair.attributes.iter().map(|a| (&a.source_column, &a.destination_column));
        attributes
            .chain(of_tenant)
            .find(|(ours, _)| same_name(&ours.name, column))
            .map(|(_, theirs)| theirs.name.clone())
    }
}

fn same_collation(ours: &Option<String>, theirs: &Option<String>) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => same_name(ours, theirs),
        (None, None) => true,
        _ => false,
    }
}
