//! The scripts with which a clone is made on Oracle: export, import, clean-up.
//!
//! There is no connection to Oracle. What a person gives is checked as Oracle's identifiers, and what
//! is not one is refused: no text of theirs reaches a script in another way.

mod cleanup;
mod identifier;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::database::{Fault, FaultKind, Result};
use identifier::{check, quoted};

/// What is asked of the person, as a file in TOML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OracleClone {
    /// 1
    pub version: u64,
    /// The dump file's name, without its ending.
    pub dump: String,
    /// The directory object in Oracle that the dump lies in.
    #[serde(default)]
    pub directory: Option<String>,
    /// Whether the clone is in the same instance as its original.
    pub same_instance: bool,
    /// The platform's schemas, and further ones.
    pub schema: Vec<Remap>,
    /// The tablespaces.
    pub tablespace: Vec<Remap>,
    /// The new Platform admin schema: one of the new schemas.
    pub admin: String,
}

/// A name in the original, and the one that it gets in the clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remap {
    /// In the original.
    pub from: String,
    /// In the clone.
    pub to: String,
}

/// A script, or a file that goes with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OracleScript {
    /// Its file's name.
    pub name: &'static str,
    /// What is in it.
    pub text: String,
}

impl OracleClone {
    /// Nothing filled in yet.
    #[must_use]
    pub fn empty() -> Self {
        Self { version: 1, ..Self::default() }
    }

    /// Reads one that is not finished, as it was written: nothing in it is checked.
    pub fn draft(text: &str) -> Result<Self> {
        toml::from_str(text)
            .map_err(|error| Fault::new(FaultKind::Invalid, error.to_string().trim().to_owned()))
    }

    /// The text of a file that says the same.
    #[must_use]
    pub fn to_text(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// Reads it from TOML, and refuses what is no identifier, is there twice, or would overwrite
    /// the original.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid =
            |what: String| Fault::new(FaultKind::Invalid, what).advise("Nothing was written.");
        let mut read: Self =
            toml::from_str(text).map_err(|error| invalid(error.to_string().trim().to_owned()))?;
        if read.version != 1 {
            return Err(invalid(format!("version = {}: this osferry knows 1", read.version)));
        }
        check("dump", &mut read.dump)?;
        if let Some(directory) = &mut read.directory {
            check("directory", directory)?;
        }
        check("admin", &mut read.admin)?;
        for (kind, pairs) in [("schema", &mut read.schema), ("tablespace", &mut read.tablespace)] {
            if pairs.is_empty() {
                return Err(invalid(format!("there is no [[{kind}]]")));
            }
            for pair in pairs.iter_mut() {
                check(kind, &mut pair.from)?;
                check(kind, &mut pair.to)?;
            }
            for (place, pair) in pairs.iter().enumerate() {
                if pairs[..place].iter().any(|other| other.from == pair.from || other.to == pair.to)
                {
                    return Err(invalid(format!(
                        "{kind} {} or {} is there twice",
                        pair.from, pair.to
                    )));
                }
                if pairs.iter().any(|other| other.from == pair.to) && read.same_instance {
                    return Err(invalid(format!(
                        "{kind} {} is the original's own: in the same instance the clone's has \
                         another name",
                        pair.to
                    )));
                }
            }
        }
        if !read.schema.iter().any(|pair| pair.to == read.admin) {
            let what = format!("admin = {:?} is not the new name of a [[schema]]", read.admin);
            return Err(invalid(what));
        }
        Ok(read)
    }

    /// The scripts, in the order in which they are used.
    pub fn scripts(&self) -> Result<Vec<OracleScript>> {
        Ok(vec![
            OracleScript { name: "1-export.par", text: self.export() },
            OracleScript { name: "2-create.sql", text: self.create() },
            OracleScript { name: "3-import.par", text: self.import() },
            OracleScript { name: "4-clean-up.sql", text: cleanup::script(&self.admin)? },
        ])
    }

    fn directory_line(&self) -> String {
        self.directory.as_ref().map_or_else(String::new, |name| format!("DIRECTORY={name}\n"))
    }

    /// C5.2, C5.3
    fn export(&self) -> String {
        let schemas: Vec<&str> = self.schema.iter().map(|pair| pair.from.as_str()).collect();
        let mut text = String::from(
            "# C5.2 All schemas of the environment in one dump:\n\
             #   expdp \\\"/ as sysdba\\\" PARFILE=1-export.par\n\
             # C5.3 Read the log: it has to end without errors.\n",
        );
        text.push_str(&self.directory_line());
        let _ = writeln!(text, "DUMPFILE={0}.dmp\nLOGFILE={0}_export.log", self.dump);
        let _ = writeln!(text, "SCHEMAS={}", schemas.join(","));
        text
    }

    /// C5.4, C5.5
    fn create(&self) -> String {
        let mut text = String::from(
            "-- C5.5 Users and tablespaces of the clone. Customise the platform's own creation scripts \
             (further\n-- schemas: Service Center > Administration > Database Schemas); these are the \
             names that they need.\n-- No path, tablespace or user may clash with one that is there. \
             Sizes, paths and passwords are\n-- yours: the lines are notes, and carry nothing out.\n\n",
        );
        for pair in &self.tablespace {
            let (to, from) = (quoted(&pair.to), &pair.from);
            let _ = writeln!(text, "-- CREATE TABLESPACE {to} …;  for {from}");
        }
        for pair in &self.schema {
            let (to, from) = (quoted(&pair.to), &pair.from);
            let _ = writeln!(text, "-- CREATE USER {to} …;  for {from}");
        }
        text.push_str(
            "-- Admin users: CREATE SESSION, VIEW, TABLE, SEQUENCE, PROCEDURE, TRIGGER; ALTER SESSION.\n\
             -- Runtime users: CREATE SESSION.\n",
        );
        if self.same_instance {
            text.push_str(
                "\n-- C5.4 The same instance: the clone's users must have no right on the original's \
                 schemas.\n-- What this lists is to be revoked first.\n",
            );
            let names = |pick: fn(&Remap) -> &String| {
                let all = self.schema.iter().map(|pair| format!("'{}'", pick(pair)));
                all.collect::<Vec<_>>().join(", ")
            };
            let _ = writeln!(
                text,
                "SELECT grantee, privilege, owner, table_name FROM dba_tab_privs\n\
                 WHERE grantee IN ({})\nAND owner IN ({});",
                names(|pair| &pair.to),
                names(|pair| &pair.from)
            );
        }
        text
    }

    /// C5.6
    fn import(&self) -> String {
        let mut text = String::from(
            "# C5.6 Everything at once:\n\
             #   impdp \\\"/ as sysdba\\\" PARFILE=3-import.par\n\
             # A warning that tablespaces and schemas exist is expected.\n",
        );
        text.push_str(&self.directory_line());
        let _ = writeln!(text, "DUMPFILE={0}.dmp\nLOGFILE={0}_import.log", self.dump);
        for (word, pairs) in
            [("REMAP_SCHEMA", &self.schema), ("REMAP_TABLESPACE", &self.tablespace)]
        {
            for pair in pairs.iter().filter(|pair| pair.from != pair.to) {
                let _ = writeln!(text, "{word}={}:{}", pair.from, pair.to);
            }
        }
        text
    }
}
