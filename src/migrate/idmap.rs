//! Whose id became whose, small enough for hundreds of millions of rows.
//!
//! Rows of a table come in ascending source order and mostly get consecutive ids, so the map is
//! the set of source ids (pages of bits) plus the few places where the destination's ids do not
//! simply go on (breaks). A dense table costs about an eighth of a byte per row. The few rows that
//! come later than their order, because they were committed late, are kept one by one.

use std::collections::{HashMap, HashSet};

use crate::database::Value;
use crate::outsystems::{DestinationId, SourceId};

/// Source ids per page.
const PAGE: i64 = 4096;
/// A page of more ids than this is kept as bits, of fewer as a list.
const LISTED: usize = 256;

/// Words whose bits are counted one by one when a place is looked up.
const BLOCK: usize = 8;

#[derive(Clone)]
enum Ids {
    Listed(Vec<u16>),
    Bits(Box<Bits>),
}

/// The ids of a page as bits.
#[derive(Clone)]
struct Bits {
    words: [u64; 64],
    /// Bits before each block of words.
    before: [u16; 64 / BLOCK],
}

impl Bits {
    fn new() -> Self {
        Self { words: [0; 64], before: [0; 64 / BLOCK] }
    }

    /// Adds a bit; those that come in order cost least.
    fn add(&mut self, offset: u16) {
        let word = usize::from(offset) / 64;
        self.words[word] |= 1 << (offset % 64);
        for before in &mut self.before[word / BLOCK + 1..] {
            *before += 1;
        }
    }

    fn rank(&self, offset: u16) -> Option<u64> {
        let (word, bit) = (usize::from(offset) / 64, offset % 64);
        if self.words[word] >> bit & 1 == 0 {
            return None;
        }
        let block = word / BLOCK;
        let whole: u32 = self.words[block * BLOCK..word].iter().map(|word| word.count_ones()).sum();
        let below = (self.words[word] & ((1 << bit) - 1)).count_ones();
        Some(u64::from(self.before[block]) + u64::from(whole + below))
    }
}

#[derive(Clone)]
struct Page {
    number: i64,
    /// Ids on earlier pages.
    before: u64,
    ids: Ids,
}

impl Page {
    /// The place of an id among those of its page, if it is there.
    fn rank(&self, offset: u16) -> Option<u64> {
        match &self.ids {
            Ids::Listed(list) => list.binary_search(&offset).ok().map(|place| place as u64),
            Ids::Bits(bits) => bits.rank(offset),
        }
    }

    fn add(&mut self, offset: u16) {
        if let Ids::Listed(list) = &mut self.ids {
            if list.len() < LISTED {
                list.push(offset);
                return;
            }
            let mut bits = Box::new(Bits::new());
            for known in list {
                bits.add(*known);
            }
            self.ids = Ids::Bits(bits);
        }
        if let Ids::Bits(bits) = &mut self.ids {
            bits.add(offset);
        }
    }
}

/// The ids of one entity's rows.
#[derive(Clone, Default)]
pub struct IdMap {
    pages: Vec<Page>,
    /// From this ordinal on, ids start here and go up one by one.
    breaks: Vec<(u64, DestinationId)>,
    count: u64,
    last: Option<SourceId>,
    /// Rows below the last that came after it.
    late: HashMap<SourceId, DestinationId>,
    /// Identifiers that are texts keep their value; without case.
    texts: HashSet<Box<[u8]>>,
}

/// A text as the platform compares it.
fn fold(text: &[u8]) -> Box<[u8]> {
    match std::str::from_utf8(text) {
        Ok(text) => text.to_lowercase().into_bytes().into_boxed_slice(),
        Err(_) => text.into(),
    }
}

/// The id so many rows after this one where ids go up one by one.
fn later(id: DestinationId, rows: u64) -> DestinationId {
    DestinationId(id.0.wrapping_add(rows as i64))
}

impl IdMap {
    /// Adds a row. Source ids should come in ascending order: those that do not take thirty times
    /// the room. One that is there already is refused (`false`): a row would be there twice.
    #[must_use]
    pub fn push(&mut self, source: SourceId, destination: DestinationId) -> bool {
        if self.last.is_some_and(|last| source <= last) {
            if self.integer(source).is_some() {
                return false;
            }
            self.late.insert(source, destination);
            return true;
        }
        let number = source.0.div_euclid(PAGE);
        let offset = source.0.rem_euclid(PAGE) as u16;
        if self.pages.last().is_none_or(|page| page.number != number) {
            self.pages.push(Page { number, before: self.count, ids: Ids::Listed(Vec::new()) });
        }
        if let Some(page) = self.pages.last_mut() {
            page.add(offset);
        }
        let expected = self.breaks.last().map(|(start, id)| later(*id, self.count - start));
        if expected != Some(destination) {
            self.breaks.push((self.count, destination));
        }
        self.count += 1;
        self.last = Some(source);
        true
    }

