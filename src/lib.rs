//! osferry
pub mod database;
