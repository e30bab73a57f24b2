//! From decisions or a whole plan file to TOML.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::endpoint::{AUTHENTICATIONS, ENCRYPTIONS};
use super::{Endpoint, EndpointEngine, PlanFile, PlanFileError, RejectPolicy};
use crate::compare::{MatchBy, WhenFound};
use crate::plan::{Acceptance, Decisions, MapKind};

impl PlanFile {
    /// The text of the file with these decisions in place of its own; comments and everything
    /// else stay as they are.
    pub fn with_decisions(text: &str, decisions: &Decisions) -> Result<String, PlanFileError> {
        let mut document: DocumentMut =
            text.parse().map_err(|error: toml_edit::TomlError| PlanFileError(error.to_string()))?;
        put_decisions(&mut document, decisions);
        Ok(document.to_string())
    }

    /// The same, without the maps that it names: their decisions are among these.
    pub fn without_maps(text: &str, decisions: &Decisions) -> Result<String, PlanFileError> {
        let mut document: DocumentMut =
            text.parse().map_err(|error: toml_edit::TomlError| PlanFileError(error.to_string()))?;
        document.remove("maps");
        put_decisions(&mut document, decisions);
        Ok(document.to_string())
    }

    /// The text of a new plan file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut document = self.document();
        put_decisions(&mut document, &self.decisions);
        document.to_string()
    }

    /// The text of a draft: the plan as far as it is known, and the wizard's step.
    #[must_use]
    pub fn to_draft_text(&self, step: &str) -> String {
        let mut document = self.document();
        let mut wizard = Table::new();
        wizard.insert("step", value(step));
        document.insert("wizard", Item::Table(wizard));
        put_decisions(&mut document, &self.decisions);
        document.to_string()
    }

    /// Everything but the decisions, which stand last.
    fn document(&self) -> DocumentMut {
        let mut document = DocumentMut::new();
        document.insert("version", value(1));
        document.insert("name", value(&self.name));
        document.insert("source", Item::Table(self.source.to_table()));
        document.insert("destination", Item::Table(self.destination.to_table()));
        let list = |names: &[String]| value(names.iter().collect::<Array>());
        let mut scope = Table::new();
        scope.insert("applications", list(&self.scope.applications));
        scope.insert("espaces", list(&self.scope.espaces));
        scope.insert("solutions", list(&self.scope.solutions));
        if !self.scope.entities.is_empty() {
            scope.insert("entities", list(&self.scope.entities));
        }
        scope.insert("exclude", list(&self.scope.exclude));
        if self.scope.components {
            scope.insert("components", value(true));
        }
        document.insert("scope", Item::Table(scope));
        let mut options = Table::new();
        if let Some(replace) = self.scope.replace {
            options.insert("destination_rows", value(if replace { "replace" } else { "keep" }));
        }
        if let Some(said) = self.scope.personal_data {
            options.insert("personal_data", value(said.name()));
        }
        if self.scope.no_soft_keys {
            options.insert("soft_keys", value("off"));
        }
        let number = |n: usize| value(i64::try_from(n).unwrap_or(i64::MAX));
        options.insert("batch_rows", number(self.options.batch_rows));
        options.insert("parallel_entities", number(self.options.parallel_entities));
        options.insert("source_reading", value(self.options.source_reading.name()));
        options.insert("source_connections", number(self.options.source_connections));
        options.insert("source_pace", value(self.options.source_pace.name()));
        options.insert("keep_before_images", value(self.options.keep_before_images));
        if self.options.identity_ranges {
            options.insert("identity_ranges", value(true));
        }
        if self.options.rejects != RejectPolicy::GoOn {
            options.insert("rejects", value(self.options.rejects.name()));
        }
        if let Some(most) = self.options.max_rejects {
            options.insert("max_rejects", number(usize::try_from(most).unwrap_or(usize::MAX)));
        }
        document.insert("options", Item::Table(options));
        let Acceptance { accept, frozen } = &self.preflight;
        let mut preflight = Table::new();
        if !accept.is_empty() {
            let names = accept.iter().map(|kind| kind.name());
            preflight.insert("accept", value(names.collect::<Array>()));
        }
        if !frozen.is_empty() {
            preflight.insert("frozen", value(frozen));
        }
        if !preflight.is_empty() {
            document.insert("preflight", Item::Table(preflight));
        }
        let users = self.users();
        if !users.is_empty() {
            document.insert("users", Item::Table(users));
        }
        let mut maps = Table::new();
        for kind in MapKind::ALL {
            if let Some(file) = self.maps.get(kind) {
                maps.insert(kind.name(), value(file.to_string_lossy().as_ref()));
            }
        }
        if !maps.is_empty() {
            document.insert("maps", Item::Table(maps));
        }
        document
    }
}

