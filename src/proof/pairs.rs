//! Which id of the destination stands for which of the source, for many rows in little room.
//!
//! Rows of a run got ids that ascend with those of the source, most of them one after the other: what
//! is kept are the differences from pair to pair, and of pairs that both go on by one only how many
//! there are. A dense table takes a few bytes, one with gaps a byte or two for each.

use crate::migrate::journal::varint::{put, put_signed, take, take_signed};
use crate::outsystems::{DestinationId, SourceId};

/// Differences of a block: as many are read to find a pair.
const BLOCK: u32 = 64;

/// A pair of the destination's id and the source's.
pub(super) type Pair = (DestinationId, SourceId);

/// Pairs, by the destination's id and then by the source's.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    blocks: Vec<Block>,
    /// The differences of all blocks: how many pairs go on by one, then by how much the next goes
    /// on, again and again.
    steps: Vec<u8>,
    /// Pairs that came after higher ones; ascending once all are there.
    late: Vec<Pair>,
}

/// Where differences begin.
#[derive(Clone, Debug)]
struct Block {
    first: Pair,
    at: usize,
}

impl FromIterator<Pair> for Pairs {
    /// Pairs in any order; those that do not ascend take sixteen bytes each.
    fn from_iter<I: IntoIterator<Item = Pair>>(all: I) -> Self {
        let mut pairs = Self::default();
        let mut last: Option<Pair> = None;
        // Pairs that have gone on by one since the last difference, and differences of the block.
        let (mut run, mut differences) = (0_u64, 0);
        for pair in all {
            match last {
                Some(before) if pair == before => continue,
                Some(before) if pair < before => {
                    pairs.late.push(pair);
                    continue;
                }
                Some((id, source)) if is_next(id.0, pair.0.0) && is_next(source.0, pair.1.0) => {
                    run += 1;
                }
                // Pairs of one id are not parted.
                Some((id, source)) if differences < BLOCK || id == pair.0 => {
                    put(&mut pairs.steps, run);
                    put(&mut pairs.steps, pair.0.0.wrapping_sub(id.0).cast_unsigned());
                    put_signed(&mut pairs.steps, pair.1.0.wrapping_sub(source.0));
                    (run, differences) = (0, differences + 1);
                }
                _ => {
                    if last.is_some() {
                        put(&mut pairs.steps, run);
                    }
                    pairs.blocks.push(Block { first: pair, at: pairs.steps.len() });
                    (run, differences) = (0, 0);
                }
            }
            last = Some(pair);
        }
        put(&mut pairs.steps, run);
        pairs.steps.shrink_to_fit();
        pairs.blocks.shrink_to_fit();
        pairs.late.sort_unstable();
        pairs.late.dedup();
        pairs
    }
}

impl Pairs {
    /// The smallest id of the source that this id of the destination stands for.
    pub(super) fn source(&self, id: DestinationId) -> Option<SourceId> {
        let late = self.late.partition_point(|(late, _)| *late < id);
        let late = self.late.get(late).filter(|(late, _)| *late == id).map(|(_, source)| *source);
        let in_order = self.stretches(id).find_map(|stretch| stretch.source(id));
        [in_order, late].into_iter().flatten().min()
    }

    /// Whether these are a pair.
    pub(super) fn contains(&self, (id, source): Pair) -> bool {
        self.late.binary_search(&(id, source)).is_ok()
            || self.stretches(id).any(|stretch| stretch.source(id) == Some(source))
    }

    /// All of them; those that were late come last.
    pub(super) fn iter(&self) -> impl Iterator<Item = Pair> {
        let blocks = (0..self.blocks.len()).flat_map(|place| self.block(place));
        let of_stretch =
            |stretch: Stretch| (0..=stretch.more).map(move |more| after(stretch.first, more));
        blocks.flat_map(of_stretch).chain(self.late.iter().copied())
    }

    /// The stretches among which pairs of an id are, if there are any.
    fn stretches(&self, id: DestinationId) -> impl Iterator<Item = Stretch> {
        let after = self.blocks.partition_point(|block| block.first.0 <= id);
        let block = after.checked_sub(1).into_iter().flat_map(|place| self.block(place));
        block.take_while(move |stretch| stretch.first.0 <= id)
    }

    fn block(&self, place: usize) -> Stretches<'_> {
        let block = &self.blocks[place];
        let end = self.blocks.get(place + 1).map_or(self.steps.len(), |next| next.at);
        Stretches { next: Some(block.first), steps: &self.steps[block.at..end] }
    }
}

