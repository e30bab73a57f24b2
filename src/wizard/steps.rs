//! The steps, in their order. A further step is a folder, and a line here.

use super::connect::Connect;
use super::errand::compared::Comparison;
use super::errand::record::RecordPage;
use super::errand::scripts::Scripts;
use super::errand::walkthrough::{self, Walkthrough};
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
use crate::procedures::Errand;

/// The steps of a migration, or of a neighbouring procedure.
#[must_use]
pub fn of(errand: Option<Errand>) -> Vec<Box<dyn Step>> {
    match errand {
        None => all(),
        Some(Errand::Cleanup) => vec![
            Box::new(Connect::default()),
            Box::new(Walkthrough::new(&walkthrough::CLEANUP)),
            Box::new(RecordPage::default()),
            Box::new(Walkthrough::new(&walkthrough::INSTALLATION)),
        ],
        Some(Errand::Restore) => vec![
            Box::new(Walkthrough::new(&walkthrough::RESTORE)),
            Box::new(Connect::default()),
            Box::new(Comparison::default()),
        ],
        Some(Errand::Oracle) => vec![
            Box::new(Scripts::default()),
            Box::new(Walkthrough::new(&walkthrough::ORACLE)),
            Box::new(Walkthrough::new(&walkthrough::INSTALLATION)),
        ],
    }
}

/// The steps of a migration, the first one first.
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
