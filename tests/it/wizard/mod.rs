//! The wizard: its state alone, its screens, and the whole of it on the practice pair.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod again;
mod anything;
mod connect;
mod doubt;
mod drafts;
pub mod driver;
mod errand;
mod flow;
mod hold;
mod keys;
mod options;
mod pace;
mod past;
mod processes;
mod published;
pub mod road;
mod screens;
mod taken_back;
mod typed;
mod users;
mod way_back;