/// A pair, and how many more follow that both go on by one.
struct Stretch {
    first: Pair,
    more: u64,
}

impl Stretch {
    /// The id of the source that an id of the destination stands for here.
    fn source(&self, id: DestinationId) -> Option<SourceId> {
        let place = id.0.checked_sub(self.first.0.0)?;
        let is_here = u64::try_from(place).is_ok_and(|place| place <= self.more);
        is_here.then(|| SourceId(self.first.1.0.wrapping_add(place)))
    }
}

/// The stretches of a block.
struct Stretches<'a> {
    next: Option<Pair>,
    steps: &'a [u8],
}

impl Iterator for Stretches<'_> {
    type Item = Stretch;

    fn next(&mut self) -> Option<Stretch> {
        let first = self.next.take()?;
        let more = take(&mut self.steps)?;
        let (id, source) = after(first, more);
        self.next =
            take(&mut self.steps).zip(take_signed(&mut self.steps)).map(|(ids, sources)| {
                let id = DestinationId(id.0.wrapping_add(ids.cast_signed()));
                (id, SourceId(source.0.wrapping_add(sources)))
            });
        Some(Stretch { first, more })
    }
}

/// The pair so many further on where both go on by one.
fn after((id, source): Pair, more: u64) -> Pair {
    let more = more.cast_signed();
    (DestinationId(id.0.wrapping_add(more)), SourceId(source.0.wrapping_add(more)))
}

fn is_next(one: i64, other: i64) -> bool {
    one.checked_add(1) == Some(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn pair(id: i64, source: i64) -> Pair {
        (DestinationId(id), SourceId(source))
    }

    fn check(all: &[(i64, i64)], near: impl Iterator<Item = i64>) {
        let pairs: Pairs = all.iter().map(|(id, source)| pair(*id, *source)).collect();
        let mut plain: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        for (id, source) in all {
            plain.entry(*id).or_default().insert(*source);
        }
        for id in near {
            let sources = plain.get(&id);
            let first = sources.and_then(|sources| sources.first()).copied();
            assert_eq!(pairs.source(DestinationId(id)), first.map(SourceId), "{id} of {all:?}");
            for source in sources.into_iter().flatten() {
                assert!(pairs.contains(pair(id, *source)), "{id}, {source} of {all:?}");
                let other = source.wrapping_add(1);
                let is_there = sources.is_some_and(|sources| sources.contains(&other));
                assert_eq!(pairs.contains(pair(id, other)), is_there);
            }
        }
        let ours: BTreeSet<i64> = pairs.iter().map(|(_, source)| source.0).collect();
        let theirs: BTreeSet<i64> = plain.values().flatten().copied().collect();
        assert_eq!(ours, theirs);
    }

    proptest! {
        #[test]
        fn it_answers_as_a_plain_map_does(
            all in proptest::collection::vec((-200_i64..200, -9_i64..9), 0..600),
            sorted in 0_usize..600,
        ) {
            let mut all = all;
            let sorted = sorted.min(all.len());
            all[..sorted].sort_unstable();
            check(&all, -201..201);
        }

        #[test]
        fn rows_as_a_run_writes_them_are_found(
            steps in proptest::collection::vec((1_i64..4, 1_i64..4, 1_i64..40), 1..300),
            start in any::<i32>(),
        ) {
            let mut all = Vec::new();
            let (mut id, mut source) = (i64::from(start), 7);
            for (ids, sources, run) in steps {
                (id, source) = (id + ids, source + sources);
                all.extend((0..run).map(|more| (id + more, source + more)));
                (id, source) = (id + run, source + run);
            }
            check(&all, i64::from(start)..id + 2);
        }
    }

    #[test]
    fn the_ends_of_the_range_are_ids_too() {
        let ends = [(i64::MIN, i64::MAX), (-1, i64::MIN), (0, 5), (i64::MAX, 0)];
        check(&ends, [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX].into_iter());
        check(&[(i64::MIN, 1), (i64::MAX, 0)], [i64::MIN, 0, i64::MAX].into_iter());
    }

    #[test]
    fn a_dense_table_takes_next_to_nothing_and_gaps_a_few_bytes() {
        let dense: Pairs = (0..1_000_000).map(|row| pair(row + 500, row)).collect();
        assert!(dense.steps.len() < 10 && dense.blocks.len() == 1);
        let halved: Pairs = (0..1_000_000).map(|row| pair(row, 2 * row)).collect();
        assert!(halved.steps.len() + 24 * halved.blocks.len() < 3_500_000);
    }
}
