//! A restore compared: the Platform database, its catalogs, and what else moves with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::checklists::Checklist;
use super::{open, refused};
use crate::database::{ConnectionSpec, Result, Secret, Source};
use crate::outsystems::Side;
use crate::plan::RestoreFile;
use crate::procedures::{Compared, Said, ToCompare, catalogs, check_moment, compare, to_compare};

/// The procedure whose checklist goes with it, and its step.
pub const RESTORE: &str = "restore";
const STEP: &str = "compare";
/// From this step on a comparison says nothing of the restore.
const TOO_LATE: &str = "open-tool";

/// Refuses to compare once the checklist says that an application server is pointed over.
pub fn check_not_too_late(checklist: &Checklist) -> Result<()> {
    let is_step = |name: &&String| name.split('@').next() == Some(TOO_LATE);
    match checklist.walk.marks.keys().find(is_step) {
        None => Ok(()),
        Some(step) => Err(refused(format!(
            "the checklist says that an application server is pointed over already ({step})"
        ))
        .advise("What differs now says nothing of the restore, so nothing was compared.")),
    }
}

/// Ticks the comparison off in the checklist, where everything is as it was; the checklist's file
/// for people then. Where something is not, what an earlier comparison said is taken back.
pub fn tick(checklist: &mut Checklist, compared: &[Compared]) -> Result<Option<PathBuf>> {
    if !compared.iter().all(Compared::is_intact) {
        if checklist.walk.marks.contains_key(STEP) {
            checklist.say(STEP, Said::Open, "")?;
            checklist.save()?;
        }
        return Ok(None);
    }
    let rows: u64 = compared.iter().map(|one| one.rows).sum();
    let note = format!("{} databases, {rows} rows: intact", compared.len());
    checklist.say(STEP, Said::Done, &note)?;
    checklist.save().map(Some)
}

/// Where a restore's databases are, and how to sign in.
pub struct Restore<'a> {
    /// Its plan.
    pub file: &'a RestoreFile,
    /// The folder that relative paths in it start from.
    pub folder: &'a Path,
    /// What the old server's sign-in needs.
    pub old_secret: Option<Secret>,
    /// The same of the new one.
    pub new_secret: Option<Secret>,
}

impl Restore<'_> {
    /// Compares every database that moves: Platform, its further catalogs, and those that the plan
    /// names. Nothing is written. `tell` is told what comes next.
    ///
    /// Errs where the new database is in use already: the one right moment is over.
    pub async fn compare(&self, mut tell: impl FnMut(&str) + Send) -> Result<Vec<Compared>> {
        let (old, new) = self.open(None).await?;
        check_moment(old.as_ref(), new.as_ref()).await?;
        let names = self.names(old.as_ref()).await?;
        let mut all = vec![told(old.as_ref(), new.as_ref(), &mut tell).await?];
        for name in &names {
            let (old, new) = self.open(Some(name)).await?;
            all.push(told(old.as_ref(), new.as_ref(), &mut tell).await?);
        }
        Ok(all)
    }

    /// What [`Restore::compare`] would read, database by database. Nothing is written.
    ///
    /// Errs where the new database is in use already.
    pub async fn foresee(&self) -> Result<Vec<ToCompare>> {
        let (old, new) = self.open(None).await?;
        check_moment(old.as_ref(), new.as_ref()).await?;
        let mut all = vec![to_compare(old.as_ref(), new.as_ref()).await?];
        for name in &self.names(old.as_ref()).await? {
            let (old, new) = self.open(Some(name)).await?;
            all.push(to_compare(old.as_ref(), new.as_ref()).await?);
        }
        Ok(all)
    }

    /// The databases that move along with the Platform's.
    async fn names(&self, old: &dyn Source) -> Result<Vec<String>> {
        let mut names = catalogs(old).await?;
        names.extend(self.file.databases.iter().cloned());
        names.dedup();
        Ok(names)
    }

    /// Opens a database on both servers: the Platform database, or the one of that name.
    pub async fn open(&self, name: Option<&str>) -> Result<(Arc<dyn Source>, Arc<dyn Source>)> {
        let (old, new) = self.pair(name);
        let old = open::to_read(Side::Source, &old).await?;
        Ok((old, open::to_read(Side::Destination, &new).await?))
    }

    fn pair(&self, name: Option<&str>) -> (ConnectionSpec, ConnectionSpec) {
        let of = |endpoint: &crate::plan::Endpoint, secret: &Option<Secret>| {
            let endpoint = name.map_or_else(|| endpoint.clone(), |name| endpoint.beside(name));
            endpoint.connection(self.folder, secret.clone())
        };
        (of(&self.file.old, &self.old_secret), of(&self.file.new, &self.new_secret))
    }
}

async fn told(
    old: &dyn Source,
    new: &dyn Source,
    tell: &mut (impl FnMut(&str) + Send),
) -> Result<Compared> {
    compare(old, new, |table| tell(&format!("{}: {table}", new.facts().database))).await
}
