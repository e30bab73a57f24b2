//! The proof, tested by what it has to find: a pair is migrated, proved, harmed and proved again.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod around;
mod bench;
mod estates;
mod goes_on;
mod kinds;
mod practice;
