//! The order of numbers that only the key tells, as `docs/manual.md` has it.

use super::Keyed;

/// What follows `number` in the order of the numbers below the least power of four that is not
/// below `count`: the next one that is a candidate, at last the number itself.
pub(super) fn successor(
    key: &Keyed,
    (label, tweak): (&str, u32),
    count: u128,
    number: u128,
    is_candidate: impl Fn(u128) -> bool,
) -> u128 {
    let mut half: u8 = 1;
    while half < 64 && 1_u128 << (2 * half) < count {
        half += 1;
    }
    let low = u128::from(u64::MAX >> (64 - half));
    let round = |round: u8, part: u128| -> u128 {
        let mut said = tweak.to_le_bytes().to_vec();
        said.extend([half, round]);
        said.extend(part.to_le_bytes());
        u128::from_le_bytes(key.bytes(label, &said)) & low
    };
    let forward = |place: u128| {
        let mut halves = [place >> half, place & low];
        for number in 0..8 {
            halves = [halves[1], halves[0] ^ round(number, halves[1])];
        }
        (halves[0] << half) + halves[1]
    };
    let mut halves = [number >> half, number & low];
    for number in [7, 6, 5, 4, 3, 2, 1, 0] {
        halves = [halves[1] ^ round(number, halves[0]), halves[0]];
    }
    let mut place = (halves[0] << half) + halves[1];
    let last = (low << half) + low;
    loop {
        place = if place == last { 0 } else { place + 1 };
        let found = forward(place);
        if found == number || is_candidate(found) {
            return found;
        }
    }
}
