//! osferry
pub mod compare;
pub mod database;
pub mod outsystems;
pub mod plan;
pub mod practice;
