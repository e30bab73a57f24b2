//! What in a clone still names its original, or leads elsewhere: read-only.
//!
//! Of each value only the host is told that was found in it: the value may hold a secret.

use serde::Serialize;

use super::platform::read;
use crate::database::{
    ColumnRef, Filter, Result, RowsRequest, Source, TableName, TableShape, ValueKind,
};

/// Platform tables that hold host names, addresses and connections (`metamodel.md` §6).
const TABLES: [&str; 21] = [
    "OSSYS_PARAMETER",
    "OSSYS_PLATFORMCONFIG",
    "OSSYS_SERVER",
    "OSSYS_MODULEINTERNALADDRESS",
    "OSSYS_DBCATALOG",
    "OSSYS_DBCONNECTION",
    "OSSYS_EXTENSION_DBCONNECTION",
    "OSSYS_PLATFORMSVCS_OBSERVER",
    "OSSYS_CLOUDSERVICES_OBSERVER",
    "OSSYS_ENVIRONMENT",
    "OSSYS_AUTHPROVIDER",
    "OSSYS_APP_MOBILE_CONFIG",
    "OSSYS_MOBILE_CONFIG_DATA",
    "OSSYS_SITE_PROPERTY",
    "OSSYS_SITE_PROPERTY_SHARED",
    "OSSYS_WEB_REFERENCE",
    "OSSYS_REST_WEB_REFERENCE",
    "OSSYS_SOAP_CONSUME",
    "OSSYS_REST_EXPOSE",
    "OSSYS_SAPCONFIG",
    "OSSYS_EMAIL_DEFINITION",
];

/// What a connection string begins the server's name with.
const SERVER_WORDS: [&str; 3] = ["data source=", "server=", "host="];

/// What was found in a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FoundKind {
    /// A host of the original.
    Original,
    /// An address that leads elsewhere: the original's applications call it as well.
    Address,
    /// A server in a connection string.
    Connection,
}

impl FoundKind {
    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Original => "names the original",
            Self::Address => "leads elsewhere",
            Self::Connection => "connects elsewhere",
        }
    }
}

/// A place where something was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Remains {
    /// What it is.
    pub kind: FoundKind,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Which row: its name or its key.
    pub row: String,
    /// The host.
    pub host: String,
}

/// What a scan found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Scan {
    /// What was found.
    pub remains: Vec<Remains>,
    /// Tables that were looked through.
    pub tables: usize,
    /// The hosts of the original that were looked for.
    pub hosts: Vec<String>,
}

impl Scan {
    /// How many places still name the original.
    #[must_use]
    pub fn of_original(&self) -> usize {
        self.remains.iter().filter(|found| found.kind == FoundKind::Original).count()
    }

    /// For the person.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut text = format!(
            "{} places name the original ({}), {} lead elsewhere; {} tables looked through",
            self.of_original(),
            self.hosts.join(", "),
            self.remains.len() - self.of_original(),
            self.tables
        );
        for found in &self.remains {
            let Remains { kind, table, column, row, host } = found;
            text.push_str(&format!("\n  {}: {table}.{column} of {row}: {host}", kind.label()));
        }
        text
    }
}

/// The hosts by which an environment is known: its front-ends, and what else is declared.
pub async fn hosts_of(source: &dyn Source, declared: &[String]) -> Result<Vec<String>> {
    let mut hosts: Vec<String> = declared.iter().map(|host| host.trim().to_lowercase()).collect();
    if let Some(servers) =
        read(source, "OSSYS_SERVER", &["NAME", "IP_ADDRESS"], Filter::All).await?
    {
        for row in 0..servers.len() {
            hosts.push(servers.text(row, "NAME").trim().to_lowercase());
            hosts.push(servers.text(row, "IP_ADDRESS").trim().to_lowercase());
        }
    }
    // A host of one or two signs is in every text.
    hosts.retain(|host| host.len() > 2);
    hosts.sort();
    hosts.dedup();
    Ok(hosts)
}

/// Looks through the platform's tables for hosts of the original and for addresses.
pub async fn scan(source: &dyn Source, hosts: &[String]) -> Result<Scan> {
    let mut found = Scan { hosts: hosts.to_vec(), ..Scan::default() };
    for table in TABLES {
        let Some(shape) = source.shape(&TableName::new(table)).await? else { continue };
        found.tables += 1;
        look_through(source, table, &shape, hosts, &mut found.remains).await?;
    }
    found.remains.sort();
    found.remains.dedup();
    Ok(found)
}

