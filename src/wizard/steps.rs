//! The steps, in their order. A further step is a folder, and a line here.

use super::connect::Connect;
use super::step::Step;

/// All steps, the first one first.
#[must_use]
pub fn all() -> Vec<Box<dyn Step>> {
    vec![Box::new(Connect::default())]
}
