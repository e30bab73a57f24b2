//! A plan that carries nothing over: for runs that are no migration.

use super::{LinksPlan, Plan, RunOptions, UserMask};

impl Plan {
    /// A plan of that name without anything to do. A journal keeps one for a procedure's run, whose
    /// changes are in its batches.
    #[must_use]
    pub fn nothing(name: &str) -> Self {
        let mut plan = Self {
            name: name.to_owned(),
            espaces: Vec::new(),
            entities: Vec::new(),
            levels: Vec::new(),
            outside: Vec::new(),
            deletions: Vec::new(),
            cleared: Vec::new(),
            leaf_first: Vec::new(),
            fixed: Vec::new(),
            lookups: Vec::new(),
            tenants: Vec::new(),
            users: Vec::new(),
            user_columns: Vec::new(),
            groups: Vec::new(),
            copies_passwords: false,
            links: LinksPlan::default(),
            user_mask: UserMask::default(),
            events: Vec::new(),
            options: RunOptions::default(),
            decisions: Vec::new(),
            left_out: Vec::new(),
            rejects_of: None,
            fingerprint: String::new(),
        };
        plan.fingerprint = plan.pinned();
        plan
    }
}
