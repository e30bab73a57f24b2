//! The journal's tables, and which journals this program can use.

use std::path::Path;

use rusqlite::Connection;

use super::tally;

/// The generation of the schema: another one cannot be used.
const GENERATION: i64 = 3;
/// What was added since, without changing what was there. A journal of a later edition can be
/// read and gone on with: what this program does not know of stays as it is.
const EDITION: i64 = 3;

/// What `PRAGMA user_version` says of a journal that this program writes.
const VERSION: i64 = GENERATION * 1000 + EDITION;

/// What edition 1 added: what the destination refused, besides the rows that `left_out` lists, and by
/// which rule (`refused`).
const REFUSED: &str = "CREATE TABLE refused (
   what TEXT NOT NULL, left_out INTEGER, entity INTEGER, place TEXT NOT NULL, key, other,
   reason TEXT NOT NULL, code INTEGER, class TEXT, name TEXT);
 CREATE INDEX refused_what ON refused (what, entity);
 CREATE INDEX refused_row ON refused (left_out) WHERE left_out IS NOT NULL;";

/// What edition 2 added: the tasks of the way back that somebody ticked or noted (`task`), and what was
/// read for them in the destination (`aftermath`).
const TASKS: &str = "CREATE TABLE task (
   name TEXT PRIMARY KEY, state TEXT NOT NULL, note TEXT NOT NULL, at TEXT NOT NULL,
   who TEXT NOT NULL);
 CREATE TABLE aftermath (id INTEGER PRIMARY KEY, found TEXT NOT NULL);";

/// What edition 3 added: subscriptions of processes that are put away while the run writes
/// (`muting`), the last line of a table counting.
const MUTING: &str = "CREATE TABLE muting (
   id INTEGER PRIMARY KEY, place INTEGER NOT NULL, state TEXT NOT NULL, rows BLOB NOT NULL);";

/// Whether a journal with this `PRAGMA user_version` has the table of what was refused.
pub(super) fn has_refused(version: i64) -> bool {
    version % 1000 >= 1
}

/// Whether a journal with this `PRAGMA user_version` has the tables of the way back.
pub(super) fn has_tasks(version: i64) -> bool {
    version % 1000 >= 2
}

/// Whether a journal with this `PRAGMA user_version` has the table of what is put away.
pub(super) fn has_muting(version: i64) -> bool {
    version % 1000 >= 3
}

/// Brings a journal of an earlier edition to this one; what is in it stays as it is.
pub(super) fn renew(connection: &Connection) -> rusqlite::Result<()> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if has_muting(version) {
        return Ok(());
    }
    let whole = connection.unchecked_transaction()?;
    whole.execute_batch(&format!("PRAGMA user_version = {VERSION}"))?;
    if !has_refused(version) {
        whole.execute_batch(REFUSED)?;
        tally::count_in(&whole, "refused")?;
    }
    if !has_tasks(version) {
        whole.execute_batch(TASKS)?;
        for table in ["task", "aftermath"] {
            tally::count_in(&whole, table)?;
        }
    }
    whole.execute_batch(MUTING)?;
    tally::count_in(&whole, "muting")?;
    whole.commit()
}

/// Whether a journal with this `PRAGMA user_version` can be used.
pub(super) fn is_known(version: i64) -> bool {
    version / 1000 == GENERATION
}

/// Every commit is on disk when it returns; observers can read while the run writes.
pub(super) fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    // A write-ahead log needs memory that is shared, which another machine's disk cannot give.
    let is_remote = connection.path().is_some_and(|path| is_remote(Path::new(path)));
    let mode = if is_remote { "DELETE" } else { "WAL" };
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = {mode};
         PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;"
    ))
}

/// Whether a file lies on another machine, as far as the system tells.
#[cfg(target_os = "linux")]
fn is_remote(file: &Path) -> bool {
    /// NFS, SMB in three versions, AFS in two, Ceph, 9p, and whatever a program serves (FUSE).
    const KINDS: [u32; 9] = [
        0x6969,
        0x517B,
        0xFF53_4D42,
        0xFE53_4D42,
        0x5346_414F,
        0x6B41_4653,
        0x00C3_6400,
        0x0102_1997,
        0x6573_5546,
    ];
    // The numbers are 32 bits wide; some systems extend the sign.
    rustix::fs::statfs(file).is_ok_and(|facts| KINDS.contains(&(facts.f_type as u32)))
}

/// Whether a file lies on another machine, as far as the system tells: drives that are mapped to a
/// letter are resolved.
#[cfg(windows)]
fn is_remote(file: &Path) -> bool {
    use std::path::{Component, Prefix};
    let full = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    matches!(
        full.components().next(),
        Some(Component::Prefix(prefix))
            if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..))
    )
}

/// Not known here.
#[cfg(not(any(target_os = "linux", windows)))]
fn is_remote(_file: &Path) -> bool {
    false
}

