//! Tenants, people, groups and definitions: who is who on the other side.

use super::{Cell, Expect, Oracle, Resolved, Symbol};
use crate::estate::model::{Attribute, Group, Target, User};

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

impl Oracle<'_> {
    /// The destination's tenant for one of the source's.
    pub(super) fn tenant(&self, id: i64) -> Option<i64> {
        if let Some(decided) = self.pair.decided.tenants.get(&id) {
            return Some(*decided);
        }
        let mine = self.pair.source.tenant(id)?;
        let there = &self.pair.destination.tenants;
        there.iter().find(|t| same(&t.name, &mine.name) && t.espace == mine.espace).map(|t| t.id)
    }

    /// People of the destination that may be this one: the active, else the inactive.
    pub(super) fn matches(&self, user: &User) -> Vec<&User> {
        let Some(tenant) = self.tenant(user.tenant) else { return Vec::new() };
        let (users, decided) = (&self.pair.destination.users, &self.pair.decided);
        if let Some(id) = decided.users.get(&user.id) {
            return users.iter().filter(|u| u.id == *id).collect();
        }
        let by_email =
            decided.users_by_email && user.tenant != self.pair.source.service_center_tenant();
        let is_same = |u: &&User| match by_email {
            true => same(&u.email, &user.email),
            false => same(&u.username, &user.username),
        };
        let all: Vec<&User> = users.iter().filter(|u| u.tenant == tenant).filter(is_same).collect();
        let active: Vec<&User> = all.iter().copied().filter(|u| u.active).collect();
        if active.is_empty() { all } else { active }
    }

    pub(super) fn resolve_user(&self, theirs: &Attribute, cell: &Cell) -> Resolved {
        let user = match cell {
            Cell::Int(id) => self.pair.source.user(*id),
            _ => None,
        };
        let Some(user) = user else { return Resolved::Nowhere };
        if self.tenant(user.tenant).is_none() {
            return Resolved::Stop(format!("the tenant of {} is missing", user.username));
        }
        match self.matches(user)[..] {
            [_] if self.pair.decided.recreated.contains(&user.id) => {
                Resolved::To(Expect::Made(user_symbol(user.id)))
            }
            [one] => Resolved::To(Expect::Is(Cell::Int(one.id))),
            [] if user.tenant == self.pair.source.service_center_tenant() => {
                if theirs.may_be_emptied() {
                    Resolved::To(Expect::Is(Cell::Null))
                } else {
                    Resolved::Stop(format!("{} is missing", user.username))
                }
            }
            [] => Resolved::To(Expect::Made(user_symbol(user.id))),
            _ => Resolved::Stop(format!("{} is ambiguous", user.username)),
        }
    }

    /// Whether it was decided that nobody gets anything by a group.
    pub(super) fn is_unwanted(&self, group: i64) -> bool {
        self.pair.decided.groups.get(&group) == Some(&None)
    }

    pub(super) fn group(&self, group: &Group) -> Result<Expect, String> {
        if let Some(Some(id)) = self.pair.decided.groups.get(&group.id) {
            return Ok(Expect::Is(Cell::Int(*id)));
        }
        let Some(tenant) = self.tenant(group.tenant) else {
            return Err(format!("the tenant of group {} is missing", group.name));
        };
        let there = &self.pair.destination.groups;
        Ok(match there.iter().find(|g| g.tenant == tenant && same(&g.name, &group.name)) {
            Some(found) => Expect::Is(Cell::Int(found.id)),
            None => {
                Expect::Made(Symbol { table: "OSSYS_GROUP".into(), source: Cell::Int(group.id) })
            }
        })
    }

    pub(super) fn resolve_group(&self, cell: &Cell) -> Resolved {
        let group = self.pair.source.groups.iter().find(|g| &Cell::Int(g.id) == cell);
        match group.map(|g| self.group(g)) {
            None => Resolved::Nowhere,
            _ if group.is_some_and(|group| self.is_unwanted(group.id)) => Resolved::Nowhere,
            Some(Ok(expect)) => Resolved::To(expect),
            Some(Err(why)) => Resolved::Stop(why),
        }
    }

    /// Roles and espaces by key, tenants by name.
    pub(super) fn resolve_definition(&self, target: &Target, cell: &Cell) -> Resolved {
        let Cell::Int(id) = cell else { return Resolved::Nowhere };
        let (here, there) = (&self.pair.source, &self.pair.destination);
        let (known, found) = match target {
            Target::Role => {
                let mine = here.roles.iter().find(|r| r.id == *id);
                let theirs = mine.and_then(|m| {
                    there.roles.iter().find(|r| r.key == m.key && r.espace == m.espace)
                });
                (mine.is_some(), theirs.map(|r| r.id))
            }
            Target::Espace => {
                let mine = here.espaces.iter().find(|e| e.id == *id);
                let theirs = mine.and_then(|m| there.espaces.iter().find(|e| e.key == m.key));
                (mine.is_some(), theirs.map(|e| e.id))
            }
            Target::Tenant => (here.tenant(*id).is_some(), self.tenant(*id)),
            _ => unreachable!("people and rows are resolved elsewhere"),
        };
        match (known, found) {
            (false, _) => Resolved::Nowhere,
            (true, Some(id)) => Resolved::To(Expect::Is(Cell::Int(id))),
            (true, None) => Resolved::Stop(format!("{target:?} {id} is missing")),
        }
    }
}

pub(super) fn user_symbol(id: i64) -> Symbol {
    Symbol { table: "OSSYS_USER".into(), source: Cell::Int(id) }
}
