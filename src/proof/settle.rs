//! Which of several rows is to blame, told from the sum of their hashes alone.
//!
//! The journal keeps one digest for a whole batch: the sum of its rows' hashes. When rows differ
//! between the sides, each of them was at reading either as the source has it now or as the
//! destination has it. Only one choice of these adds up to the digest: hashes have 128 bits, so
//! that a second one does not come about by chance.

use std::collections::HashMap;

/// So many rows are settled whatever the answer is; of more, only when nearly all or nearly none
/// of them belong to it.
const AT_MOST: usize = 32;

/// Which of these numbers add up to the sum, modulo 2^128; `None` when that cannot be found out.
pub(super) fn subset(numbers: &[u128], sum: u128) -> Option<Vec<bool>> {
    if sum == 0 {
        return Some(vec![false; numbers.len()]);
    }
    if numbers.len() <= AT_MOST {
        return by_halves(numbers, sum);
    }
    let all = numbers.iter().fold(0_u128, |all, number| all.wrapping_add(*number));
    if all == sum {
        return Some(vec![true; numbers.len()]);
    }
    let few = one_or_two(numbers, sum);
    few.map(|few| chosen(numbers.len(), &few, false)).or_else(|| {
        one_or_two(numbers, all.wrapping_sub(sum))
            .map(|without| chosen(numbers.len(), &without, true))
    })
}

fn chosen(len: usize, places: &[usize], others: bool) -> Vec<bool> {
    let mut chosen = vec![others; len];
    for place in places {
        chosen[*place] = !others;
    }
    chosen
}

fn one_or_two(numbers: &[u128], sum: u128) -> Option<Vec<usize>> {
    let mut seen: HashMap<u128, usize> = HashMap::with_capacity(numbers.len());
    for (place, number) in numbers.iter().enumerate() {
        if *number == sum {
            return Some(vec![place]);
        }
        if let Some(other) = seen.get(&sum.wrapping_sub(*number)) {
            return Some(vec![*other, place]);
        }
        seen.insert(*number, place);
    }
    None
}

/// The sums of every choice of one half, looked for among those of the other.
fn by_halves(numbers: &[u128], sum: u128) -> Option<Vec<bool>> {
    let (left, right) = numbers.split_at(numbers.len() / 2);
    let lefts = sums(left);
    let mut rights: Vec<(u128, usize)> =
        sums(right).into_iter().enumerate().map(|(choice, sum)| (sum, choice)).collect();
    rights.sort_unstable();
    for (choice, part) in lefts.iter().enumerate() {
        let rest = sum.wrapping_sub(*part);
        let place = rights.partition_point(|(sum, _)| *sum < rest);
        if let Some((found, other)) = rights.get(place)
            && *found == rest
        {
            let bit = |choice: usize| move |place: usize| choice >> place & 1 == 1;
            return Some(
                (0..left.len()).map(bit(choice)).chain((0..right.len()).map(bit(*other))).collect(),
            );
        }
    }
    None
}

/// The sum of each choice; bit n of a choice says whether number n belongs to it.
fn sums(numbers: &[u128]) -> Vec<u128> {
    let mut sums = vec![0_u128];
    for number in numbers {
        let with: Vec<u128> = sums.iter().map(|sum| sum.wrapping_add(*number)).collect();
        sums.extend(with);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::form::hash;

    fn numbers(count: usize) -> Vec<u128> {
        (0..count).map(|n| hash(&n.to_le_bytes())).collect()
    }

    fn sum(numbers: &[u128], chosen: &[bool]) -> u128 {
        let picked = numbers.iter().zip(chosen).filter(|(_, chosen)| **chosen);
        picked.fold(0, |sum, (number, _)| sum.wrapping_add(*number))
    }

    #[test]
    fn any_choice_of_a_few_is_found() {
        for count in [0, 1, 2, 3, 13, 32] {
            let numbers = numbers(count);
            for pattern in [0_usize, 1, 5, 0x00F0_F0F0, 0x1234_5678, usize::MAX] {
                let wanted: Vec<bool> = (0..count).map(|n| pattern >> n & 1 == 1).collect();
                assert_eq!(subset(&numbers, sum(&numbers, &wanted)), Some(wanted));
            }
        }
    }

    #[test]
    fn of_many_nearly_all_and_nearly_none_are_found() {
        let numbers = numbers(1000);
        for places in [vec![], vec![17], vec![3, 999]] {
            for others in [false, true] {
                let wanted = chosen(1000, &places, others);
                assert_eq!(subset(&numbers, sum(&numbers, &wanted)), Some(wanted));
            }
        }
        let half: Vec<bool> = (0..1000).map(|n| n % 2 == 0).collect();
        assert_eq!(subset(&numbers, sum(&numbers, &half)), None);
    }

    #[test]
    fn a_sum_of_nothing_known_is_not_found() {
        assert_eq!(subset(&numbers(20), hash(b"another")), None);
        assert_eq!(subset(&[], hash(b"another")), None);
    }
}
