//! What modules say that they use of others.

use std::collections::HashSet;

use super::Key;
use super::read::pairs;
use super::tables::Rows;

/// Which module says that it uses what of others (`metamodel.md` §2.6).
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// OSSYS_ESPACE_ENTITY: IDs of espace and entity; `None` where nothing is told.
    pub entities: Option<HashSet<(i64, i64)>>,
    /// OSSYS_ESPACE_REFERENCE: the consumer's version, the producer's name in lower case, and the
    /// element's key; `None` where nothing is told.
    pub references: Option<HashSet<(i64, String, Key)>>,
}

impl Declared {
    /// Reads OSSYS_ESPACE_ENTITY and OSSYS_ESPACE_REFERENCE.
    pub(super) fn read(entities: &Rows, references: &Rows) -> Self {
        Self { entities: used_entities(entities), references: used_elements(references) }
    }
}

/// What modules say that they use of other modules' entities; `None` where there is no row, for
/// then nothing can be said against a reference.
fn used_entities(rows: &Rows) -> Option<HashSet<(i64, i64)>> {
    let used: HashSet<_> = pairs(rows, "ESPACE_ID", "ENTITY_ID").into_iter().collect();
    (!used.is_empty()).then_some(used)
}

/// The same by consumers' versions and producers' names.
fn used_elements(rows: &Rows) -> Option<HashSet<(i64, String, Key)>> {
    let used: HashSet<_> = (0..rows.len())
        .filter_map(|row| {
            let producer = rows.text(row, "PRODUCER_NAME").trim().to_lowercase();
            let key = Key::new(&rows.text(row, "SS_KEY"));
            let is_told = !producer.is_empty() && !key.is_empty();
            let consumer = rows.integer(row, "CONSUMER_VERSION_ID")?;
            is_told.then_some((consumer, producer, key))
        })
        .collect();
    (!used.is_empty()).then_some(used)
}
