//! One run or undo at a time for each destination on this machine, also where the server's own
//! lock does not tell two programs apart.

use std::fs::File;
use std::path::Path;

use super::home::{cannot_write, make_private};
use crate::database::{Destination, Fault, FaultKind, Result};

/// Held while a destination is written; the system frees it with the program, however that ends.
pub(super) struct OneWriter {
    _files: Vec<File>,
}

/// Takes the locks of a destination; refused while another program of this machine, with the same
/// home, has one of them. `run` is the folder of the run that is going to write.
pub(super) fn one_writer(run: &Path, destination: &dyn Destination) -> Result<OneWriter> {
    let home = run.parent().and_then(Path::parent).unwrap_or(run);
    let folder = home.join("locks");
    make_private(&folder).map_err(|error| cannot_write(&folder, &error))?;
    let facts = destination.facts();
    let identity = &facts.identity;
    let itself = [&identity.server.to_lowercase(), &identity.database_id, &identity.created];
    // A database is known by its group on every replica, where the login may see that.
    let names = [Some(itself.map(String::as_str).join("\n")), identity.group_id.clone()];
    let lock = |name: String| {
        let hash = blake3::hash(name.as_bytes()).to_hex();
        let path = folder.join(format!("{}.lock", &hash[..16]));
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| cannot_write(&path, &error))?;
        file.try_lock().map_err(|_| {
            Fault::new(
                FaultKind::Busy,
                format!("another osferry on this machine is writing to {}", facts.place),
            )
            .advise("Nothing was written. Wait until it has ended, then start again.")
        })?;
        Ok(file)
    };
    let files = names.into_iter().flatten().map(lock).collect::<Result<Vec<_>>>()?;
    Ok(OneWriter { _files: files })
}
