//! A password or token as it is typed: never shown, never copied, wiped when it is dropped.

use std::fmt;

use secrecy::ExposeSecret as _;

use super::keys::Command;
use crate::database::Secret;

/// More characters than any password or token has.
const LONGEST: usize = 16_384;

/// A secret that can be told from another one and is never printed.
#[derive(Clone)]
pub struct Password(pub Secret);

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Self {
        Self(Secret::from(text))
    }
}

/// A field for a secret: typed at its end, erased from its end.
#[derive(Clone, Debug)]
pub struct SecretField {
    secret: Password,
    /// Where it comes from when it was not typed.
    pub comes_from: Option<String>,
}

impl Default for SecretField {
    fn default() -> Self {
        Self { secret: Password::from(""), comes_from: None }
    }
}

impl SecretField {
    /// What was typed; `None` when nothing was.
    #[must_use]
    pub fn secret(&self) -> Option<Password> {
        (self.characters() > 0).then(|| self.secret.clone())
    }

    /// Takes a secret.
    pub fn set(&mut self, secret: Password, comes_from: Option<String>) {
        self.secret = secret;
        self.comes_from = comes_from;
    }

    /// Forgets it.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many characters it has.
    #[must_use]
    pub fn characters(&self) -> usize {
        self.secret.0.expose_secret().chars().count()
    }

    /// Types characters at its end; control characters are left aside. The first one typed takes
    /// the place of a secret that came from elsewhere.
    pub fn paste(&mut self, text: &str) {
        if self.comes_from.is_some() {
            self.clear();
        }
        let old = self.secret.0.expose_secret();
        // With the room it needs, so that no half of it stays behind in memory.
        let mut new = String::with_capacity(old.len() + text.len());
        new.push_str(old);
        let room = LONGEST.saturating_sub(self.characters());
        new.extend(text.chars().filter(|c| !c.is_control()).take(room));
        self.secret = Password(Secret::from(new));
    }

    /// Obeys a command of editing; says whether it was one.
    pub fn obey(&mut self, command: Command) -> bool {
        match command {
            Command::EraseBack => {
                let mut new = self.secret.0.expose_secret().to_owned();
                new.pop();
                self.comes_from = None;
                self.secret = Password(Secret::from(new));
            }
            Command::EraseWord | Command::EraseToStart => self.clear(),
            Command::Left
            | Command::Right
            | Command::First
            | Command::Last
            | Command::EraseHere
            | Command::EraseToEnd => {}
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_typed_and_erased_and_never_printed() {
        let mut field = SecretField::default();
        assert_eq!(field.secret(), None);
        field.paste("pass\nwörd");
        field.obey(Command::EraseBack);
        assert_eq!(field.secret(), Some(Password::from("passwör")));
        assert!(!format!("{field:?}").contains("passw"));
        field.obey(Command::EraseToStart);
        assert_eq!(field.secret(), None);
    }

    #[test]
    fn typing_takes_the_place_of_what_came_from_elsewhere() {
        let mut field = SecretField::default();
        field.set(Password::from("old"), Some("OSFERRY_SOURCE_PASSWORD".to_owned()));
        field.paste("n");
        assert_eq!(field.secret(), Some(Password::from("n")));
        assert_eq!(field.comes_from, None);
    }
}
