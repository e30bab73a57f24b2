//! What several tests need.

pub mod breaking;
pub mod calling;
pub mod chaos;
pub mod engine;
pub mod library;
pub mod restricted;
pub mod sample;
pub mod tds;
pub mod wire;
