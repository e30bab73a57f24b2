//! The whole library and the whole program, from outside.

mod faults;
mod port;
mod support;
