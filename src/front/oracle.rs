//! The scripts of a clone on Oracle, written as files.

use std::path::{Path, PathBuf};

use super::refused;
use crate::database::Result;
use crate::procedures::OracleClone;

/// Writes them into a folder, which may be new; what is there already is left alone, and refused.
pub fn write_scripts(clone: &OracleClone, folder: &Path) -> Result<Vec<PathBuf>> {
    let scripts = clone.scripts()?;
    let cannot =
        |error: std::io::Error| refused(format!("cannot write to {}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(cannot)?;
    // Somebody may have filled them in.
    if let Some(there) = scripts.iter().find(|script| folder.join(script.name).exists()) {
        let what = format!("{} is there already", folder.join(there.name).display());
        return Err(refused(what).advise("Nothing was written. Name another folder."));
    }
    let mut files = Vec::new();
    for script in &scripts {
        let file = folder.join(script.name);
        std::fs::write(&file, &script.text).map_err(cannot)?;
        files.push(file);
    }
    Ok(files)
}
