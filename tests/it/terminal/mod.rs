//! The real program in a real pseudo-terminal: what is on the screen, which bytes went there, and
//! what is left of it afterwards.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod asks;
mod life;
mod looks;
mod panics;
mod paste;
mod place;
mod plain_past;
mod resize;
mod road;
mod runs;
mod talk;
pub mod window;
