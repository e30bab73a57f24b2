//! Whole program and whole library, in one binary.

mod estate;
