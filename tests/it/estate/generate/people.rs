//! Tenants, people, groups and roles of both sides.

use crate::estate::chance::Chance;
use crate::estate::model::{Environment, Group, Role, Tenant, User};
use crate::estate::model::{SERVICE_CENTER, USERS};
use crate::estate::recipe::{Feature, Recipe};

fn user(id: i64, tenant: i64, username: &str, chance: &mut Chance) -> User {
    User {
        id,
        tenant,
        name: format!("{username} Ñame"),
        username: username.to_owned(),
        password: format!("$1$secret-of-{username}-{}", chance.key()),
        email: if chance.percent(80) { format!("{username}@company.test") } else { String::new() },
        phone: if chance.percent(60) {
            format!("+351 {}", chance.between(200_000_000, 299_999_999))
        } else {
            String::new()
        },
        external: if chance.percent(30) { format!("ext-{username}") } else { String::new() },
        active: true,
    }
}

/// The source's people; espaces are there already.
pub fn source(environment: &mut Environment, recipe: &Recipe) {
    let mut chance = Chance::new(recipe.seed).fork("people");
    let service_center = environment.espace_named(SERVICE_CENTER).key.clone();
    let provider = environment.espace_named(USERS).key.clone();
    environment.tenants.push(Tenant {
        id: 1,
        name: SERVICE_CENTER.into(),
        espace: service_center.clone(),
    });
    let mut tenants = vec![(10, USERS.to_owned())];
    if recipe.has(Feature::MultiTenant) {
        tenants.push((12, "Acme".into()));
        tenants.push((17, "Größe & Söhne".into()));
    }
    for (id, name) in &tenants {
        environment.tenants.push(Tenant { id: *id, name: name.clone(), espace: provider.clone() });
    }
    environment.users.push(user(1, 1, "admin", &mut chance));
    environment.users.push(user(2, 1, "operator", &mut chance));
    environment.users.push(user(3, 1, "gone.operator", &mut chance));
    let mut id = 100;
    for (tenant, _) in &tenants {
        for number in 0..4 + recipe.size / 2 {
            id += chance.between(1, 5);
            // The same name in several tenants is legitimate.
            environment.users.push(user(id, *tenant, &format!("user{number:03}"), &mut chance));
        }
    }
    let roles = [("Core_CS", "Clerk"), ("Core_CS", "Manager"), ("Outer", "Visitor")];
    for (index, (espace, name)) in roles.into_iter().enumerate() {
        let key = chance.key();
        let espace = environment.espace_named(espace).key.clone();
        environment.roles.push(Role { id: 40 + index as i64, name: name.into(), key, espace });
    }
    if !recipe.has(Feature::Groups) {
        return;
    }
    for (index, (tenant, _)) in tenants.iter().enumerate() {
        for name in ["Clerks", "Bosses", "Visitors"] {
            let id = 60 + environment.groups.len() as i64;
            environment.groups.push(Group { id, tenant: *tenant, name: name.into() });
            // Visitors hold a role of another application's only.
            let role = match name {
                "Clerks" => 40,
                "Bosses" => 41,
                _ => 42,
            };
            environment.group_roles.push((id, role));
            for user in environment.users.iter().filter(|u| u.tenant == *tenant) {
                if chance.percent(30) {
                    environment.group_users.push((id, user.id));
                }
            }
        }
        for user in environment.users.iter().filter(|u| u.tenant == *tenant) {
            for role in [40, 42] {
                if chance.percent(20 + 10 * index as u64) {
                    environment.user_roles.push((user.id, role));
                }
            }
        }
    }
}

/// The destination's people, as unlike the source's as allowed.
pub fn destination(source: &Environment, environment: &mut Environment, recipe: &Recipe) {
    let mut chance = Chance::new(recipe.seed).fork("people there");
    let provider = environment.espace_named(USERS).key.clone();
    for tenant in &source.tenants {
        let id = if tenant.id == 1 { 1 } else { 100 - tenant.id };
        environment.tenants.push(Tenant { id, ..tenant.clone() });
    }
    if recipe.has(Feature::ExtraTenant) {
        environment.tenants.push(Tenant { id: 77, name: "Only here".into(), espace: provider });
    }
    let mut ids: Vec<i64> = (200..200 + 4 * source.users.len() as i64 + 40).collect();
    chance.shuffle(&mut ids);
    for (number, one) in source.users.iter().enumerate() {
        let tenant = if one.tenant == 1 { 1 } else { 100 - one.tenant };
        if one.username == "gone.operator"
            || (one.tenant != 1 && recipe.has(Feature::MissingUsers) && number % 3 == 0)
        {
            continue;
        }
        let mut copy = user(ids[number], tenant, &one.username, &mut chance);
        copy.email = format!("dev-{}@company.test", one.username);
        if recipe.has(Feature::InactiveUsers) && one.tenant != 1 && chance.percent(25) {
            copy.active = false;
        } else if recipe.has(Feature::InactiveUsers) && one.tenant != 1 && chance.percent(20) {
            // An old inactive namesake beside the active one.
            let mut old = user(ids[number] + 5000, tenant, &one.username, &mut chance);
            old.active = false;
            environment.users.push(old);
        }
        if one.tenant != 1 && chance.percent(25) {
            copy.username = copy.username.to_uppercase();
        }
        environment.users.push(copy);
    }
    let tenants: Vec<i64> = environment.tenants.iter().map(|t| t.id).filter(|t| *t != 1).collect();
    for (number, tenant) in tenants.iter().enumerate() {
        for name in ["tester", "developer"] {
            let id = 3000 + 10 * number as i64 + i64::from(name == "tester");
            environment.users.push(user(id, *tenant, name, &mut chance));
        }
    }
    let roles: Vec<Role> =
        source.roles.iter().map(|r| Role { id: r.id + 7, ..r.clone() }).collect();
    environment.roles = roles;
    for group in &source.groups {
        let tenant = 100 - group.tenant;
        if chance.percent(60) {
            let id = 300 - group.id;
            environment.groups.push(Group { id, tenant, name: group.name.clone() });
            if chance.percent(50) {
                environment.group_roles.push((id, 47));
            }
            for user in environment.users.iter().filter(|u| u.tenant == tenant) {
                if chance.percent(15) {
                    environment.group_users.push((id, user.id));
                }
            }
        }
    }
    if recipe.has(Feature::Groups) {
        for user in environment.users.iter().filter(|u| u.tenant != 1) {
            if chance.percent(15) {
                environment.user_roles.push((user.id, 47 + chance.below(3) as i64));
            }
        }
    }
}
