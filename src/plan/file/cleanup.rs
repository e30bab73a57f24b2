//! The plan of a clean-up: which database is the clone, which the original, and which steps are
//! taken besides or left out.

use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::notes::Notes;
use super::read::{endpoint, read_as};
use super::section::{Kind, Section};
use super::{Endpoint, PlanFileError};

const ROOT: Kind =
    Kind { heading: "", keys: &["version", "name", "clone", "original", "log", "cleanup"] };

const CLEANUP: Kind = Kind { heading: "[cleanup]", keys: &["with", "logins", "hosts", "skip"] };

/// The keys of a clean-up's plan: the tables as they are headed, each with its keys. Those of
/// `[clone]` and `[original]` are those of a plan's sides.
#[must_use]
pub fn cleanup_keys() -> Vec<(&'static str, &'static [&'static str])> {
    [ROOT, CLEANUP].into_iter().map(|kind| (kind.heading, kind.keys)).collect()
}

/// The plan of a clean-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanupFile {
    /// Its name.
    pub name: String,
    /// The copy, which is written.
    pub clone: Endpoint,
    /// What it was copied from, which is only read.
    pub original: Endpoint,
    /// The clone's Log database, where it has one of its own; it is only read.
    pub log: Option<Endpoint>,
    /// Optional steps that are taken.
    pub with: Vec<String>,
    /// Logins of the platform by names of one's own.
    pub logins: Vec<String>,
    /// Names of machines of the original, besides its front-ends.
    pub hosts: Vec<String>,
    /// Steps that are left out, each with the reason.
    pub skip: Vec<(String, String)>,
}

impl CleanupFile {
    /// Reads it; `fallback_name` is used when it has none. Unknown keys are refused, with their
    /// line.
    pub fn parse(text: &str, fallback_name: &str) -> Result<Self, PlanFileError> {
        let (file, notes) = Self::read(text, fallback_name)?;
        notes.into_refusal()?;
        Ok(file)
    }

    /// Reads one that is not finished: what is missing or not understood is left open.
    pub fn draft(text: &str, fallback_name: &str) -> Result<Self, PlanFileError> {
        Ok(Self::read(text, fallback_name)?.0)
    }

    fn read(text: &str, fallback_name: &str) -> Result<(Self, Notes), PlanFileError> {
        read_as(text, &ROOT, fallback_name, |root, name, notes| {
            let mut file = Self {
                name,
                clone: endpoint(root, "clone", notes),
                original: endpoint(root, "original", notes),
                log: root.item("log").is_some().then(|| endpoint(root, "log", notes)),
                with: Vec::new(),
                logins: Vec::new(),
                hosts: Vec::new(),
                skip: Vec::new(),
            };
            if let Some(table) = root.table("cleanup", notes) {
                let label = "[cleanup]".to_owned();
                let section = Section::new(label, root.place_of("cleanup"), table, &CLEANUP, notes);
                file.with = section.texts("with", notes);
                file.logins = section.texts("logins", notes);
                file.hosts = section.texts("hosts", notes);
                if let Some(skip) = section.table("skip", notes) {
                    for (step, item) in skip.iter() {
                        let reason = item.as_str().map(str::trim).unwrap_or_default();
                        if reason.is_empty() {
                            let what = format!(" {step} says no reason");
                            section.note("skip", &what, notes).advise(
                                ": a step is left out as step = \"why\", and the record keeps why",
                            );
                        }
                        file.skip.push((step.to_owned(), reason.to_owned()));
                    }
                }
            }
            file
        })
    }

    /// The text of a file that says the same.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut document = DocumentMut::new();
        document.insert("version", value(1));
        document.insert("name", value(&self.name));
        document.insert("clone", Item::Table(self.clone.to_table()));
        document.insert("original", Item::Table(self.original.to_table()));
        if let Some(log) = &self.log {
            document.insert("log", Item::Table(log.to_table()));
        }
        let mut cleanup = Table::new();
        for (key, texts) in [("with", &self.with), ("logins", &self.logins), ("hosts", &self.hosts)]
        {
            if !texts.is_empty() {
                cleanup.insert(key, value(texts.iter().collect::<Array>()));
            }
        }
        if !self.skip.is_empty() {
            let mut skip = Table::new();
            for (step, why) in &self.skip {
                skip.insert(step, value(why));
            }
            cleanup.insert("skip", Item::Table(skip));
        }
        if !cleanup.is_empty() {
            document.insert("cleanup", Item::Table(cleanup));
        }
        document.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
version = 1
[clone]
engine = "sqlite"
path = "clone.sqlite"
purpose = "non-production"
[original]
engine = "sqlite"
path = "prod.sqlite"
[cleanup]
with = ["cut-connections"]
[cleanup.skip]
single-sign-on = "the module Users is not used"
"#;

    #[test]
    fn a_plan_is_read_and_what_it_leaves_out_has_a_reason() {
        let file = CleanupFile::parse(WHOLE, "clone-of-may").expect("a plan");
        assert_eq!(file.name, "clone-of-may");
        assert_eq!(file.with, ["cut-connections"]);
        assert_eq!(file.log, None);
        let log = "[log]\nengine = \"sqlite\"\npath = \"log.sqlite\"\n[cleanup]\n";
        let with_log = CleanupFile::parse(&WHOLE.replace("[cleanup]\n", log), "x").expect("a plan");
        let engine = with_log.log.expect("a log database").engine;
        assert_eq!(engine, crate::plan::EndpointEngine::Sqlite { path: "log.sqlite".into() });
        let [(step, why)] = file.skip.as_slice() else { panic!("{:?}", file.skip) };
        assert_eq!(
            (step.as_str(), why.as_str()),
            ("single-sign-on", "the module Users is not used")
        );
        let again = CleanupFile::parse(&file.to_text(), "x").expect("what was written");
        assert_eq!(again, file);
        for (from, to, said) in [
            ("= \"the module Users is not used\"", "= \" \"", "says no reason"),
            ("with = ", "wiht = ", "did you mean \"with\""),
            ("[original]", "[orignal]", "[original] is missing"),
            ("version = 1", "version = 2", "version"),
            ("[cleanup]\n", "[log]\nengine = \"sqlite\"\n[cleanup]\n", "needs path"),
            ("[cleanup]\n", "[log]\nengine = \"sqlite\"\npaht = \"x\"\n[cleanup]\n", "path"),
        ] {
            let error = CleanupFile::parse(&WHOLE.replace(from, to), "x").expect_err(to);
            assert!(error.0.contains(said), "{to}: {error}");
        }
    }
}
