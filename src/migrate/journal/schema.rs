//! The journal's tables, and which journals this program can use.

use rusqlite::Connection;

use super::tally;

/// The generation of the schema: another one cannot be used.
const GENERATION: i64 = 3;
/// What was added since, without changing what was there. A journal of a later edition can be
/// read and gone on with: what this program does not know of stays as it is.
const EDITION: i64 = 0;

/// What `PRAGMA user_version` says of a journal that this program writes.
const VERSION: i64 = GENERATION * 1000 + EDITION;

/// Whether a journal with this `PRAGMA user_version` can be used.
pub(super) fn is_known(version: i64) -> bool {
    version / 1000 == GENERATION
}

/// Every commit is on disk when it returns; observers can read while the run writes.
pub(super) fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;",
    )
}

/// Makes the tables of a new journal.
///
/// Everything is an addition or a change of state in one direction; only what a batch would have
/// left behind is taken away again with the batch.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "PRAGMA user_version = {VERSION};
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
         CREATE TABLE event (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, text TEXT NOT NULL);"
    ))?;
    tally::prepare(connection)
}
