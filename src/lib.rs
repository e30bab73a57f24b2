//! osferry
pub mod database;
pub mod outsystems;
