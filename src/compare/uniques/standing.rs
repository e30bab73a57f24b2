//! Rows of ours that are like rows which the destination keeps.

use super::super::{Choice, EntityPair, Finding, FindingKey, FindingKind, Reason, Work, choice};
use super::column::Part;
use super::{Known, Looked};
use crate::database::{ColumnRef, Filter, Likened, TableName};
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
    /// Its columns, and whether what stands for "no reference" there is as good as NULL.
    pub their_columns: Vec<(ColumnRef, bool)>,
    /// Which of its rows count.
    pub standing: Filter,
}

/// Why rows that are like others cannot be counted before the run.
const LATER: &str = "it can be told only when the run has given ids";

impl Work<'_> {
    /// Rows of ours that an index refuses because of rows that stay.
    pub(super) fn taken(
        &mut self,
        pair: &EntityPair,
        looked: &Looked<'_>,
        known: &Known<'_>,
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
        // A row that is known by another key, and is that very row, is not added.
        if let (Some(Some(Some(rows))), Known::By(by)) = (counted, known)
            && rows > 0
        {
            let both: Vec<&Part> = parts.into_iter().chain(&by.parts).collect();
            counted = self
                .meeting(pair, &both, &standing)
                .map(|same| same.map(|same| same.map(|same| rows.saturating_sub(same))));
        }
        let finding = match counted {
            Some(Some(Some(0))) => return None,
            Some(Some(_)) if matches!(known, Known::InTheRun) => {
                let rows = counted.flatten().flatten();
                self.perhaps_known(key.clone(), pair, &what).touching(rows)
            }
            Some(Some(None)) | None if !matches!(known, Known::ByNothing) => {
                self.perhaps_known(key.clone(), pair, &what)
            }
            Some(Some(Some(rows))) => {
                self.taken_finding(key.clone(), pair, what).touching(Some(rows))
            }
            Some(None) => {
                let mut finding = self.taken_finding(key.clone(), pair, what).touching(None);
                finding.recommended = None;
                finding
            }
            Some(Some(None)) => {
                let what = format!("{what}, perhaps: too many of them stay to say so beforehand");
                self.taken_finding(key.clone(), pair, what)
            }
            None => self.taken_finding(key.clone(), pair, format!("{what}, perhaps: {LATER}")),
        };
        self.find(finding);
        Some(key)
    }

    /// How many rows of ours are like rows that stay, in those columns: `None` where it can be told
    /// only when the run has given ids, then as a question is answered.
    fn meeting(
        &mut self,
        pair: &EntityPair,
        parts: &[&Part],
        standing: &Filter,
    ) -> Option<Option<Option<u64>>> {
        let columns: Option<Vec<Likened>> = parts.iter().map(|part| part.there.clone()).collect();
        let among = parts.iter().fold(Filter::All, |among, part| {
            among.and(part.among.clone()).and(part.meeting.clone())
        });
        let meeting = Meeting {
            among,
            columns: columns?,
            there: self.destination.entity(pair.destination).table.clone(),
            their_columns: parts
                .iter()
                .map(|part| (part.column.clone(), part.none_is_null))
                .collect(),
            standing: standing.clone(),
        };
        Some(self.inquiry.meeting(&self.source.entity(pair.source).table, meeting))
    }

    /// The finding where rows may be known by a key before the index sees them.
    fn perhaps_known(&self, key: FindingKey, pair: &EntityPair, what: &str) -> Finding {
        Finding::decide(
            key,
            &pair.name,
            format!("{what}, at most"),
            "Rows of ours that the destination has are looked for by another key, which is told only \
             when the run has given ids; those found are not added. Of the others the destination \
             refuses the ones that have the same values there as a row that stays.",
            vec![
                Choice::new(choice::REJECT, "leave out those of ours that it refuses"),
                Choice::stop("do not run: replace the destination's rows, or change one side's"),
            ],
            choice::REJECT,
        )
    }

    fn taken_finding(&self, key: FindingKey, pair: &EntityPair, what: String) -> Finding {
        Finding::decide(
            key,
            &pair.name,
            what,
            "The destination refuses rows of ours that have the same values there as a row that \
             stays, and rows that demand a reference to one of them go too.",
            vec![
                Choice::stop("do not run: replace the destination's rows, or change one side's"),
                Choice::new(choice::REJECT, "leave out those of ours"),
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
