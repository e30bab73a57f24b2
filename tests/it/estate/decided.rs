//! What a person decides about a pair where nothing is recommended, or something else is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::model::{Cell, EntityKey, Target};
use super::tables;

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
    /// Rows whose value has no room stay behind.
    MisfitStaysBehind,
    /// No reference is written.
    Emptied,
    /// Rows that hold such a reference stay behind.
    RowStaysBehind,
    /// Rows with references to rows that the source does not have stay behind.
    OrphansStayBehind,
    /// In place of NULL, and of what is empty, this value is written; none: such rows stay behind.
    Instead { of_empty: bool, value: Option<Cell> },
    /// In place of each value that says something this one is written; none: a mask made of it and of
    /// a key.
    Masked(Option<Cell>),
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
    /// Entities of chosen modules that the plan leaves out.
    pub excluded: BTreeSet<EntityKey>,
    /// Entities of whose rows those stay behind that a row which stays is known to be.
    pub left_out_where_there: BTreeSet<EntityKey>,
    /// Entities whose rows without a tenant stay behind.
    pub tenantless_behind: BTreeSet<EntityKey>,
    /// Static entities whose records are carried over as rows.
    pub as_rows: BTreeSet<EntityKey>,
    /// Entities of whose rows that are alike for a unique index only the first is carried over.
    pub first_of_each: BTreeSet<EntityKey>,
    /// Attributes of entities outside the scope whose rows refer to rows that go: whether they go too;
    /// else their reference is emptied.
    pub outside: BTreeMap<String, bool>,
    /// The id in the destination of a static record that it does not have, by the record's key.
    pub records: BTreeMap<String, Cell>,
    /// Records without a counterpart: whether references to them are emptied; else rows that hold
    /// one stay behind.
    pub lost_records: BTreeMap<String, bool>,
    /// The destination's tenant for one of the source's.
    pub tenants: BTreeMap<i64, i64>,
    /// The destination's user for one of the source's.
    pub users: BTreeMap<i64, i64>,
    /// Users of the source whose counterparts are deleted and created again.
    pub recreated: BTreeSet<i64>,
    /// The destination's group for one of the source's; none where it is left out.
    pub groups: BTreeMap<i64, Option<i64>>,
    /// Whether users that the destination has take what the source says of them.
    pub updates_users: bool,
    /// Whether users are known by their e-mail addresses.
    pub users_by_email: bool,
    /// Whether tables beside the plan say what can be said in them.
    pub in_tables: bool,
    /// The decisions as a plan has them.
    made: Vec<Made>,
}

/// A decision as a plan has it.
#[derive(Clone, Debug)]
pub struct Made {
    pub kind: String,
    pub about: Vec<(String, String)>,
    pub choice: String,
    pub to: Option<String>,
}

impl Made {
    /// What it is about, by the name of that.
    pub fn about(&self, name: &str) -> &str {
        let mut about = self.about.iter();
        about.find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    fn text(&self) -> String {
        let mut text = format!("\n[[decision]]\nkind = \"{}\"\n", self.kind);
        for (key, value) in &self.about {
            let _ = writeln!(text, "{key} = \"{value}\"");
        }
        let _ = writeln!(text, "choice = \"{}\"", self.choice);
        if let Some(to) = &self.to {
            let _ = writeln!(text, "to = \"{to}\"");
        }
        text
    }
}

/// Espace, entity and attribute, as far as a decision is about them.
pub type About<'a> = [(&'a str, &'a str)];

impl Decided {
    /// Adds a decision to the plan.
    pub fn decide(&mut self, kind: &str, about: &About<'_>, choice: &str, to: Option<&str>) {
        self.made.push(Made {
            kind: kind.to_owned(),
            about: about.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            choice: choice.to_owned(),
            to: to.map(str::to_owned),
        });
    }

    /// Whether anything is decided about an entity.
    pub fn is_about(&self, key: &EntityKey) -> bool {
        let is_it = |made: &&Made| made.about("espace") == key.0 && made.about("entity") == key.1;
        self.made.iter().any(|made| is_it(&made))
    }

    /// What stands in tables beside the plan.
    pub fn of_tables(&self) -> impl Iterator<Item = (&'static str, &Made)> {
        let made = self.made.iter().filter(|_| self.in_tables);
        made.filter_map(|made| Some((tables::table_of(&made.kind)?, made)))
    }

    /// Whether a run of it needs the key of the masks.
    pub fn masks_by_key(&self) -> bool {
        self.attributes.values().any(|wish| matches!(wish, Wish::Masked(None)))
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
        let tables: BTreeSet<&str> = self.of_tables().map(|(table, _)| table).collect();
        if !tables.is_empty() {
            text.push_str("\n[maps]\n");
        }
        for table in tables {
            let _ = writeln!(text, "{table} = \"tables/{table}.csv\"");
        }
        let is_apart = |made: &&Made| !self.in_tables || tables::table_of(&made.kind).is_none();
        self.made.iter().filter(is_apart).for_each(|made| text.push_str(&made.text()));
        text
    }
}
