//! People and tenants who are found in another way, or are others there.

use super::Deciding;
use crate::estate::model::{Attribute, Cell, Environment, Group, Row, Target, User};

/// The destination's tenant for one of the source's.
fn there(tenant: i64) -> i64 {
    100 - tenant
}

fn is_namesake(one: &User, other: &User) -> bool {
    there(one.tenant) == other.tenant && one.username.eq_ignore_ascii_case(&other.username)
}

/// Everybody has another user name there, and the same e-mail address.
pub fn by_email(deciding: &mut Deciding<'_>) {
    let pair = &mut *deciding.pair;
    for user in pair.source.users.iter_mut().filter(|u| u.tenant != 1) {
        user.email = format!("{}@Company.test", user.username);
        for other in pair.destination.users.iter_mut().filter(|u| is_namesake(user, u)) {
            other.email = user.email.to_uppercase();
            other.username = format!("person{}", other.id);
        }
    }
    pair.decided.users_by_email = true;
}

/// Users that are found take what the source says of them.
pub fn updated(deciding: &mut Deciding<'_>) {
    deciding.pair.decided.updates_users = true;
}

/// Somebody of the source is somebody else there, whether found or missing.
pub fn mapped(deciding: &mut Deciding<'_>) {
    let all: Vec<User> =
        deciding.pair.source.users.iter().filter(|u| u.tenant != 1).cloned().collect();
    let mut taken = Vec::new();
    for user in deciding.some(&all, 2) {
        let testers = ["tester", "developer"];
        let name = *deciding.chance.pick(&testers);
        let pair = &*deciding.pair;
        let users = &pair.destination.users;
        let other = users.iter().find(|u| u.username == name && u.tenant == there(user.tenant));
        let Some(other) = other.map(|u| u.id).filter(|id| !taken.contains(id)) else { continue };
        // Whether a profile there is one of ours is certain only of somebody with one here.
        let has_profile = |side: &Environment, id: i64| {
            let profile = side.named("Profile");
            profile.is_some_and(|e| e.rows.iter().any(|row| e.id_of(row) == Some(&Cell::Int(id))))
        };
        if has_profile(&pair.destination, other) && !has_profile(&pair.source, user.id) {
            continue;
        }
        taken.push(other);
        let tenant = deciding.pair.source.tenant(user.tenant).expect("there").name.clone();
        let about = [("user", &*user.username), ("tenant", &*tenant)];
        deciding.pair.decided.decide("user-mapped", &about, "map", Some(&other.to_string()));
        deciding.pair.decided.users.insert(user.id, other);
    }
}

/// A tenant has another name there.
pub fn tenant_mapped(deciding: &mut Deciding<'_>) {
    let Some(mine) = deciding.pair.source.tenants.iter().find(|t| t.name == "Acme") else { return };
    let (mine, provider) = (mine.id, mine.espace.clone());
    let tenants = &mut deciding.pair.destination.tenants;
    let tenant = tenants.iter_mut().find(|t| t.name == "Acme").expect("on both sides");
    "Elsewhere".clone_into(&mut tenant.name);
    let id = tenant.id;
    let about = [("tenant", "Acme"), ("espace", &*provider)];
    deciding.pair.decided.decide("tenant-missing", &about, "map", Some(&id.to_string()));
    deciding.pair.decided.tenants.insert(mine, id);
}

