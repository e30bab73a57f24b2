//! The journal's tables.

use rusqlite::Connection;

/// What `PRAGMA user_version` says of a journal this program can read.
pub(super) const VERSION: i64 = 1;

/// Makes the tables of a new journal.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    // WAL so that observers can read while the run writes; FULL so that a commit is on disk when
    // it returns.
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA user_version = {VERSION};
         CREATE TABLE run (
           id TEXT PRIMARY KEY, header TEXT NOT NULL, plan TEXT NOT NULL, state TEXT NOT NULL,
           ended TEXT, proof TEXT);
         CREATE TABLE session (name TEXT PRIMARY KEY);
         CREATE TABLE batch (
           id INTEGER PRIMARY KEY AUTOINCREMENT, entity INTEGER, kind TEXT NOT NULL,
           session TEXT NOT NULL, rows INTEGER NOT NULL, source_keys BLOB NOT NULL,
           destination_keys BLOB NOT NULL, digest BLOB NOT NULL, state TEXT NOT NULL);
         CREATE INDEX batch_entity ON batch (entity, state);
         CREATE TABLE emptied (
           batch INTEGER, entity INTEGER NOT NULL, column INTEGER NOT NULL, key, value,
           reason TEXT NOT NULL);
         CREATE INDEX emptied_entity ON emptied (entity);
         CREATE INDEX emptied_batch ON emptied (batch);
         CREATE TABLE deferred (
           id INTEGER PRIMARY KEY AUTOINCREMENT, batch INTEGER NOT NULL, entity INTEGER NOT NULL,
           column INTEGER NOT NULL, key, destination, value);
         CREATE INDEX deferred_entity ON deferred (entity, column, id);
         CREATE INDEX deferred_batch ON deferred (batch);
         CREATE TABLE left_out (
           entity INTEGER NOT NULL, key, reason TEXT NOT NULL, planned INTEGER NOT NULL,
           code INTEGER);
         CREATE INDEX left_out_entity ON left_out (entity);
         CREATE TABLE person (
           is_group INTEGER NOT NULL, source INTEGER NOT NULL, destination INTEGER NOT NULL,
           is_ours INTEGER NOT NULL, PRIMARY KEY (is_group, source));
         CREATE TABLE event (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, text TEXT NOT NULL);"
    ))
}
