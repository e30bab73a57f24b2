//! Maps beside a plan: the files, and what they decide.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{refused, review};
use crate::compare::{Answers, Comparison};
use crate::database::Result;
use crate::migrate::Environments;
use crate::outsystems::Environment;
use crate::plan::{
    Decisions, MapDecisions, MapFiles, MapKind, MapText, Maps, ScopeRequest, map_template,
};

/// The maps that a person means: one of the files, or the folder where some of them lie.
pub fn find_maps(path: &Path) -> Result<MapFiles> {
    let names = MapKind::ALL.map(|kind| format!("{}.csv", kind.name()));
    let mut files = MapFiles::default();
    if path.is_dir() {
        for (kind, name) in MapKind::ALL.into_iter().zip(&names) {
            let file = path.join(name);
            if file.is_file() {
                *files.get_mut(kind) = Some(file);
            }
        }
        if files == MapFiles::default() {
            let none = format!("no map lies in {}", path.display());
            return Err(refused(none).advise(format!("They are called {}.", names.join(", "))));
        }
        return Ok(files);
    }
    let own = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    let Some(kind) = own.and_then(|own| names.iter().position(|name| *name == own)) else {
        let other = format!("{} is neither a folder nor a map", path.display());
        return Err(refused(other).advise(format!("Maps are called {}.", names.join(", "))));
    };
    *files.get_mut(MapKind::ALL[kind]) = Some(path.to_path_buf());
    Ok(files)
}

/// What maps decide in the place of what was decided about the same. The inner error has a sentence
/// for each line that cannot be obeyed; then none is. `is_named`: a plan names them, and none of its
/// own decisions may say something else about the same.
pub async fn take_maps(
    environments: Environments<'_>,
    files: &MapFiles,
    is_named: bool,
    scope: &ScopeRequest,
    decisions: &Decisions,
    answers: &mut Answers,
) -> Result<std::result::Result<MapDecisions, Vec<String>>> {
    let (source, destination) = (environments.source_model, environments.destination_model);
    let mut texts = read_maps(files, Path::new(""))?;
    // Where they lie is known to whoever named the path.
    for text in &mut texts {
        let name = files.get(text.kind).and_then(|file| file.file_name());
        text.file = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    }
    // Whatever is wrong is said at once, so lines that can be read are tried all the same.
    let (maps, mut wrong) = Maps::read_what_can_be(&texts, source);
    let said = maps.decisions();
    if is_named {
        wrong.extend(maps.decide(&mut decisions.clone()).err().into_iter().flatten());
    }
    let mut decisions = decisions.clone();
    decisions.replace(&said.about, said.made.clone());
    let reviewed = review(environments, scope, &mut decisions, answers, false, |_| {}).await?;
    wrong.extend(maps.check(&reviewed.comparison, source, destination));
    Ok(if wrong.is_empty() { Ok(said.asked_for_by(&reviewed.comparison)) } else { Err(wrong) })
}

/// Reads the files that a plan names; relative paths start from its folder.
pub fn read_maps(files: &MapFiles, folder: &Path) -> Result<Vec<MapText>> {
    let mut texts = Vec::new();
    for kind in MapKind::ALL {
        let Some(file) = files.get(kind) else { continue };
        let path = folder.join(file);
        let bytes = std::fs::read(&path).map_err(|error| {
            refused(format!("cannot read the map {}: {error}", path.display())).advise(
                "Its path stands under [maps] in the plan and starts from the plan's folder.",
            )
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..before].iter().filter(|byte| **byte == b'\n').count() + 1;
            refused(format!("the map {}, line {line}, is not in UTF-8", path.display()))
                .advise("Save the table as \"CSV UTF-8\".")
        })?;
        texts.push(MapText { kind, file: file.display().to_string(), text });
    }
    Ok(texts)
}

/// Writes the maps of a comparison into a folder, one file each. A file that is there already is
/// somebody's work: then nothing is written.
pub fn write_maps(
    folder: &Path,
    comparison: &Comparison,
    decisions: &Decisions,
    source: &Environment,
    destination: &Environment,
) -> Result<Vec<PathBuf>> {
    let path = |kind: MapKind| folder.join(format!("{}.csv", kind.name()));
    if let Some(there) = MapKind::ALL.into_iter().map(path).find(|path| path.exists()) {
        return Err(refused(format!("{} is there already; nothing was written", there.display()))
            .advise("Move it away, or name another folder."));
    }
    let cannot_write = |path: &Path, error: &std::io::Error| {
        refused(format!("cannot write to {}: {error}", path.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    let mut written = Vec::new();
    for kind in MapKind::ALL {
        let path = path(kind);
        let text = map_template(kind, comparison, decisions, source, destination);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // The names of people stand in it.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // Spreadsheets take a table without the mark for one in another encoding.
        options
            .open(&path)
            .and_then(|mut file| file.write_all(format!("\u{feff}{text}").as_bytes()))
            .map_err(|error| cannot_write(&path, &error))?;
        written.push(path);
    }
    Ok(written)
}
