//! The practice pair, harmed in every way that a migration can go wrong.
