//! Drafts: plans that the wizard has not finished, one file each.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::home::{Home, cannot_write, make_private, write_whole};
use super::refused;
use crate::database::Result;

/// The longest name of a draft, in characters: even where each takes four bytes, the file's name
/// stays below the 255 bytes that file systems allow.
const LONGEST: usize = 60;

/// A draft of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDraft {
    /// Its name: the file's, without its ending.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// When it was last saved.
    pub changed: SystemTime,
    /// What stands in it.
    pub text: String,
}

impl Home {
    fn drafts_folder(&self) -> PathBuf {
        self.folder().join("drafts")
    }

    fn draft_file(&self, name: &str) -> PathBuf {
        self.drafts_folder().join(format!("{}.toml", safe_name(name)))
    }

    /// A folder for the maps of a draft, of its name, where nothing is yet.
    #[must_use]
    pub fn free_maps_folder(&self, name: &str) -> PathBuf {
        self.free_folder("maps", name)
    }

    /// A folder for the scripts of a plan's rights, of its name, where nothing is yet.
    #[must_use]
    pub fn free_rights_folder(&self, name: &str) -> PathBuf {
        self.free_folder("rights", name)
    }

    fn free_folder(&self, of: &str, name: &str) -> PathBuf {
        let folder = self.folder().join(of);
        let own = safe_name(name);
        let mut free = folder.join(&own);
        let mut number = 1;
        while free.exists() {
            number += 1;
            free = folder.join(format!("{own}-{number}"));
        }
        free
    }

    /// All drafts, newest first. A file that cannot be read is not among them.
    pub fn drafts(&self) -> Result<Vec<KnownDraft>> {
        let folder = self.drafts_folder();
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(refused(format!("cannot read {}: {error}", folder.display())));
            }
        };
        let mut drafts: Vec<KnownDraft> = entries
            .filter_map(std::result::Result::ok)
            .filter_map(|entry| read(entry.path()))
            .collect();
        drafts.sort_by(|a, b| b.changed.cmp(&a.changed).then_with(|| a.name.cmp(&b.name)));
        Ok(drafts)
    }

    /// Saves a draft and returns its file. An earlier draft of that name is replaced as a whole
    /// or not at all.
    pub fn save_draft(&self, name: &str, text: &str) -> Result<PathBuf> {
        let folder = self.drafts_folder();
        let path = self.draft_file(name);
        make_private(&folder).map_err(|error| cannot_write(&folder, &error))?;
        write_whole(&path, text).map_err(|error| cannot_write(&path, &error))?;
        Ok(path)
    }

    /// Removes a draft; one that is not there is removed already.
    pub fn remove_draft(&self, name: &str) -> Result<()> {
        let path = self.draft_file(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(refused(format!("cannot remove {}: {error}", path.display())))
            }
            _ => Ok(()),
        }
    }

    /// The wanted name as it is, where no draft has it; else the next one after it, fit for a file.
    #[must_use]
    pub fn free_draft_name(&self, wanted: &str) -> String {
        let folder = self.drafts_folder();
        // Where the file system tells case apart another one may not: the drafts may be copied.
        let taken: Vec<String> = std::fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .filter_map(std::result::Result::ok)
            .map(|entry| entry.file_name().to_string_lossy().to_lowercase())
            .collect();
        let is_free = |name: &str| !taken.contains(&format!("{}.toml", name.to_lowercase()));
        let as_file = safe_name(wanted);
        if is_free(&as_file) {
            return wanted.to_owned();
        }
        let mut number = 2_u64;
        loop {
            let ending = format!("-{number}");
            let room = LONGEST - ending.len();
            let start: String = as_file.chars().take(room).collect();
            let name = safe_name(&format!("{start}{ending}"));
            if is_free(&name) {
                return name;
            }
            number += 1;
        }
    }
}

fn read(path: PathBuf) -> Option<KnownDraft> {
    if path.extension().is_none_or(|ending| ending != "toml") {
        return None;
    }
    let name = path.file_stem()?.to_string_lossy().into_owned();
    let bytes = std::fs::read(&path).ok()?;
    let changed = std::fs::metadata(&path).and_then(|facts| facts.modified()).unwrap_or(UNIX_EPOCH);
    Some(KnownDraft { name, path, changed, text: String::from_utf8_lossy(&bytes).into_owned() })
}

/// A name that every file system takes, and that leads nowhere else. Safe names stay as they are.
fn safe_name(wanted: &str) -> String {
    let cleaned: String = wanted
        .chars()
        .map(|c| if c.is_control() || "<>:\"/\\|?*".contains(c) { '-' } else { c })
        .collect();
    // A leading dot hides a file, a name of dots is a folder, and Windows drops dots and spaces at
    // the end.
    let is_edge = |c: char| c == '.' || c.is_whitespace();
    let start: String = cleaned.trim_start_matches(is_edge).chars().take(LONGEST).collect();
    let name = start.trim_end_matches(is_edge);
    if name.is_empty() {
        return "draft".to_owned();
    }
    if is_reserved(name) {
        let rest: String = name.chars().take(LONGEST - 1).collect();
        return format!("_{rest}").trim_end_matches(is_edge).to_owned();
    }
    name.to_owned()
}

