//! Nothing lost, nothing twice: whatever breaks, wherever, the destination ends as the oracle
//! says.
//!
//! Each file here is one way to break things. What an ordinary run of the tests tries is a quick
//! slice; `cargo test -- --ignored` tries all of it. How much is tried follows from these
//! variables of the environment:
//!
//! | variable | what |
//! |---|---|
//! | `OSFERRY_TEST_EVERY` | every so many of all calls, each broken in every way; 1 is all |
//! | `OSFERRY_TEST_UNDOS` | random pairs that are migrated and undone |
//! | `OSFERRY_TEST_PROPERTIES` | random pairs on random servers with random breaks |
//! | `OSFERRY_TEST_MODELS` | random pairs on random servers, nothing broken |
//! | `OSFERRY_TEST_PAIRS` | pairs of which every way to carry them over is compared |
//! | `OSFERRY_TEST_KILLS` | kills of the real program |
//! | `OSFERRY_TEST_CUTS` | troubles on the wire to a server |
//! | `OSFERRY_TEST_LIMITS` | limits at which the disk is full |
//! | `OSFERRY_TEST_DAMAGES` | damaged plans and journals |

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod boundaries;
pub mod case;
mod damage;
mod decided;
mod differential;
#[cfg(unix)]
mod full;
mod kills;
mod moving;
mod muting;
pub mod over_memory;
mod people;
mod properties;
mod secrets;
mod trial;
pub mod undo;
mod wires;

/// A number from the environment, or the one that is usual.
fn wanted(variable: &str, usual: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")),
        Err(_) => usual,
    }
}
