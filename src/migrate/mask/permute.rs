//! Numbers put in another order: each has one mask, no two have the same, and none is its own.

use super::MaskKey;

/// Rounds of the Feistel network.
const ROUNDS: u8 = 8;

/// An order of the numbers below 2 to the power of twice `half` that only the key tells.
pub(super) struct Order<'a> {
    key: &'a MaskKey,
    label: &'a str,
    tweak: u32,
    half: u32,
}

impl<'a> Order<'a> {
    /// Of at least so many numbers; another one for each label and tweak.
    pub(super) fn new(key: &'a MaskKey, label: &'a str, tweak: u32, numbers: u128) -> Self {
        let bits = 128 - numbers.saturating_sub(1).leading_zeros();
        Self { key, label, tweak, half: bits.div_ceil(2).max(1) }
    }

    /// The number that follows this one in the order, those left over that are not `fitting`.
    /// Where no other is, the number itself.
    pub(super) fn next(&self, number: u128, fitting: impl Fn(u128) -> bool) -> u128 {
        let all = u128::MAX >> (128 - 2 * self.half);
        let mut place = self.place_of(number);
        loop {
            place = place.wrapping_add(1) & all;
            let found = self.at(place);
            if found == number || fitting(found) {
                return found;
            }
        }
    }

    fn mask(&self) -> u128 {
        (1 << self.half) - 1
    }

    fn at(&self, place: u128) -> u128 {
        let (mut left, mut right) = (place >> self.half, place & self.mask());
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.mixed(round, right));
        }
        left << self.half | right
    }

    fn place_of(&self, number: u128) -> u128 {
        let (mut left, mut right) = (number >> self.half, number & self.mask());
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.mixed(round, left), left);
        }
        left << self.half | right
    }

    fn mixed(&self, round: u8, half: u128) -> u128 {
        let mut message = [0; 22];
        message[..4].copy_from_slice(&self.tweak.to_le_bytes());
        message[4] = self.half.to_le_bytes()[0];
        message[5] = round;
        message[6..].copy_from_slice(&half.to_le_bytes());
        let mut bytes = [0; 16];
        self.key.stream(self.label, &message).fill(&mut bytes);
        u128::from_le_bytes(bytes) & self.mask()
    }
}
