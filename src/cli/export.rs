//! `osferry export`: what a run's journal knows, for others to go on with.

use std::io::{BufWriter, ErrorKind, stdout};

use super::ending::{Exit, Trouble};
use super::{ExportArguments, ExportWhat, show};
use crate::front::Home;
use crate::migrate::journal::{Journal, Salvage};
use crate::report::{write_audit, write_ids, write_rejects};

pub(super) fn export(home: &Home, arguments: &ExportArguments) -> Result<Exit, Trouble> {
    let known = home.known(&arguments.run)?;
    let mut out = BufWriter::new(stdout().lock());
    let written = match arguments.what {
        ExportWhat::Ids => write_ids(&Salvage::open(&known.folder)?, &mut out),
        ExportWhat::Audit => write_audit(&Journal::open(&known.folder)?, &mut out),
        // Those of a clean-up: `cleanup::export` writes them.
        ExportWhat::Saved => Ok(Vec::new()),
        ExportWhat::Rejects => {
            write_rejects(&Journal::open(&known.folder)?, &mut out).map(|_| Vec::new())
        }
    };
    let mut lost = match written {
        Ok(lost) => lost,
        // Whoever reads has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Exit::Done),
        Err(error) => return Err(Trouble::refused(format!("cannot write: {error}"))),
    };
    if matches!(arguments.what, ExportWhat::Ids)
        && let Err(fault) = Journal::open(&known.folder).and_then(|journal| journal.check())
    {
        lost.push(fault.what);
    }
    for what in &lost {
        show::say(&format!("osferry: {what}"));
    }
    Ok(if lost.is_empty() { Exit::Done } else { Exit::WithRejects })
}