/// Makes the tables of a new journal.
///
/// Everything is an addition or a change of state in one direction; only what a batch would have
/// left behind is taken away again with the batch.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    first(connection)?;
    connection
        .execute_batch(&format!("PRAGMA user_version = {VERSION}; {REFUSED} {TASKS} {MUTING}"))?;
    tally::prepare(connection)
}

/// The tables of the first edition.
fn first(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "
         CREATE TABLE run (
           id TEXT PRIMARY KEY, header TEXT NOT NULL, plan TEXT NOT NULL, state TEXT NOT NULL,
           ended TEXT, proof TEXT, undo TEXT);
         CREATE TABLE session (name TEXT PRIMARY KEY, gone INTEGER NOT NULL DEFAULT 0);
         CREATE TABLE target (
           id INTEGER PRIMARY KEY, content TEXT NOT NULL UNIQUE);
         CREATE TABLE batch (
           id INTEGER PRIMARY KEY, entity INTEGER, target INTEGER, kind TEXT NOT NULL,
           session TEXT NOT NULL, rows INTEGER NOT NULL, source_keys BLOB NOT NULL,
           destination_keys BLOB NOT NULL, digest BLOB NOT NULL, hashes BLOB, counted INTEGER,
           image INTEGER, origin INTEGER, sum INTEGER NOT NULL, state TEXT NOT NULL);
         CREATE INDEX batch_entity ON batch (entity, state);
         CREATE INDEX batch_prepared ON batch (id) WHERE state = 'prepared';
         CREATE TABLE emptied (
           batch INTEGER, entity INTEGER NOT NULL, column INTEGER NOT NULL, key, value,
           reason TEXT NOT NULL);
         CREATE INDEX emptied_entity ON emptied (entity);
         CREATE INDEX emptied_batch ON emptied (batch);
         CREATE TABLE deferred (
           batch INTEGER NOT NULL, entity INTEGER NOT NULL, column INTEGER NOT NULL,
           rows BLOB NOT NULL, content BLOB NOT NULL);
         CREATE INDEX deferred_entity ON deferred (entity, column, batch);
         CREATE INDEX deferred_batch ON deferred (batch);
         CREATE TABLE left_out (
           entity INTEGER NOT NULL, key, reason TEXT NOT NULL, planned INTEGER NOT NULL,
           code INTEGER);
         CREATE INDEX left_out_entity ON left_out (entity);
         CREATE TABLE reached (entity INTEGER PRIMARY KEY, key);
         CREATE TABLE step (name TEXT PRIMARY KEY, value INTEGER);
         CREATE TABLE reading (
           mode TEXT NOT NULL, why TEXT NOT NULL, one_instant INTEGER NOT NULL);
         CREATE TABLE mark (
           entity INTEGER NOT NULL, is_after INTEGER NOT NULL, highest INTEGER, rows INTEGER,
           PRIMARY KEY (entity, is_after));
         CREATE TABLE surroundings (name TEXT PRIMARY KEY, taken TEXT NOT NULL);
         CREATE TABLE proof_entity (
           number INTEGER PRIMARY KEY, about TEXT NOT NULL, result TEXT NOT NULL);
         CREATE TABLE person (
           is_group INTEGER NOT NULL, source INTEGER NOT NULL, destination INTEGER NOT NULL,
           is_ours INTEGER NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (is_group, source));
         CREATE TABLE stretch (
           id INTEGER PRIMARY KEY, kind TEXT NOT NULL, at TEXT NOT NULL, operator TEXT NOT NULL,
           version TEXT NOT NULL);
         CREATE TABLE event (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, text TEXT NOT NULL);",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_of_an_earlier_edition_is_renewed_and_whole() {
        let both = format!("{REFUSED} {TASKS}");
        for (edition, more) in [(0, ""), (1, REFUSED), (2, both.as_str())] {
            let journal = Connection::open_in_memory().expect("a journal");
            first(&journal).expect("tables");
            let version = GENERATION * 1000 + edition;
            journal
                .execute_batch(&format!("PRAGMA user_version = {version}; {more}"))
                .expect("a version");
            tally::prepare(&journal).expect("sums");
            assert!(is_known(version) && !has_muting(version));
            renew(&journal).expect("it is renewed");
            renew(&journal).expect("a second time");
            tally::watch(&journal).expect("it is watched");
            let tick =
                "INSERT INTO task (name, state, note, at, who) VALUES ('a', 'done', '', '', '')";
            journal.execute_batch(tick).expect("a tick");
            journal
                .execute_batch("INSERT INTO refused (what, place, reason) VALUES ('', '', '')")
                .expect("a refusal");
            assert_eq!(tally::check(&journal).expect("read"), None);
            let now: i64 =
                journal.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version");
            assert_eq!(now, VERSION);
        }
    }
}
