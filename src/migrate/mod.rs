//! Doing it.

pub mod journal;
