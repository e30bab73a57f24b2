//! Rows of ours that are like rows which the destination keeps.

use super::super::rows::NaturalKey;
use super::super::{
    Choice, EntityPair, Finding, FindingKey, FindingKind, Reason, Target, Work, choice,
};
use super::column::Part;
use super::{Known, Looked};
use crate::database::{ColumnRef, ColumnType, Filter, Likened, TableName, same_name};
use crate::outsystems::Side;

/// How many rows of a table of the source have the same values as rows of another table, of the
/// destination.
#[derive(Clone, Debug)]
pub struct Meeting {
    /// Which rows of the source's table count.
    pub among: Filter,
    /// Its columns, as they count.
    pub columns: Vec<Likened>,
    /// The destination's table.
    pub there: TableName,
    /// Its columns.
    pub their_columns: Vec<TheirColumn>,
    /// Which of its rows count.
    pub standing: Filter,
}

/// A column of the destination whose values are compared with those of the source.
#[derive(Clone, Debug)]
pub struct TheirColumn {
    /// The column.
    pub column: ColumnRef,
    /// Whether what stands for "no reference" there is as good as NULL.
    pub none_is_null: bool,
    /// The type in which values are compared, where that is another one than the column's.
    pub compared_in: Option<ColumnType>,
}

/// Why rows that are like others cannot be counted before the run.
const LATER: &str = "it can be told only when the run has given ids";