/// Whether Windows takes a name for a device, whatever its ending.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str()) {
        return true;
    }
    let numbered = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    numbered.is_some_and(|number| {
        let mut signs = number.chars();
        signs.next().is_some_and(|sign| sign.is_ascii_digit() || "¹²³".contains(sign))
            && signs.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        (folder, home)
    }

    fn names(home: &Home) -> Vec<String> {
        home.drafts().expect("drafts").into_iter().map(|draft| draft.name).collect()
    }

    #[test]
    fn drafts_are_saved_listed_newest_first_and_removed() {
        let (_folder, home) = home();
        assert_eq!(names(&home), Vec::<String>::new());
        let old = home.save_draft("old", "name = \"old\"\n").expect("saved");
        home.save_draft("new", "name = \"new\"\n").expect("saved");
        let yesterday = SystemTime::now() - std::time::Duration::from_secs(86_400);
        std::fs::File::options()
            .write(true)
            .open(&old)
            .and_then(|file| file.set_modified(yesterday))
            .expect("an older file");
        assert_eq!(names(&home), ["new", "old"]);
        let draft = home.drafts().expect("drafts").pop().expect("the older");
        assert_eq!((draft.text.as_str(), &draft.path), ("name = \"old\"\n", &old));
        home.remove_draft("old").expect("removed");
        home.remove_draft("old").expect("gone already");
        assert_eq!(names(&home), ["new"]);
    }

    #[test]
    fn a_draft_saved_again_is_replaced_and_leaves_nothing_beside_it() {
        let (_folder, home) = home();
        home.save_draft("claims", "a text that is longer").expect("saved");
        let path = home.save_draft("claims", "short").expect("saved");
        assert_eq!(std::fs::read_to_string(&path).expect("a draft"), "short");
        let folder = path.parent().expect("a folder");
        assert_eq!(std::fs::read_dir(folder).expect("a folder").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_a_draft() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, home) = home();
        let path = home.save_draft("claims", "x").expect("saved");
        let mode =
            |path: &std::path::Path| std::fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(mode(&path) & 0o777, 0o600);
        assert_eq!(mode(path.parent().expect("a folder")) & 0o777, 0o700);
    }

    #[test]
    fn other_files_are_no_drafts_and_spoilt_text_is_still_one() {
        let (_folder, home) = home();
        let path = home.save_draft("claims", "x").expect("saved");
        let folder = path.parent().expect("a folder");
        std::fs::write(folder.join("notes.txt"), "x").expect("a file");
        std::fs::write(folder.join("spoilt.toml"), [0xff, b'x']).expect("a file");
        let mut names = names(&home);
        names.sort();
        assert_eq!(names, ["claims", "spoilt"]);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_said() {
        let (folder, _) = home();
        let occupied = folder.path().join("occupied");
        std::fs::write(&occupied, "a file where a folder should be").expect("a file");
        let fault = Home::at(occupied).save_draft("claims", "x").expect_err("no folder");
        assert!(fault.to_string().contains("OSFERRY_HOME"), "{fault}");
    }

    #[test]
    fn a_free_name_is_the_wanted_one_or_the_next() {
        let (_folder, home) = home();
        assert_eq!(home.free_draft_name("claims"), "claims");
        home.save_draft("Claims", "x").expect("saved");
        assert_eq!(home.free_draft_name("claims"), "claims-2");
        home.save_draft("claims-2", "x").expect("saved");
        assert_eq!(home.free_draft_name("claims"), "claims-3");
        let long = "n".repeat(200);
        home.save_draft(&long, "x").expect("saved");
        let next = home.free_draft_name(&long);
        assert!(next.ends_with("-2") && next.chars().count() == LONGEST, "{next}");
    }

    #[test]
    fn names_lead_nowhere_else() {
        for (wanted, safe) in [
            ("claims refresh", "claims refresh"),
            ("../../etc/passwd", "-..-etc-passwd"),
            ("C:\\plans\\a", "C--plans-a"),
            ("..", "draft"),
            ("", "draft"),
            ("con", "_con"),
            ("NUL.toml", "_NUL.toml"),
            ("com1", "_com1"),
            ("company", "company"),
            ("ends. ", "ends"),
            ("a\nb", "a-b"),
        ] {
            assert_eq!(safe_name(wanted), safe, "{wanted:?}");
        }
    }

    proptest! {
        #[test]
        fn every_name_becomes_one_that_can_be_saved(wanted in any::<String>()) {
            let name = safe_name(&wanted);
            prop_assert_eq!(safe_name(&name), name.clone());
            prop_assert!((1..=LONGEST).contains(&name.chars().count()));
            prop_assert!(!is_reserved(&name) && !name.starts_with('.') && !name.ends_with('.'));
            prop_assert!(!name.contains(['/', '\\', ':']));
        }
    }
}
