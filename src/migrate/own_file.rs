//! Files that hold the applications' data are for their owner alone.

use std::fs::File;
use std::io;
use std::path::Path;

/// Makes a file that its owner alone may read, before anything is in it. Errors when there is one
/// already.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Deletes a file, unless there is none.
pub(super) fn delete(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
