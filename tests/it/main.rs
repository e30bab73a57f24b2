//! Whole program and whole library, in one binary.

mod architecture;
mod bad_input;
mod estate;
mod migration;
mod program;
