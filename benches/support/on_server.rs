//! Practice pairs on the server that the environment names.

use std::path::PathBuf;
use std::process::Command;

use osferry::database::Secret;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::engine::Server;
use crate::support::{Attribute, ESPACE, in_model, table_of};

/// A practice pair in two databases of its own.
pub struct ServerPair {
    pub server: Server,
    /// The plan file's, and the program's.
    pub folder: TempDir,
    pub source: String,
    pub destination: String,
}

impl ServerPair {
    /// Makes one, with so many rows in its large entities.
    pub fn make(runtime: &Runtime, server: &Server, rows: u32) -> Self {
        let database = || runtime.block_on(server.create_database());
        let (source, destination) = (database(), database());
        let folder = tempfile::tempdir().expect("a folder");
        let output = Command::new(env!("CARGO_BIN_EXE_osferry"))
            .current_dir(folder.path())
            .env("OSFERRY_HOME", folder.path().join("home"))
            .env("OSFERRY_DESTINATION_PASSWORD", &server.password)
            .args(["practice", "--dir", "pair", "--make-only", "--rows", &rows.to_string()])
            .args(["--sqlserver", &server.address, "--user", &server.user])
            .args(["--source", &source, "--destination", &destination, "--trust-certificate"])
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { server: server.clone(), folder, source, destination }
    }

    /// The sample plan.
    pub fn plan_file(&self) -> PathBuf {
        self.folder.path().join("pair").join(format!("practice-{}.toml", self.destination))
    }

    /// The password of both.
    pub fn secret(&self) -> Secret {
        Secret::from(self.server.password.clone())
    }

    /// Drops both databases.
    pub fn clear(self, runtime: &Runtime) {
        for database in [&self.source, &self.destination] {
            runtime.block_on(self.server.drop_database(database));
        }
    }
}

/// Asks for the id of the espace that entities are added to.
pub fn espace() -> String {
    format!("SELECT CAST(ID AS varchar(20)) FROM OSSYS_ESPACE WHERE NAME = '{ESPACE}'")
}

/// The statements that add an entity, number `place` of a benchmark, with an identifier that the
/// database makes. It has no rows yet.
pub fn entity(espace: i64, place: usize, table: &str, attributes: &[Attribute]) -> String {
    let mut sql = table_of(table, "ID int IDENTITY(1,1) NOT NULL PRIMARY KEY", attributes);
    let tables = ["OSSYS_ENTITY", "OSSYS_ENTITY_ATTR"];
    for (table, rows) in tables.into_iter().zip(in_model(espace, place, table, attributes)) {
        sql.push_str(&format!(
            "\nSET IDENTITY_INSERT {table} ON;\n{rows}\nSET IDENTITY_INSERT {table} OFF;"
        ));
    }
    sql
}

/// A statement that inserts so many rows, which are numbered from 0.
pub fn numbered(rows: u32, into: &str, values: &str) -> String {
    let digits = "(VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))";
    let joined: Vec<String> = (1..=7).map(|place| format!("{digits} AS d{place} (v)")).collect();
    let number = "d1.v + 10 * d2.v + 100 * d3.v + 1000 * d4.v + 10000 * d5.v + 100000 * d6.v + \
                  1000000 * d7.v";
    format!(
        "{into} SELECT {values} FROM (SELECT {number} AS n FROM {}) AS numbers WHERE n < {rows} ORDER \
         BY n;",
        joined.join(" CROSS JOIN ")
    )
}