/// Groups have other names there, or nobody wants them there.
pub fn groups_mapped(deciding: &mut Deciding<'_>) {
    let all = deciding.pair.source.groups.clone();
    if all.is_empty() {
        return;
    }
    for group in deciding.some(&all, 4) {
        let name = format!("Staff of {}", group.tenant);
        let tenant = deciding.pair.source.tenant(group.tenant).expect("there").name.clone();
        let is_held = is_held(deciding, group.id);
        let pair = &mut *deciding.pair;
        let theirs = &mut pair.destination.groups;
        let is_it = |g: &Group| g.tenant == there(group.tenant);
        // Two of ours may become one.
        let staff = theirs.iter().find(|g| is_it(g) && g.name == name).map(|g| g.id);
        let namesake = theirs.iter_mut().find(|g| is_it(g) && g.name == group.name);
        let id = match (staff, namesake) {
            (Some(id), None) => id,
            (Some(id), Some(other)) => {
                other.name = format!("Old {}", other.name);
                id
            }
            (None, Some(other)) => {
                other.name.clone_from(&name);
                other.id
            }
            (None, None) => {
                let id = 700 + group.id;
                theirs.push(Group { id, tenant: there(group.tenant), name: name.clone() });
                id
            }
        };
        let about = [("user", &*group.name), ("tenant", &*tenant)];
        if !is_held && deciding.chance.percent(35) {
            pair.decided.decide("group-missing", &about, "empty", None);
            pair.decided.groups.insert(group.id, None);
            continue;
        }
        let to = if deciding.chance.percent(50) { id.to_string() } else { name };
        pair.decided.decide("group-missing", &about, "map", Some(&to));
        pair.decided.groups.insert(group.id, Some(id));
    }
}

/// Whether a row of the source refers to the group by a reference that may not be emptied.
fn is_held(deciding: &Deciding<'_>, group: i64) -> bool {
    let pair = &*deciding.pair;
    pair.source.entities.iter().filter(|entity| entity.active).any(|entity| {
        let there = pair.destination.entity(&entity.full_key());
        entity.attributes.iter().any(|mine| {
            let theirs = there.and_then(|there| there.attribute(&mine.key));
            let is_free = theirs.is_some_and(Attribute::may_be_emptied);
            let cell = Cell::Int(group);
            let refers = || entity.rows.iter().any(|row| row.cells.get(&mine.key) == Some(&cell));
            mine.target() == Some(&Target::Group) && !is_free && refers()
        })
    })
}

/// Users that are found are deleted there and created again: mostly such that nothing depends on.
pub fn recreated(deciding: &mut Deciding<'_>) {
    let pair = &mut *deciding.pair;
    let mut free = Vec::new();
    for user in pair.source.users.iter().filter(|u| u.tenant != 1) {
        let is_it = |other: &&User| {
            let by_email = pair.decided.users_by_email;
            let is_called = match by_email {
                true => user.email.eq_ignore_ascii_case(&other.email),
                false => user.username.eq_ignore_ascii_case(&other.username),
            };
            other.tenant == there(user.tenant) && is_called
        };
        let found: Vec<&User> = pair.destination.users.iter().filter(is_it).collect();
        let decided = &pair.decided.users;
        let is_decided = |id: i64| decided.values().any(|other| *other == id);
        if let [one] = found[..]
            && !decided.contains_key(&user.id)
            && !is_decided(one.id)
            && (deciding.chance.percent(5) || !is_referred_to(&pair.destination, one.id))
        {
            free.push((user.id, one.active));
        }
    }
    for (id, is_active) in if free.is_empty() { free } else { deciding.some(&free, 4) } {
        let pair = &mut *deciding.pair;
        let user = pair.source.user(id).expect("just seen").clone();
        let tenant = pair.source.tenant(user.tenant).expect("there").name.clone();
        let kind = if is_active { "user-found" } else { "user-inactive" };
        let about = [("user", &*user.username), ("tenant", &*tenant)];
        pair.decided.decide(kind, &about, "recreate", None);
        pair.decided.recreated.insert(id);
    }
}

/// Whether any row refers to somebody.
fn is_referred_to(environment: &Environment, user: i64) -> bool {
    environment.entities.iter().any(|entity| {
        let links = entity.attributes.iter().filter(|a| a.target() == Some(&Target::User));
        let keys: Vec<&String> = links.map(|a| &a.key).collect();
        let refers =
            |row: &Row| keys.iter().any(|key| row.cells.get(*key) == Some(&Cell::Int(user)));
        entity.rows.iter().any(refers)
    })
}
