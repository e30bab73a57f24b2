//! What a person decides about a pair where nothing is recommended, or something else is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::model::{Cell, EntityKey, Target};

/// What becomes of the values of an attribute.
#[derive(Clone, Debug)]
pub enum Wish {
    /// They are written in the destination's type; a row whose value has no form there stays behind.
    Converted,
    /// They are cut to what the destination's type holds.
    Cut,
    /// They are ids of these rows or people, though the type does not say so.
    Remapped(Target),
    /// The reference leads to the destination's row with the same values of these attributes, within
    /// its tenant where rows have one.
    ByKey(Vec<String>),
    /// Every reference leads to this row of the destination.
    OneRow(Cell),
    /// The source does not have it: every row gets this value.
    Value(Cell),
    /// It is the destination's attribute of that key.
    Paired(String),
    /// It refers to what it is known to refer to, whatever its type says.
    Confirmed,
}

/// All that is decided.
#[derive(Clone, Debug, Default)]
pub struct Decided {
    /// By the attribute's key.
    pub attributes: BTreeMap<String, Wish>,
    /// The tenant of the destination that all rows of an entity get which has no tenants in the
    /// source.
    pub into_tenant: BTreeMap<EntityKey, i64>,
    /// Static entities whose records are carried over as rows.
    pub as_rows: BTreeSet<EntityKey>,
    /// Entities of whose rows that are alike for a unique index only the first is carried over.
    pub first_of_each: BTreeSet<EntityKey>,
    /// The id in the destination of a static record that it does not have, by the record's key.
    pub records: BTreeMap<String, Cell>,
    /// The destination's tenant for one of the source's.
    pub tenants: BTreeMap<i64, i64>,
    /// The destination's user for one of the source's.
    pub users: BTreeMap<i64, i64>,
    /// The destination's group for one of the source's; none where it is left out.
    pub groups: BTreeMap<i64, Option<i64>>,
    /// Whether users that the destination has take what the source says of them.
    pub updates_users: bool,
    /// Whether users are known by their e-mail addresses.
    pub users_by_email: bool,
    /// The decisions as a plan has them.
    lines: String,
}

/// Espace, entity and attribute, as far as a decision is about them.
pub type About<'a> = [(&'a str, &'a str)];

impl Decided {
    /// Adds a decision to the plan.
    pub fn decide(&mut self, kind: &str, about: &About<'_>, choice: &str, to: Option<&str>) {
        let lines = &mut self.lines;
        let _ = write!(lines, "\n[[decision]]\nkind = \"{kind}\"\n");
        for (key, value) in about {
            let _ = writeln!(lines, "{key} = \"{value}\"");
        }
        let _ = writeln!(lines, "choice = \"{choice}\"");
        if let Some(to) = to {
            let _ = writeln!(lines, "to = \"{to}\"");
        }
    }

    /// What a plan says of it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let users = [
            (self.updates_users, "existing = \"update\""),
            (self.users_by_email, "match_by = \"email\""),
        ];
        if users.iter().any(|(is_said, _)| *is_said) {
            text.push_str("\n[users]\n");
            for (_, line) in users.iter().filter(|(is_said, _)| *is_said) {
                let _ = writeln!(text, "{line}");
            }
        }
        text + &self.lines
    }
}
