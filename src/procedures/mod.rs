//! The two neighbouring procedures, as data: cleaning up an environment that was cloned from
//! another's database, and restoring the platform database on another server.
//!
//! What a procedure is made of lies in `assets/procedures/`, one file each, readable by a DBA. Here
//! it is read ([`procedure`]), and what its statements would do is looked up in a database
//! ([`foresee`]). That a database is the copy, and not its original, is found out by
//! [`look_at_copy`]. Nothing here writes: the rows that are to go or to change are handed on as
//! [`crate::database::TableChange`]s ([`changes`]). What was done is told by a [`Record`].

mod changes;
mod checks;
mod compare;
mod copy;
mod data;
mod defang;
mod errand;
mod foresee;
mod model;
mod oracle;
mod platform;
mod principals;
mod record;
mod rows;
mod security;
mod timers;
mod walk;

pub use changes::changes;
pub use checks::{Answer, Asked, Check, Says, answer, check_of, checks};
pub use compare::{Compared, Difference, ToCompare, ToRead, check_moment, compare, to_compare};
pub use copy::{Copy, Evidence, Standing, look_at_copy, look_at_log, platform_at_work};
pub use data::{ALL, numbers, procedure};
pub use defang::{FoundKind, Remains, Scan, hosts_of, scan};
pub use errand::Errand;
pub use foresee::{ForeseenStep, ForeseenTable, Found, foresee};
pub use model::{
    Change, Defaults, Entities, Origin, Procedure, RowsOf, Secret, Section, Step, StepKind, Target,
    Work,
};
pub use oracle::{OracleClone, OracleScript, Remap};
pub use platform::catalogs;
pub use record::{Record, StepRecord, StepState, preview, table_lines};
pub use rows::{SHOWN_ROWS, Shown};
pub use security::{FoundUser, SecurityContext, security_context};
pub use walk::{Answered, Mark, Place, Said, Walk, what_to_do};
