//! osferry
pub mod cli;
pub mod compare;
pub mod database;
pub mod migrate;
pub mod outsystems;
pub mod plan;
pub mod practice;
pub mod proof;
pub mod report;
