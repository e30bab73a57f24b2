//! The security context of a cloned database: users that came with the copy, their logins on this
//! server, and what belongs to them (C2.1, N1). It is only read; what is to be done is proposed.

use std::fmt::Write as _;

use serde::Serialize;

use super::copy::is_platform_login;
use crate::database::{FaultKind, Owned, Result, Source, UserLogin, UserRemoval, same_name};

/// The users of one database.
#[derive(Clone, Debug, Serialize)]
pub struct SecurityContext {
    /// What the database is for: Platform, Log.
    pub role: String,
    /// Where it is; empty where it is not declared.
    pub place: String,
    /// Why nobody looked for users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
    /// Its users.
    pub users: Vec<FoundUser>,
}

/// A user of a database.
#[derive(Clone, Debug, Serialize)]
pub struct FoundUser {
    /// Its name.
    pub name: String,
    /// Its login on this server.
    pub login: UserLogin,
    /// Whether the platform is usually given a user of this name, or the plan says so.
    pub is_platform: bool,
    /// What belongs to it, and keeps it from being deleted.
    pub owned: Vec<Owned>,
}

impl FoundUser {
    /// Whether its login is lacking on this server.
    #[must_use]
    pub fn is_orphaned(&self) -> bool {
        self.login == UserLogin::Lacking
    }
}

/// Users of the connection's own database. `logins` are the platform's by names of one's own.
pub async fn security_context(
    source: &dyn Source,
    role: &str,
    logins: &[String],
) -> Result<SecurityContext> {
    let place = source.facts().place.clone();
    let facts = match source.security().await {
        Ok(facts) => facts,
        Err(fault) if fault.kind == FaultKind::NotApplicable => {
            let absent = Some("does not apply: a file has no users".to_owned());
            return Ok(SecurityContext { role: role.to_owned(), place, absent, users: Vec::new() });
        }
        Err(fault) => return Err(fault.while_doing(format!("users of {place}"))),
    };
    let users = facts
        .users
        .into_iter()
        .map(|user| FoundUser {
            is_platform: is_platform_login(&user.name, logins),
            owned: facts
                .owned
                .iter()
                .filter(|o| same_name(&o.owner, &user.name))
                .cloned()
                .collect(),
            name: user.name,
            login: user.login,
        })
        .collect();
    Ok(SecurityContext { role: role.to_owned(), place, absent: None, users })
}

impl SecurityContext {
    /// A database that nobody has named.
    #[must_use]
    pub fn not_declared(role: &str, why: &str) -> Self {
        let (role, absent) = (role.to_owned(), Some(why.to_owned()));
        Self { role, place: String::new(), absent, users: Vec::new() }
    }

    /// Users without a login on this server.
    pub fn orphaned(&self) -> impl Iterator<Item = &FoundUser> {
        self.users.iter().filter(|user| user.is_orphaned())
    }

    /// The users that a script deletes: the platform's that are orphaned. The others that are
    /// orphaned, and the platform's that have a login here, are somebody's to decide.
    #[must_use]
    pub fn removals(&self) -> Vec<UserRemoval> {
        let users = self.users.iter().filter(|u| u.is_orphaned() || u.is_platform);
        users
            .filter_map(|user| {
                let (is_optional, why) = match (&user.login, user.is_platform) {
                    (UserLogin::Lacking, true) => {
                        (false, "it came from the original, and has no login on this server.".into())
                    }
                    (UserLogin::Lacking, false) => (
                        true,
                        "it has no login on this server, and is not known as the platform's: yours \
                         to decide."
                            .to_owned(),
                    ),
                    (UserLogin::Named(login), true) => (
                        true,
                        format!(
                            "it has the login {login} on this server: delete it unless the \
                             Configuration Tool has made it for this environment."
                        ),
                    ),
                    (UserLogin::Unseen, true) => {
                        (true, "whether it has a login on this server cannot be seen.".to_owned())
                    }
                    _ => return None,
                };
                let (user, owned) = (user.name.clone(), user.owned.clone());
                Some(UserRemoval { user, why, is_optional, owned })
            })
            .collect()
    }

    /// For the person.
    #[must_use]
    pub fn lines(&self) -> String {
        let Self { role, place, absent, users } = self;
        let whose = if place.is_empty() { role.clone() } else { format!("{role}, {place}") };
        if let Some(absent) = absent {
            return format!("{whose}: {absent}");
        }
        let mut text = format!(
            "{whose}: {} of {} users have no login on this server",
            self.orphaned().count(),
            users.len()
        );
        for user in users {
            let whose = if user.is_platform { ", the platform's" } else { "" };
            let _ = write!(text, "\n  {}: {}{whose}", user.name, user.login);
            for owned in &user.owned {
                let _ = write!(text, "\n    {owned}");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::OwnedKind;

    fn user(name: &str, login: UserLogin, logins: &[String]) -> FoundUser {
        let is_platform = is_platform_login(name, logins);
        let schema = Owned {
            owner: name.to_owned(),
            kind: OwnedKind::Schema,
            schema: None,
            name: format!("of_{name}"),
        };
        FoundUser { name: name.to_owned(), login, is_platform, owned: vec![schema] }
    }

    #[test]
    fn only_users_of_the_original_are_deleted_unasked() {
        let logins = ["OSTEST_RUN".to_owned()];
        let here = || UserLogin::Named("somebody".to_owned());
        let context = SecurityContext {
            role: "Platform".to_owned(),
            place: "server/db".to_owned(),
            absent: None,
            users: [
                ("OSADMIN", UserLogin::Lacking),
                ("CORP\\osruntime", UserLogin::Lacking),
                ("ostest_run", UserLogin::Lacking),
                ("reports", UserLogin::Lacking),
                ("OSRUNTIME_LOG", here()),
                ("OSLOG", UserLogin::Unseen),
                ("contained", UserLogin::NotNeeded),
                ("osferry", here()),
            ]
            .into_iter()
            .map(|(name, login)| user(name, login, &logins))
            .collect(),
        };
        let removals = context.removals();
        let told: Vec<(&str, bool)> =
            removals.iter().map(|one| (one.user.as_str(), one.is_optional)).collect();
        assert_eq!(
            told,
            [
                ("OSADMIN", false),
                ("CORP\\osruntime", false),
                ("ostest_run", false),
                ("reports", true),
                ("OSRUNTIME_LOG", true),
                ("OSLOG", true),
            ]
        );
        let [first, ..] = removals.as_slice() else { panic!("{removals:?}") };
        assert_eq!(first.owned.len(), 1);
        let lines = context.lines();
        assert!(lines.contains("4 of 8 users have no login on this server"), "{lines}");
        assert!(lines.contains("OSLOG: whether it has a login cannot be seen"), "{lines}");
        let absent = SecurityContext::not_declared("Log", "not declared");
        assert_eq!(absent.lines(), "Log: not declared");
        assert!(absent.removals().is_empty());
    }
}
