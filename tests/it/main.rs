//! The whole library and the whole program, from outside, in one binary.

mod architecture;
mod bad_input;
mod commands;
mod estate;
mod faults;
mod manual;
mod migration;
mod port;
mod program;
mod proof;
mod support;
