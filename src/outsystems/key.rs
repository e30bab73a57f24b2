//! SS keys and other text that the platform compares without case.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A key or name as the platform stores it, equal without regard to case.
///
/// SS keys look like GUIDs but are text: some carry suffixes (`metamodel.md` §5.2, §11).
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Key {
    shown: Box<str>,
    folded: Option<Box<str>>,
}

impl Key {
    /// A key from stored text; blanks around it do not count.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let shown = text.trim();
        let folded = shown.to_lowercase();
        Self { folded: (folded != shown).then(|| folded.into_boxed_str()), shown: shown.into() }
    }

    /// As stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// In lower case: equal for equal keys.
    #[must_use]
    pub fn folded(&self) -> &str {
        self.folded.as_deref().unwrap_or(&self.shown)
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.as_str().to_owned()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
