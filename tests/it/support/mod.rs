//! What several tests need.

pub mod engine;
pub mod tds;
