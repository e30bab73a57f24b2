//! Names, addresses and sentences for rows.

use super::company::Words;
use super::key::Dice;

/// Puts the company's words together.
#[derive(Clone, Copy)]
pub(super) struct Writer<'a>(pub(super) &'a Words);

impl Writer<'_> {
    /// A first and a last name.
    pub(super) fn person(&self, dice: &mut Dice) -> String {
        format!("{} {}", dice.one(&self.0.first_names), dice.one(&self.0.last_names))
    }

    /// A company's name.
    pub(super) fn company(&self, dice: &mut Dice) -> String {
        format!("{} {}", dice.one(&self.0.company_words), dice.one(&self.0.company_kinds))
    }

    /// A repair shop's name.
    pub(super) fn shop(&self, dice: &mut Dice) -> String {
        format!("{} {}", dice.one(&self.0.last_names), dice.one(&self.0.shop_kinds))
    }

    /// A street and number.
    pub(super) fn street(&self, dice: &mut Dice) -> String {
        format!("{} {}", dice.one(&self.0.streets), dice.between(1, 180))
    }

    /// Sentences of so many characters in all.
    pub(super) fn prose(&self, length: usize, dice: &mut Dice) -> String {
        let mut prose = String::with_capacity(length + 80);
        // The vocabulary's sentences are never empty; a single sign stands in if it had none.
        while prose.chars().count() < length {
            let missing = length - prose.chars().count();
            for _ in 0..=missing / 80 {
                let sentence = dice.one(&self.0.sentences);
                prose.push_str(if sentence.is_empty() { "." } else { sentence });
                prose.push(' ');
            }
        }
        prose.chars().take(length).collect::<String>().trim_end().to_owned()
    }
}

/// A made-up address of a person.
pub(super) fn email(person: &str, row: u64) -> String {
    let mut address = String::new();
    for sign in person.chars() {
        match sign {
            ' ' => address.push('.'),
            _ if sign.is_ascii_alphanumeric() => address.push(sign.to_ascii_lowercase()),
            'å' | 'Å' | 'ä' | 'ã' => address.push('a'),
            'ö' | 'ø' | 'Ø' | 'ó' => address.push('o'),
            'é' | 'ê' | 'ë' => address.push('e'),
            'ü' => address.push('u'),
            'ç' => address.push('c'),
            'ş' => address.push('s'),
            'č' => address.push('c'),
            'ß' => address.push_str("ss"),
            _ => {}
        }
    }
    format!("{address}{row}@mail.example")
}

/// So many capital letters.
pub(super) fn letters(count: usize, dice: &mut Dice) -> String {
    (0..count).map(|_| char::from(b'A' + dice.below(26) as u8)).collect()
}