async fn look_through(
    source: &dyn Source,
    table: &str,
    shape: &TableShape,
    hosts: &[String],
    remains: &mut Vec<Remains>,
) -> Result<()> {
    let texts: Vec<ColumnRef> = shape
        .columns
        .iter()
        .filter(|column| column.data_type.kind() == Some(ValueKind::Text))
        .map(ColumnRef::from)
        .collect();
    if texts.is_empty() {
        return Ok(());
    }
    let tells = ["NAME", "SITE_PROPERTY_DEFINITION_ID", "ID"];
    let tells = tells.iter().find_map(|name| shape.column(name));
    let mut columns = texts.clone();
    columns.extend(tells.map(ColumnRef::from));
    let rows = source.rows(&RowsRequest::whole(&shape.name, columns)).await?;
    for row in 0..rows.len() {
        let which = match tells {
            Some(column) => {
                format!("{} {}", column.name, rows.column(texts.len()).value(row))
            }
            None => format!("row {}", row + 1),
        };
        for (place, column) in texts.iter().enumerate() {
            let Some(text) = rows.column(place).text(row) else { continue };
            remains.extend(in_text(&text, hosts).into_iter().map(|(kind, host)| Remains {
                kind,
                table: table.to_owned(),
                column: column.name.clone(),
                row: which.clone(),
                host,
            }));
        }
    }
    Ok(())
}

/// What is found in a text: hosts of the original wherever they stand, and the hosts of addresses
/// and of connection strings.
fn in_text(text: &str, hosts: &[String]) -> Vec<(FoundKind, String)> {
    let lower = text.to_lowercase();
    let mut found: Vec<(FoundKind, String)> = hosts
        .iter()
        .filter(|host| has_host(&lower, host))
        .map(|host| (FoundKind::Original, host.clone()))
        .collect();
    let mut add = |kind, rest: &str| {
        let host = leading_host(rest);
        let is_own = matches!(host.as_str(), "" | "localhost" | "127.0.0.1" | ".");
        let is_known = found.iter().any(|(_, known)| has_host(&host, known));
        if !is_own && !is_known {
            found.push((kind, host));
        }
    };
    for (at, sign) in lower.match_indices("://") {
        add(FoundKind::Address, &lower[at + sign.len()..]);
    }
    for word in SERVER_WORDS {
        for (at, _) in lower.match_indices(word) {
            let begins = lower[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
            if begins {
                add(FoundKind::Connection, &lower[at + word.len()..]);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether a host stands in a text, not as a part of a longer word.
fn has_host(text: &str, host: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_');
    text.match_indices(host).any(|(at, _)| {
        !is_part(text[..at].chars().next_back()) && !is_part(text[at + host.len()..].chars().next())
    })
}

/// The host that a text begins with, without user, password, port and path.
fn leading_host(text: &str) -> String {
    let end = text.find(|c: char| {
        c.is_whitespace()
            || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>' | ';' | ',' | '\\')
    });
    let authority = &text[..end.unwrap_or(text.len())];
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let host = host.strip_prefix("tcp:").unwrap_or(host);
    let host = host.split(':').next().unwrap_or(host);
    host.trim_matches(['.', ')', '(']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_and_nothing_else_of_a_value() {
        let hosts = ["nhprdfe01".to_owned(), "www.nordhaven.example".to_owned()];
        let told = |text: &str| {
            let found = in_text(text, &hosts);
            found
                .iter()
                .map(|(kind, host)| format!("{kind:?} {host}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        for (text, expected) in [
            ("", ""),
            ("NHPRDFE01", "Original nhprdfe01"),
            ("NHPRDFE011", ""),
            ("http://NhPrdFe01.corp.local/x", "Original nhprdfe01"),
            (
                "https://anna:secret@api.partner.example:8443/v1?key=s3cret",
                "Address api.partner.example",
            ),
            ("Data Source=tcp:sql01.corp,1433;Password=geheim", "Connection sql01.corp"),
            ("see www.nordhaven.example.", "Original www.nordhaven.example"),
            ("http://localhost/x and ftp://files.example", "Address files.example"),
            ("observer=1", ""),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
