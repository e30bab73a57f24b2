//! Random pairs of environments, what a migration must make of them, and the judge.
//!
//! Nothing here uses the program's own reading, comparing, planning or writing: what the program
//! does is measured against `design.md` and `metamodel.md` alone.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

pub mod chance;
pub mod content;
pub mod decided;
pub mod generate;
pub mod judge;
pub mod model;
pub mod oracle;
pub mod platform;
pub mod port;
pub mod recipe;
mod selftest;
pub mod sqlite_file;
pub mod tables;