impl Work<'_> {
    /// Rows of ours that an index refuses because of rows that stay.
    pub(super) fn taken(
        &mut self,
        pair: &EntityPair,
        looked: &Looked<'_>,
        known: &Known,
    ) -> Option<FindingKey> {
        let standing = self.standing(pair)?;
        let entity = self.destination.entity(pair.destination);
        let rows = self.inquiry.count(Side::Destination, &entity.table, standing.clone())?;
        if rows == 0 || looked.parts.is_empty() {
            return None;
        }
        let kind = match looked.is_key() {
            true => FindingKind::IdentifierCollision,
            false => FindingKind::UniqueTaken,
        };
        let key = self.unique_key(kind, pair, looked);
        let mut what =
            format!("rows that stay in the destination have values of ours in {}", looked.label());
        if looked.at_most {
            what.push_str(", as far as its columns say");
        }
        let parts: Vec<&Part> = looked.parts.iter().collect();
        let mut counted = self.meeting(pair, &parts, &standing);
        let cost = match counted {
            Some(Some(Some(rows))) if rows > 0 => {
                let at_most = looked.at_most || !matches!(known, Known::ByNothing);
                self.cost_of_meeting(pair, &parts, &standing, at_most)
            }
            _ => String::new(),
        };
        // A row that is known by another key, and is that very row, is not added.
        if let (Some(Some(Some(rows))), Known::By(by)) = (counted, known)
            && rows > 0
        {
            let both: Vec<&Part> = parts.into_iter().chain(by).collect();
            counted = self
                .meeting(pair, &both, &standing)
                .map(|same| same.map(|same| same.map(|same| rows.saturating_sub(same))));
        }
        let finding = match counted {
            Some(Some(Some(0))) => return None,
            Some(Some(_)) if matches!(known, Known::InTheRun) => {
                let rows = counted.flatten().flatten();
                self.perhaps_known(key.clone(), pair, &what, cost).touching(rows)
            }
            Some(Some(None)) | None if !matches!(known, Known::ByNothing) => {
                self.perhaps_known(key.clone(), pair, &what, cost)
            }
            Some(Some(Some(rows))) => {
                self.taken_finding(key.clone(), pair, what, cost).touching(Some(rows))
            }
            Some(None) => {
                let mut finding = self.taken_finding(key.clone(), pair, what, cost).touching(None);
                finding.recommended = None;
                finding
            }
            Some(Some(None)) => {
                let what = format!("{what}, perhaps: too many of them stay to say so beforehand");
                self.taken_finding(key.clone(), pair, what, cost)
            }
            None => {
                self.taken_finding(key.clone(), pair, format!("{what}, perhaps: {LATER}"), cost)
            }
        };
        self.find(finding);
        Some(key)
    }

    /// How many rows of ours are like a row of the destination in all of these keys: `None` while
    /// the question is open, and `Some(None)` where it cannot be answered before the run.
    pub(in super::super) fn ours_there(
        &mut self,
        pair: &EntityPair,
        keys: &[&NaturalKey],
    ) -> Option<Option<u64>> {
        let mut parts = Vec::new();
        for key in keys {
            let Some(more) = self.key_parts(pair, key) else { return Some(None) };
            parts.extend(more);
        }
        let parts: Vec<&Part> = parts.iter().collect();
        self.meeting(pair, &parts, &Filter::All).unwrap_or(Some(None))
    }

    /// What goes along where rows of ours that are like a row of the destination in this key are
    /// left out, in words; none where that is told by the run alone.
    pub(in super::super) fn cost_of_ours_there(
        &mut self,
        pair: &EntityPair,
        key: &NaturalKey,
    ) -> String {
        let Some(parts) = self.key_parts(pair, key) else { return String::new() };
        let parts: Vec<&Part> = parts.iter().collect();
        self.cost_of_meeting(pair, &parts, &Filter::All, false)
    }

    /// How many rows of ours are the same as an earlier one of ours in this key, and whether that are
    /// all: rows that they refer to may become one as well.
    pub(in super::super) fn ours_again(
        &mut self,
        pair: &EntityPair,
        key: &NaturalKey,
    ) -> Option<(u64, bool)> {
        let parts = self.key_parts(pair, key)?;
        let may_become_one = |place: &usize| {
            let reference = pair.attributes[*place].reference.as_ref();
            match reference.map(|reference| reference.target) {
                Some(Target::Entity(index)) => {
                    let other = self.out.pair(index);
                    other.is_none_or(|other| self.looked_for_by(other).is_some())
                }
                _ => false,
            }
        };
        let is_all = !key.attributes.iter().any(may_become_one);
        if self.is_assured(pair, &parts) {
            return Some((0, is_all));
        }
        let filter = Filter::Repeated {
            columns: parts.into_iter().map(|part| part.own).collect(),
            key: pair.identifier()?.source_column.name.clone(),
            among: Box::new(Filter::All),
        };
        let table = self.source.entity(pair.source).table.clone();
        self.inquiry.count(Side::Source, &table, filter).map(|rows| (rows, is_all))
    }

    /// What the columns of a key get from the source. `None` where that is told by the run alone: a
    /// column whose values are masked, or rewritten without being references by their type.
    pub(super) fn key_parts(&self, pair: &EntityPair, key: &NaturalKey) -> Option<Vec<Part>> {
        let entity = self.source.entity(pair.source);
        let shape = self.destination.shape(&self.destination.entity(pair.destination).table);
        let own = self.kept_key(pair);
        let mut columns = Vec::new();
        for place in &key.attributes {
            let attribute = &pair.attributes[*place];
            if attribute.soft.is_some() || self.is_masked(entity, pair, *place) {
                return None;
            }
            columns.push(&attribute.destination_column.name);
        }
        columns.extend(pair.tenant.iter().filter(|_| key.with_tenant).map(|(_, to)| &to.name));
        let part = |column: &String| {
            let indexes = shape.iter().flat_map(|shape| &shape.unique_indexes).chain(&own);
            let collation = indexes
                .flat_map(|index| index.columns.iter().zip(&index.collations))
                .find(|(name, _)| same_name(name, column))
                .and_then(|(_, collation)| collation.clone());
            let part = self.part(pair, column, collation)?;
            // Where rows are looked for, NULL is like NULL.
            Some(Part { among: Filter::All, ..part })
        };
        columns.into_iter().map(part).collect()
    }

    /// How many rows of ours are like rows that stay, in those columns: `None` where it can be told
    /// only when the run has given ids, then as a question is answered.
    fn meeting(
        &mut self,
        pair: &EntityPair,
        parts: &[&Part],
        standing: &Filter,
    ) -> Option<Option<Option<u64>>> {
        let meeting = self.meeting_of(pair, parts, standing)?;
        Some(self.inquiry.meeting(&self.source.entity(pair.source).table, meeting))
    }

    /// Rows of ours that are like rows that stay, in those columns: `None` where it can be told only
    /// when the run has given ids.
    fn meeting_of(&self, pair: &EntityPair, parts: &[&Part], standing: &Filter) -> Option<Meeting> {
        let columns: Option<Vec<Likened>> = parts.iter().map(|part| part.there.clone()).collect();
        let among = parts.iter().fold(Filter::All, |among, part| {
            among.and(part.among.clone()).and(part.meeting.clone())
        });
        Some(Meeting {
            among,
            columns: columns?,
            there: self.destination.entity(pair.destination).table.clone(),
            their_columns: parts
                .iter()
                .map(|part| TheirColumn {
                    column: part.column.clone(),
                    none_is_null: part.none_is_null,
                    compared_in: part.their_type.clone(),
                })
                .collect(),
            standing: standing.clone(),
        })
    }

    /// What goes along where those rows of ours are left out, in words. It is `at_most` that where
    /// some of them may not be left out.
    fn cost_of_meeting(
        &mut self,
        pair: &EntityPair,
        parts: &[&Part],
        standing: &Filter,
        at_most: bool,
    ) -> String {
        let Some(place) = self.out.place(pair.source) else { return String::new() };
        let meeting = self.meeting_of(pair, parts, standing);
        let cost = meeting.and_then(|meeting| self.cost_of_rejecting_like(place, meeting));
        cost.map_or_else(String::new, |cost| match at_most {
            true => cost.at_most(),
            false => cost.words.join(", "),
        })
    }

    /// The finding where rows may be known by a key before the index sees them.
    fn perhaps_known(
        &self,
        key: FindingKey,
        pair: &EntityPair,
        what: &str,
        cost: String,
    ) -> Finding {
        Finding::decide(
            key,
            &pair.name,
            format!("{what}, at most"),
            "Rows of ours that the destination has are looked for by another key, which is told only \
             when the run has given ids; those found are not added. Of the others the destination \
             refuses the ones that have the same values there as a row that stays.",
            vec![
                Choice::new(choice::REJECT, "leave out those of ours that it refuses")
                    .costing(cost),
                Choice::stop("do not run: replace the destination's rows, or change one side's"),
            ],
            choice::REJECT,
        )
    }

    fn taken_finding(
        &self,
        key: FindingKey,
        pair: &EntityPair,
        what: String,
        cost: String,
    ) -> Finding {
        Finding::decide(
            key,
            &pair.name,
            what,
            "The destination refuses rows of ours that have the same values there as a row that \
             stays, and rows that demand a reference to one of them go too.",
            vec![
                Choice::stop("do not run: replace the destination's rows, or change one side's"),
                Choice::new(choice::REJECT, "leave out those of ours").costing(cost),
            ],
            choice::STOP,
        )
    }

    /// The destination's rows that stay beside ours; `None` where none do, or where they are looked
    /// for by key values.
    fn standing(&self, pair: &EntityPair) -> Option<Filter> {
        let is_replaced = self.is_replaced(pair);
        match (&pair.reason, is_replaced) {
            (Reason::Producer(_), false) => None,
            (_, true) => match self.replaced_rows(pair) {
                Filter::All => None,
                goes => Some(goes.negated()),
            },
            (Reason::Chosen, false) => self.selection.replace.map(|_| Filter::All),
        }
    }
}
