//! What a clean-up or a restore's comparison would do, as scripts for somebody who reads them first.

use std::path::{Path, PathBuf};

use super::carry::clock;
use super::cleanup::{Cleanup, Looked};
use super::refused;
use crate::database::{Result, Source, TableChange, TableWork};
use crate::migrate::changes;
use crate::plan::CleanupFile;
use crate::procedures::{self, ForeseenStep, Found, SecurityContext, ToCompare};

/// What every script of ours has in its first line: files without it are somebody's own.
const MARK: &str = "osferry";

/// A script with the file that it is for.
#[derive(Clone, Debug)]
pub struct DryScript {
    /// Its file.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
}

/// The file of a plan's script: beside the plan, under its name.
#[must_use]
pub fn script_beside(plan: &Path) -> PathBuf {
    plan.with_extension("sql")
}

/// A file beside a script's own, for what belongs to it.
fn beside(file: &Path, what: &str) -> PathBuf {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!("{name}-{what}.sql"))
}

/// A file's name, as it is typed in its folder.
fn name_of(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Cleanup {
    /// What was found as scripts: the rows in `file`, the users of each database in one beside it.
    /// Nothing is written. Where there is nothing to do, there is no script.
    pub async fn scripts(&self, looked: &Looked, file: &Path) -> Result<Vec<DryScript>> {
        let mut all = Vec::new();
        let changes = procedures::changes(&looked.steps)?;
        if !changes.is_empty() {
            let about = about(&self.file, &self.clone_source().facts().place);
            let of = |change: &TableChange| steps_of(&looked.steps, change);
            let name = name_of(file);
            let text = changes::script(self.destination(), changes, (&about, &name), of).await?;
            all.extend(text.map(|text| DryScript { file: file.to_path_buf(), text }));
        }
        let databases = [Some(self.clone_source()), self.log()];
        for (source, context) in databases.into_iter().zip(&looked.users) {
            let what = format!("{}-users", context.role.to_lowercase());
            let file = beside(file, &what);
            let text = source.and_then(|source| users_script(source, context, &name_of(&file)));
            all.extend(text.map(|text| DryScript { file, text }));
        }
        Ok(all)
    }
}

/// What a clean-up's script says of itself.
fn about(file: &CleanupFile, place: &str) -> Vec<String> {
    let name: String = file.name.chars().filter(|c| !c.is_control()).collect();
    let mut about = vec![
        format!("What osferry cleanup would do in {place} by the plan {name} ({}).", clock()),
        "One transaction: where a table has not the rows that it had then, nothing is changed."
            .to_owned(),
        "It is for review. Whoever carries it out instead of osferry does without the proof that this"
            .to_owned(),
        "is the copy, without the rows as they were, and without an undo: back the database up first."
            .to_owned(),
    ];
    about.extend(file.skip.iter().map(|(step, why)| format!("Left out: {step}: {why}")));
    about
}

/// The steps that a change is of.
fn steps_of(steps: &[ForeseenStep], change: &TableChange) -> Vec<String> {
    // Changes of one table are put together, those that set other columns apart.
    let is_same = |one: &TableChange| match (&one.work, &change.work) {
        (TableWork::Delete { .. }, TableWork::Delete { .. }) => true,
        (
            TableWork::Set { columns, from, .. },
            TableWork::Set { columns: others, from: other, .. },
        ) => columns == others && from == other,
        _ => false,
    };
    let is_of = |step: &&ForeseenStep| {
        step.tables.iter().any(|table| {
            matches!(&table.found, Found::Rows { change: one, .. }
                if one.table.name == change.table.name && one.rows() > 0 && is_same(one))
        })
    };
    steps.iter().filter(is_of).map(|step| format!("{} [{}]", step.title, step.step)).collect()
}

/// The script that deletes the users of one database; `None` where there is none to delete.
fn users_script(source: &dyn Source, context: &SecurityContext, file: &str) -> Option<String> {
    let removals = context.removals();
    if removals.is_empty() {
        return None;
    }
    let place = &context.place;
    let about = [
        format!("What osferry proposes for the users of {place} ({}).", clock()),
        "C2.1, N1: users of the original's logins are deleted; what belongs to them gets the owner dbo"
            .to_owned(),
        "first. Weigh what that means for the applications. osferry carries none of it out; what is a"
            .to_owned(),
        "comment below is yours to decide.".to_owned(),
    ];
    source.removal_of_users(&about, file, &removals)
}

/// What comparing a restore would read, as a script; each database on both servers.
#[must_use]
pub fn reading_script(all: &[ToCompare]) -> String {
    let mut text = format!(
        "-- What osferry restore would read ({}): on the old server and on the new one. Nothing is written.\n",
        clock()
    );
    for one in all {
        let line = format!("\n-- {}, {} and {}\n", one.database, one.old, one.new);
        text.push_str(&line.replace(|c: char| c.is_control() && c != '\n', " "));
        for statement in one.tables.iter().flat_map(|table| &table.statements) {
            text.push_str(statement);
            text.push('\n');
        }
    }
    text
}

/// Writes scripts, in place of earlier ones. Errs before the first where a file is there that osferry
/// has not written.
pub fn save_scripts(scripts: &[DryScript]) -> Result<()> {
    for DryScript { file, .. } in scripts {
        let first = match std::fs::read(file) {
            Ok(bytes) => bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().to_vec(),
            Err(_) => continue,
        };
        if !String::from_utf8_lossy(&first).contains(MARK) {
            return Err(refused(format!("{} is there, and not by osferry", file.display()))
                .advise("Nothing was written. Name another file for the script (--script FILE)."));
        }
    }
    for DryScript { file, text } in scripts {
        std::fs::write(file, text)
            .map_err(|error| refused(format!("cannot write {}: {error}", file.display())))?;
    }
    Ok(())
}
