//! The steps, in their order. A further step is a folder, and a line here.

use super::connect::Connect;
use super::execute::Execute;
use super::mismatches::Mismatches;
use super::options::Options;
use super::report::Report;
use super::review::Review;
use super::scope::Scope;
use super::static_records::StaticRecords;
use super::step::Step;
use super::users::Users;

/// All steps, the first one first.
#[must_use]
pub fn all() -> Vec<Box<dyn Step>> {
    vec![
        Box::new(Connect::default()),
        Box::new(Scope::default()),
        Box::new(Mismatches::default()),
        Box::new(StaticRecords::default()),
        Box::new(Users::default()),
        Box::new(Options::default()),
        Box::new(Review::default()),
        Box::new(Execute::default()),
        Box::new(Report::default()),
    ]
}
