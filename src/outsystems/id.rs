//! Whose id it is.
//!
//! Every environment numbers its rows by itself, so the same number on both sides says nothing:
//! user 7 of the source and user 7 of the destination are different people unless a match says
//! otherwise. The two types keep the sides apart: a source id is not accepted where the
//! destination's is wanted, and only a map that pairs them leads from one to the other.
//!
//! The port knows no sides and gives plain numbers. They get their side where it is known which
//! database answered, and lose it where they are handed back to a database or written down.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::database::Value;

/// The id of a row as the source's database gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub i64);

/// The id of a row as the destination's database gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DestinationId(pub i64);

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for DestinationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<SourceId> for Value {
    fn from(id: SourceId) -> Self {
        Self::Integer(id.0)
    }
}

impl From<DestinationId> for Value {
    fn from(id: DestinationId) -> Self {
        Self::Integer(id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_down_an_id_is_a_bare_number() {
        // Plans of earlier runs read back, and keep their fingerprints.
        let pair = (SourceId(4), DestinationId(-7));
        let written = serde_json::to_string(&pair).unwrap();
        assert_eq!(written, "[4,-7]");
        assert_eq!(serde_json::from_str::<(SourceId, DestinationId)>(&written).unwrap(), pair);
        assert_eq!(format!("{} {}", pair.0, pair.1), "4 -7");
    }
}
