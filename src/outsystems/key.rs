//! SS keys and other text that the platform compares without case.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A key or name as the platform stores it, equal without regard to case.
///
/// SS keys look like GUIDs but are text: some carry suffixes (`metamodel.md` §5.2, §11).
///
/// Every finding about an attribute or a user has copies of several, so copies share one text.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Key(Option<Arc<Text>>);

/// A text, and the same in lower case where that is another one.
struct Text {
    shown: Box<str>,
    folded: Option<Box<str>>,
}

impl Key {
    /// A key from stored text; blanks around it do not count.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let shown = text.trim();
        if shown.is_empty() {
            return Self(None);
        }
        let folded = shown.to_lowercase();
        let folded = (folded != shown).then(|| folded.into_boxed_str());
        Self(Some(Arc::new(Text { shown: shown.into(), folded })))
    }

    /// As stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", |text| &text.shown)
    }

    /// In lower case: equal for equal keys.
    #[must_use]
    pub fn folded(&self) -> &str {
        self.0.as_ref().map_or("", |text| text.folded.as_deref().unwrap_or(&text.shown))
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
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

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