impl PlanFile {
    /// What becomes of users, where it is not as usual.
    fn users(&self) -> Table {
        let strategy = &self.scope.users;
        let mut table = Table::new();
        if let Some((name, _)) =
            MatchBy::ALL.iter().skip(1).find(|(_, by)| *by == strategy.match_by)
        {
            table.insert("match_by", value(*name));
        }
        if strategy.existing != WhenFound::Use {
            table.insert("existing", value(strategy.existing.choice()));
        }
        if let Some(missing) = strategy.missing {
            table.insert("missing", value(missing.choice()));
        }
        if let Some(to) = &strategy.map_to {
            table.insert("map_to", value(to));
        }
        if strategy.copies_passwords {
            table.insert("passwords", value("copy"));
        }
        table
    }
}

/// Has a document hold these decisions in place of its own.
fn put_decisions(document: &mut DocumentMut, decisions: &Decisions) {
    let mut tables = ArrayOfTables::new();
    for decision in decisions.all() {
        let mut table = Table::new();
        table.insert("kind", value(decision.key.kind.name()));
        let key = &decision.key;
        for (name, part) in [
            ("espace", &key.espace),
            ("entity", &key.entity),
            ("attribute", &key.attribute),
            ("record", &key.record),
            ("user", &key.user),
            ("tenant", &key.tenant),
        ] {
            if !part.is_empty() {
                table.insert(name, value(part.as_str()));
            }
        }
        if !decision.about.is_empty() {
            table.insert("about", value(&decision.about));
        }
        table.insert("choice", value(&decision.choice));
        if let Some(to) = &decision.to {
            table.insert("to", value(to));
        }
        tables.push(table);
    }
    document.remove("decision");
    if !tables.is_empty() {
        document.insert("decision", Item::ArrayOfTables(tables));
    }
}

impl Endpoint {
    pub(super) fn to_table(&self) -> Table {
        let mut table = Table::new();
        match &self.engine {
            EndpointEngine::Sqlite { path } => {
                table.insert("engine", value("sqlite"));
                table.insert("path", value(path.to_string_lossy().as_ref()));
            }
            EndpointEngine::SqlServer {
                server,
                database,
                user,
                authentication,
                encryption,
                trust_certificate,
                ca_file,
            } => {
                table.insert("engine", value("sqlserver"));
                table.insert("server", value(server));
                table.insert("database", value(database));
                if !user.is_empty() {
                    table.insert("user", value(user));
                }
                let auth = AUTHENTICATIONS.iter().find(|(_, kind)| kind == authentication);
                table.insert("auth", value(auth.map_or("sql", |(name, _)| *name)));
                let encrypt = ENCRYPTIONS.iter().find(|(_, kind)| kind == encryption);
                table.insert("encrypt", value(encrypt.map_or("required", |(name, _)| *name)));
                if *trust_certificate {
                    table.insert("trust_certificate", value(true));
                }
                if let Some(file) = ca_file {
                    table.insert("ca_file", value(file.to_string_lossy().as_ref()));
                }
            }
        }
        if let Some(purpose) = self.purpose {
            table.insert("purpose", value(purpose.name()));
        }
        table
    }
}
