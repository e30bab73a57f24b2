//! Nothing lost, nothing twice: whatever breaks, wherever, the destination ends as the oracle
//! says.
//!
//! Each file here is one way to break things. How much of it is tried follows from variables of
//! the environment; what an ordinary run of the tests tries is a quick slice, and
//! `cargo test -- --ignored` tries all of it.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod boundaries;
mod case;
mod damage;
mod differential;
#[cfg(unix)]
mod full;
mod kills;
mod moving;
mod over_memory;
mod properties;
mod secrets;
mod trial;
mod wires;

/// A number from the environment, or the one that is usual.
fn wanted(variable: &str, usual: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")),
        Err(_) => usual,
    }
}