    /// Adds a row whose identifier is a text that it keeps.
    pub fn push_text(&mut self, text: &[u8]) {
        self.texts.insert(fold(text));
        self.count += 1;
    }

    /// The destination's id for a source id.
    #[must_use]
    pub fn integer(&self, source: SourceId) -> Option<DestinationId> {
        self.in_order(source).or_else(|| self.late.get(&source).copied())
    }

    /// The page of this number. Where none is missing it is where its number says.
    fn page(&self, number: i64) -> Option<&Page> {
        let first = self.pages.first()?.number;
        let place = usize::try_from(number.checked_sub(first)?).ok()?;
        if let Some(page) = self.pages.get(place).filter(|page| page.number == number) {
            return Some(page);
        }
        // Those that are missing leave it further to the front.
        let pages = &self.pages[..place.min(self.pages.len())];
        let place = pages.binary_search_by_key(&number, |page| page.number).ok()?;
        pages.get(place)
    }

    fn in_order(&self, source: SourceId) -> Option<DestinationId> {
        let number = source.0.div_euclid(PAGE);
        let page = self.page(number)?;
        let ordinal = page.before + page.rank(source.0.rem_euclid(PAGE) as u16)?;
        let place = self.breaks.partition_point(|(start, _)| *start <= ordinal).checked_sub(1)?;
        let (start, id) = self.breaks[place];
        Some(later(id, ordinal - start))
    }

    /// The destination's value for a source value; `None` when no such row was carried over.
    #[must_use]
    pub fn lookup(&self, source: &Value) -> Option<Value> {
        match source {
            Value::Integer(id) => self.integer(SourceId(*id)).map(Value::from),
            Value::Text(text) => self.texts.contains(&fold(text)).then(|| source.clone()),
            _ => None,
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.count + self.late.len() as u64
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_answers_as_a_plain_map_does(
            gaps in proptest::collection::vec((1_i64..6000, 0_i64..3), 0..2000),
            start in -10_000_i64..10_000,
        ) {
            let mut map = IdMap::default();
            let mut plain = BTreeMap::new();
            let (mut source, mut destination) = (start, 1000);
            for (gap, jump) in gaps {
                source += if gap > 3000 { gap } else { 1 };
                destination += 1 + jump * jump;
                prop_assert!(map.push(SourceId(source), DestinationId(destination)));
                plain.insert(source, destination);
            }
            for (source, destination) in &plain {
                prop_assert_eq!(map.integer(SourceId(*source)), Some(DestinationId(*destination)));
                for near in [source - 1, source + 1] {
                    let expected = plain.get(&near).copied().map(DestinationId);
                    prop_assert_eq!(map.integer(SourceId(near)), expected);
                }
            }
            prop_assert_eq!(map.len(), plain.len() as u64);
        }
    }

    proptest! {
        /// In any order, with ids that come again.
        #[test]
        fn rows_that_come_late_are_found_as_well(
            rows in proptest::collection::vec((-5_000_i64..15_000, 0_i64..5_000), 0..800),
            sorted in 0_usize..800,
        ) {
            let mut rows = rows;
            let sorted = sorted.min(rows.len());
            rows[..sorted].sort_unstable();
            let mut map = IdMap::default();
            let mut plain = HashMap::new();
            for (source, destination) in rows {
                let is_new = !plain.contains_key(&source);
                prop_assert_eq!(map.push(SourceId(source), DestinationId(destination)), is_new);
                plain.entry(source).or_insert(destination);
            }
            for id in -5_001..15_001 {
                let expected = plain.get(&id).copied().map(DestinationId);
                prop_assert_eq!(map.integer(SourceId(id)), expected);
            }
            prop_assert_eq!(map.len(), plain.len() as u64);
        }
    }

    #[test]
    fn an_id_that_comes_again_is_refused() {
        let mut map = IdMap::default();
        assert!(map.push(SourceId(5), DestinationId(1)));
        assert!(!map.push(SourceId(5), DestinationId(2)));
        assert!(map.push(SourceId(4), DestinationId(2)));
        assert!(!map.push(SourceId(4), DestinationId(3)));
        assert_eq!(map.integer(SourceId(5)), Some(DestinationId(1)));
        assert_eq!(map.integer(SourceId(4)), Some(DestinationId(2)));
    }

    #[test]
    fn the_ends_of_the_range_are_ids_too() {
        let mut map = IdMap::default();
        let (first, last) = (SourceId(i64::MIN), SourceId(i64::MAX));
        assert!(map.push(first, DestinationId(7)));
        assert!(map.push(last, DestinationId(8)));
        assert_eq!(map.integer(first), Some(DestinationId(7)));
        assert_eq!(map.integer(last), Some(DestinationId(8)));
    }
}
