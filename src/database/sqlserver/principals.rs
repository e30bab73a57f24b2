//! Users, their logins and roles, and what belongs to users, put together from the server's answers.

use std::time::Duration;

use super::checks::asked;
use super::connection::{Connection, integer, text};
use super::statements::principals;
use crate::database::{DatabaseRole, DatabaseUser, Owned, Result, SecurityFacts, UserLogin};

/// How a user is let in who is meant to have no login: nobody, and by the database itself.
const WITHOUT_LOGIN: [i64; 2] = [0, 2];

/// What the connection's own database knows.
pub(super) async fn security(
    connection: &mut Connection,
    limit: Duration,
) -> Result<SecurityFacts> {
    let sees = asked(connection, principals::SEES_LOGINS, limit).await?.unwrap_or_default();
    let sees = sees.first().map(|row| integer(row, 0)).transpose()?.flatten() == Some(1);
    let mut facts = SecurityFacts::default();
    let by_list = asked(connection, &principals::users(true), limit).await?;
    // What is not on a list that nobody has is not lacking.
    let sees = sees && by_list.is_some();
    let users = match by_list {
        Some(users) => users,
        None => {
            let results = connection.batch(&principals::users(false), limit).await?;
            results.into_iter().flatten().collect()
        }
    };
    for row in &users {
        let kind = text(row, 1)?.unwrap_or_default();
        // Certificates and keys sign in nobody; a contained user has its password here.
        let needs_none = matches!(kind.as_str(), "C" | "K")
            || integer(row, 2)?.is_some_and(|how| kind == "S" && WITHOUT_LOGIN.contains(&how));
        let login = match (text(row, 3)?, needs_none) {
            (Some(login), _) => UserLogin::Named(login),
            (None, true) => UserLogin::NotNeeded,
            (None, false) if sees => UserLogin::Lacking,
            (None, false) => UserLogin::Unseen,
        };
        facts.users.push(DatabaseUser { name: text(row, 0)?.unwrap_or_default(), login });
    }
    for row in &asked(connection, principals::ROLES, limit).await?.unwrap_or_default() {
        let name = text(row, 0)?.unwrap_or_default();
        let member = text(row, 1)?;
        match facts.roles.last_mut().filter(|role| role.name == name) {
            Some(role) => role.members.extend(member),
            None => {
                facts.roles.push(DatabaseRole { name, members: member.into_iter().collect() });
            }
        }
    }
    for (kind, statement) in principals::owned() {
        for row in &asked(connection, &statement, limit).await?.unwrap_or_default() {
            facts.owned.push(Owned {
                owner: text(row, 0)?.unwrap_or_default(),
                kind,
                schema: text(row, 1)?,
                name: text(row, 2)?.unwrap_or_default(),
            });
        }
    }
    Ok(facts)
}
