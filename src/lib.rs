//! osferry
pub mod database;
pub mod outsystems;
pub mod practice;
