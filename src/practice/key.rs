//! SS keys: derived from an element's full name, so that both sides of the pair agree on them
//! and no list of keys has to be kept by hand.

/// The SS key of the element with this full name, for instance `entity/Claims_CS/Claim`.
pub(super) fn key(full_name: &str) -> String {
    let digest = blake3::hash(full_name.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    // Shaped like the random guids that Service Studio gives.
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    crate::database::Value::Guid(bytes).to_string()
}

/// A number that belongs to a name: the seed of everything random about it.
pub(super) fn seed(name: &str) -> u64 {
    let digest = blake3::hash(name.as_bytes());
    let mut bytes = [0_u8; 8];
    bytes.copy_from_slice(&digest.as_bytes()[..8]);
    u64::from_le_bytes(bytes)
}

/// Numbers that look random and are the same every time (splitmix64).
pub(super) struct Dice(u64);

impl Dice {
    /// The dice of one row of something.
    pub(super) fn new(seed: u64, row: u64) -> Self {
        let mut dice = Self(seed ^ row.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        dice.roll();
        dice
    }

    /// The next number.
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`; 0 when there is none.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.roll() % end }
    }

    /// A number from `first` to `last`.
    pub(super) fn between(&mut self, first: i64, last: i64) -> i64 {
        let span = last.saturating_sub(first).unsigned_abs() + 1;
        first.saturating_add_unsigned(self.below(span))
    }

    /// One of these; the empty text when there are none.
    pub(super) fn one<'a>(&mut self, texts: &'a [String]) -> &'a str {
        let place = self.below(texts.len() as u64) as usize;
        texts.get(place).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_guids_and_stay_the_same() {
        assert_eq!(key("espace/Claims_CS"), key("espace/Claims_CS"));
        assert_ne!(key("espace/Claims_CS"), key("espace/Policy_CS"));
        assert_eq!(key("espace/Claims_CS").len(), 36);
    }

    #[test]
    fn dice_keep_within_their_limits() {
        let mut dice = Dice::new(seed("x"), 1);
        for _ in 0..1000 {
            assert!((-3..=4).contains(&dice.between(-3, 4)));
            assert!(dice.below(7) < 7);
        }
        assert_eq!(dice.below(0), 0);
    }
}
