//! Neighbouring procedures that are under way on this machine: what somebody goes through over days
//! is kept with its plan, and gone on with.
//!
//! In the folder `checklists`: `<procedure>-<label>.json` what was said of its steps, `.md` the same
//! for a change ticket, and beside that of the main procedure its plan, which `osferry cleanup`,
//! `osferry restore` and `osferry oracle` take.

use std::path::{Path, PathBuf};

use super::checklists::Checklist;
use super::home::{Home, cannot_write, make_private, write_whole};
use super::refused;
use crate::database::Result;
use crate::procedures::{Errand, Walk};

/// A procedure that somebody has begun.
#[derive(Clone, Debug)]
pub struct KnownErrand {
    /// Which.
    pub errand: Errand,
    /// What it is done for.
    pub label: String,
    /// Steps of its main procedure that are done or left out, and all of them.
    pub steps: (usize, usize),
    /// The runs by which its statements were carried out.
    pub runs: Vec<String>,
    /// When something was said of it last.
    pub changed: jiff::Timestamp,
}

/// One as it was opened.
#[derive(Clone, Debug)]
pub struct OpenedErrand {
    /// How far each of its procedures is, the main one first.
    pub walks: Vec<Walk>,
    /// The text of its plan, where it has one.
    pub plan: Option<String>,
}

impl Home {
    /// The folder for what is gone through step by step.
    pub(super) fn checklists(&self) -> PathBuf {
        self.folder().join("checklists")
    }

    /// The plan of a procedure that is gone through.
    #[must_use]
    pub fn errand_plan(&self, errand: Errand, label: &str) -> PathBuf {
        self.checklists().join(format!("{}-{label}.toml", errand.main()))
    }

    /// Everything that was begun, the newest first. What cannot be read is passed over: opened by its
    /// name it says why.
    pub fn errands(&self) -> Result<Vec<KnownErrand>> {
        let folder = self.checklists();
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(refused(format!("cannot read {}: {error}", folder.display())));
            }
        };
        let mut found: Vec<KnownErrand> = Vec::new();
        for entry in entries.filter_map(std::result::Result::ok) {
            let path = entry.path();
            let Some((errand, label)) = named(&path) else { continue };
            let changed = entry.metadata().ok().and_then(|about| about.modified().ok());
            let Some(changed) = changed.and_then(|at| jiff::Timestamp::try_from(at).ok()) else {
                continue;
            };
            if let Some(known) =
                found.iter_mut().find(|known| known.errand == errand && known.label == label)
            {
                known.changed = known.changed.max(changed);
                continue;
            }
            let Ok(main) = Checklist::open(self, errand.main(), &label) else { continue };
            let steps = main.walk.done(main.procedure);
            let runs = main.walk.runs;
            found.push(KnownErrand { errand, label, steps, runs, changed });
        }
        found.sort_by(|a, b| b.changed.cmp(&a.changed).then_with(|| a.label.cmp(&b.label)));
        Ok(found)
    }

    /// Opens one; a new one where nobody has begun it.
    pub fn open_errand(&self, errand: Errand, label: &str) -> Result<OpenedErrand> {
        let walks: Result<Vec<Walk>> =
            errand.procedures().map(|name| Ok(Checklist::open(self, name, label)?.walk)).collect();
        let file = self.errand_plan(errand, label);
        let plan = match std::fs::read_to_string(&file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(refused(format!("cannot read {}: {error}", file.display()))),
        };
        Ok(OpenedErrand { walks: walks?, plan })
    }

    /// Keeps the plan of one; with `instead_of` everything that was kept under that name is called
    /// otherwise from now on.
    pub fn save_errand(
        &self,
        errand: Errand,
        label: &str,
        plan: &str,
        instead_of: Option<&str>,
    ) -> Result<PathBuf> {
        // A label that can name no checklist is refused there.
        Checklist::open(self, errand.main(), label)?;
        if let Some(old) = instead_of {
            self.rename_errand(errand, old, label)?;
        }
        let file = self.errand_plan(errand, label);
        make_private(&self.checklists()).map_err(|error| cannot_write(&file, &error))?;
        write_whole(&file, plan).map_err(|error| cannot_write(&file, &error))?;
        Ok(file)
    }

    /// The wanted name, with a number where one is called so already.
    #[must_use]
    pub fn free_errand_name(&self, errand: Errand, wanted: &str) -> String {
        let known = self.errands().unwrap_or_default();
        let is_free = |name: &String| {
            !known.iter().any(|one| one.errand == errand && one.label.eq_ignore_ascii_case(name))
        };
        let numbered = (1_u64..).map(|number| format!("{wanted}-{number}"));
        numbered.into_iter().find(is_free).unwrap_or_else(|| wanted.to_owned())
    }

    fn rename_errand(&self, errand: Errand, old: &str, new: &str) -> Result<()> {
        let remove = |file: &Path| match std::fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(cannot_write(file, &error))
            }
            _ => Ok(()),
        };
        for name in errand.procedures() {
            let was = Checklist::open(self, name, old)?;
            if was.walk != Walk::new(name, old) {
                let mut is = Checklist::open(self, name, new)?;
                is.walk = Walk { label: new.to_owned(), ..was.walk };
                is.save()?;
            }
            for ending in ["json", "md"] {
                remove(&self.checklists().join(format!("{name}-{old}.{ending}")))?;
            }
        }
        remove(&self.errand_plan(errand, old))
    }
}

/// Which one a file belongs to, and what that is done for.
fn named(file: &Path) -> Option<(Errand, String)> {
    let ending = file.extension()?;
    if ending != "json" && ending != "toml" {
        return None;
    }
    let stem = file.file_stem()?.to_str()?;
    Errand::ALL.into_iter().find_map(|errand| {
        let label = stem.strip_prefix(errand.main())?.strip_prefix('-')?;
        Some((errand, label.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedures::Said;

    #[test]
    fn what_was_begun_is_listed_gone_on_with_and_called_otherwise() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().to_path_buf());
        assert!(home.errands().expect("none").is_empty());
        home.save_errand(Errand::Cleanup, "may", "version = 1", None).expect("kept");
        let mut list = Checklist::open(&home, "clone-sqlserver", "may").expect("a list");
        list.say("users", Said::Done, "by hand").expect("said");
        list.save().expect("kept");
        let known = home.errands().expect("one");
        assert_eq!(known.len(), 1);
        assert_eq!((known[0].errand, known[0].label.as_str()), (Errand::Cleanup, "may"));
        assert_eq!(known[0].steps.0, 1);
        assert_eq!(home.free_errand_name(Errand::Cleanup, "clone"), "clone-1");
        home.save_errand(Errand::Cleanup, "june", "version = 1", Some("may")).expect("renamed");
        let opened = home.open_errand(Errand::Cleanup, "june").expect("it");
        assert_eq!(opened.walks[0].marks["users"].note, "by hand");
        assert_eq!(opened.plan.as_deref(), Some("version = 1"));
        let names: Vec<String> =
            home.errands().expect("one").into_iter().map(|known| known.label).collect();
        assert_eq!(names, ["june"]);
        assert!(home.save_errand(Errand::Restore, "a/b", "", None).is_err());
    }
}
