//! The step by its state alone.
