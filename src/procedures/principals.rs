//! Users, their logins and roles of a restored database, held against what they were.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::{Compared, Difference};
use crate::database::{FaultKind, Result, SecurityFacts, Source, UserLogin};

/// Adds what differs to the comparison of two databases.
pub(super) async fn compare(
    old: &dyn Source,
    new: &dyn Source,
    compared: &mut Compared,
) -> Result<()> {
    let (Some(was), Some(is)) = (of(old, compared).await?, of(new, compared).await?) else {
        return Ok(());
    };
    let (differences, notes) = differences(&was, &is);
    compared.differences.extend(differences);
    compared.notes.extend(notes);
    Ok(())
}

async fn of(source: &dyn Source, compared: &mut Compared) -> Result<Option<SecurityFacts>> {
    match source.security().await {
        Ok(facts) => Ok(Some(facts)),
        Err(fault) if fault.kind == FaultKind::NotApplicable => Ok(None),
        Err(fault) if fault.kind == FaultKind::Permission => {
            compared.notes.push(format!("users were not compared: {fault}"));
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}

/// What differs, and what could not be seen.
fn differences(was: &SecurityFacts, is: &SecurityFacts) -> (Vec<Difference>, Vec<String>) {
    let (mut whats, mut notes) = (Vec::new(), Vec::new());
    let by_name = |facts: &SecurityFacts| -> BTreeMap<String, UserLogin> {
        let users = facts.users.iter();
        users.map(|user| (user.name.to_lowercase(), user.login.clone())).collect()
    };
    let (before, now) = (by_name(was), by_name(is));
    for (user, login) in &before {
        match (login, now.get(user)) {
            (_, None) => whats.push(format!("the user {user} is not there")),
            (was, Some(is)) if was == is => {}
            (UserLogin::Named(login), Some(UserLogin::Lacking)) => whats.push(format!(
                "the user {user} had the login {login} and has none on the new server: create the \
                 login with its SID, or connect the user (ALTER USER … WITH LOGIN)"
            )),
            (was, Some(is)) if [was, is].contains(&&UserLogin::Unseen) => {
                notes.push(format!("the login of the user {user} cannot be seen on both servers"));
            }
            (was, Some(is)) => whats.push(format!("the user {user}: was {was}, is {is}")),
        }
    }
    let added = now.keys().filter(|user| !before.contains_key(*user));
    whats.extend(added.map(|user| format!("the user {user} was not there")));
    let roles = |facts: &SecurityFacts| -> BTreeMap<String, BTreeSet<String>> {
        let members = |all: &[String]| all.iter().map(|member| member.to_lowercase()).collect();
        let roles = facts.roles.iter();
        roles.map(|role| (role.name.to_lowercase(), members(&role.members))).collect()
    };
    let (before, now) = (roles(was), roles(is));
    let none = BTreeSet::new();
    for role in before.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
        match (before.contains_key(role), now.contains_key(role)) {
            (true, false) => whats.push(format!("the role {role} is not there")),
            (false, true) => whats.push(format!("the role {role} was not there")),
            _ => {}
        }
        let members =
            |of: &BTreeMap<String, BTreeSet<String>>| of.get(role).unwrap_or(&none).clone();
        let (had, has) = (members(&before), members(&now));
        whats.extend(
            had.difference(&has).map(|one| format!("{one} is no member of {role} any more")),
        );
        whats.extend(has.difference(&had).map(|one| format!("{one} was no member of {role}")));
    }
    let table = String::new();
    (whats.into_iter().map(|what| Difference { table: table.clone(), what }).collect(), notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{DatabaseRole, DatabaseUser};

    fn facts(users: &[(&str, UserLogin)], roles: &[(&str, &[&str])]) -> SecurityFacts {
        let user = |(name, login): &(&str, UserLogin)| DatabaseUser {
            name: (*name).to_owned(),
            login: login.clone(),
        };
        let role = |(name, members): &(&str, &[&str])| DatabaseRole {
            name: (*name).to_owned(),
            members: members.iter().map(|member| (*member).to_owned()).collect(),
        };
        SecurityFacts {
            users: users.iter().map(user).collect(),
            roles: roles.iter().map(role).collect(),
            owned: Vec::new(),
        }
    }

    #[test]
    fn what_became_of_users_and_roles_is_told() {
        let login = |name: &str| UserLogin::Named(name.to_owned());
        let was = facts(
            &[
                ("OSADMIN", login("OSADMIN")),
                ("osruntime", login("OSRUNTIME")),
                ("gone", UserLogin::NotNeeded),
                ("hidden", UserLogin::Unseen),
            ],
            &[("db_owner", &["OSADMIN"]), ("readers", &[])],
        );
        assert_eq!(differences(&was, &was).0, Vec::new());
        let is = facts(
            &[
                ("OSADMIN", login("osadmin_b")),
                ("OSRUNTIME", UserLogin::Lacking),
                ("hidden", login("x")),
                ("new", login("new")),
            ],
            &[("db_owner", &["new"])],
        );
        let (differences, notes) = differences(&was, &is);
        let told: Vec<&str> = differences.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(
            told,
            [
                "the user gone is not there",
                "the user osadmin: was login OSADMIN, is login osadmin_b",
                "the user osruntime had the login OSRUNTIME and has none on the new server: create \
                 the login with its SID, or connect the user (ALTER USER … WITH LOGIN)",
                "the user new was not there",
                "osadmin is no member of db_owner any more",
                "new was no member of db_owner",
                "the role readers is not there",
            ]
        );
        assert_eq!(notes, ["the login of the user hidden cannot be seen on both servers"]);
    }
}
