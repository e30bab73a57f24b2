//! Scripts that give a login exactly the rights that it needs, and take them back.

use super::{literal, quote, table_sql};
use crate::database::{GrantRequest, GrantScript, Right, TableName, same_name};

/// The scripts; `user` is what the database calls the login, where that is known.
pub(in super::super) fn scripts(
    database: &str,
    user: Option<&str>,
    request: &GrantRequest,
) -> GrantScript {
    let mut catalogs: Vec<&str> = vec![database];
    for (table, _) in &request.tables {
        let catalog = table.catalog.as_deref().unwrap_or(database);
        if !catalogs.iter().any(|known| same_name(known, catalog)) {
            catalogs.push(catalog);
        }
    }
    let mut script = GrantScript { grant: String::new(), revoke: String::new() };
    for catalog in catalogs {
        let of_it = |(table, _): &&(TableName, Vec<Right>)| {
            same_name(table.catalog.as_deref().unwrap_or(database), catalog)
        };
        let tables: Vec<_> = request.tables.iter().filter(of_it).collect();
        // Another database may call the login otherwise.
        let user = user.filter(|_| catalog == database).unwrap_or(&request.login);
        add(&mut script, catalog, user, request, &tables);
    }
    script
}

fn add(
    script: &mut GrantScript,
    catalog: &str,
    user: &str,
    request: &GrantRequest,
    tables: &[&(TableName, Vec<Right>)],
) {
    let name = quote(user);
    let mut roles = vec!["[db_datareader]"];
    roles.extend(request.reads_only.then_some("[db_denydatawriter]"));
    // No right on a table lets anybody set its identity: it takes this role.
    let sets =
        request.sets_identities && tables.iter().any(|(_, rights)| rights.contains(&Right::Alter));
    roles.extend(sets.then_some("[db_ddladmin]"));
    let begin = format!("USE {};\nGO\n", quote(catalog));
    let GrantScript { grant, revoke } = script;
    grant.push_str(&begin);
    grant.push_str(&format!(
        "IF DATABASE_PRINCIPAL_ID({}) IS NULL\n    CREATE USER {name} FOR LOGIN {};\nGO\n",
        literal(user),
        quote(&request.login)
    ));
    revoke.push_str(&begin);
    for (table, rights) in tables {
        if rights.is_empty() {
            continue;
        }
        let words: Vec<&str> = rights.iter().map(|right| right.word()).collect();
        let local = TableName { catalog: None, ..table.clone() };
        let (words, on) = (words.join(", "), table_sql(&local));
        grant.push_str(&format!("GRANT {words} ON OBJECT::{on} TO {name};\n"));
        revoke.push_str(&format!("REVOKE {words} ON OBJECT::{on} FROM {name};\n"));
    }
    grant.push_str(&format!("GRANT VIEW DEFINITION TO {name};\n"));
    revoke.push_str(&format!("REVOKE VIEW DEFINITION FROM {name};\n"));
    for role in roles {
        grant.push_str(&format!("ALTER ROLE {role} ADD MEMBER {name};\n"));
        revoke.push_str(&format!("ALTER ROLE {role} DROP MEMBER {name};\n"));
    }
    grant.push_str("GO\n");
    revoke.push_str("GO\n");
}
