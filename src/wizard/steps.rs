//! The steps, in their order. A further step is a folder, and a line here.

use super::connect::Connect;
use super::execute::Execute;
use super::findings::Listed;
use super::mismatches::MISMATCHES;
use super::options::Options;
use super::processes::PROCESSES;
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
        Box::new(Listed::new(&MISMATCHES)),
        Box::new(StaticRecords::default()),
        Box::new(Users::default()),
        Box::new(Listed::new(&PROCESSES)),
        Box::new(Options::default()),
        Box::new(Review::default()),
        Box::new(Execute::default()),
        Box::new(Report::default()),
    ]
}
