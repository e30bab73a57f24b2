//! What is expected of a table, told by its name.

use serde::{Deserialize, Serialize};

use crate::database::same_name;

/// What is expected of a table while a plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The plan replaces its rows; the proof of the entity says what they are.
    Replaced,
    /// The plan adds rows; those that were there stay as they are.
    Added,
    /// Not the plan's, but rows of it hang on rows that the plan deletes: these go or lose their
    /// reference, the others stay as they are.
    Reduced,
    /// A queue of the processes, their instances or subscriptions: changes while the destination
    /// is in use, and by rows that are inserted into entities with process events.
    Queue,
    /// Changes while the destination is in use: sessions, sign-ins, mails.
    Living,
    /// A log: changes all day, is large, and nobody looks.
    Log,
    /// Another table of the platform, which nothing here writes.
    Platform,
    /// A table of an application, or of somebody else, outside the plan.
    Outside,
}

/// Queues and instances of processes (`metamodel.md` §5).
const QUEUES: &[&str] = &[
    "OSSYS_BPM_EVENT",
    "OSSYS_BPM_EVENT_QUEUE",
    "OSSYS_BPM_PROCESS",
    "OSSYS_BPM_PROCESS_INPUT",
    "OSSYS_BPM_PROCESS_OUTPUT",
    "OSSYS_BPM_ACTIVITY",
    "OSSYS_BPM_ACTIVITY_OUTPUT",
];

/// Sessions, sign-ins and mails.
const LIVING: &[&str] =
    &["OSSYS_LOGIN_ATTEMPT", "OSSYS_REFRESH_TOKENS", "OSSYS_EMAIL", "OSSYS_EMAIL_CONTENT"];

/// The same of the module Users, whose tables have the names of an application's.
const LIVING_ENDS: &[&str] = &["_LOGINATTEMPT", "_USERSESSION"];

/// Columns that the platform itself keeps setting: sign-ins and runs of timers.
const LIVING_COLUMNS: &[(&str, &[&str])] = &[
    ("OSSYS_USER", &["LAST_LOGIN"]),
    (
        "OSSYS_CYCLIC_JOB",
        &["IS_RUNNING_BY", "IS_RUNNING_SINCE", "LAST_DURATION", "LAST_RUN", "NEXT_RUN"],
    ),
    (
        "OSSYS_CYCLIC_JOB_SHARED",
        &["IS_RUNNING_BY", "IS_RUNNING_SINCE", "LAST_DURATION", "LAST_RUN", "NEXT_RUN"],
    ),
];

impl Class {
    /// Of a table that the plan does not write.
    pub(super) fn of(table: &str) -> Self {
        let name = table.to_uppercase();
        let is = |names: &[&str]| names.contains(&name.as_str());
        let starts = |start: &str| name.starts_with(start);
        if is(QUEUES) || starts("OSEVT_") {
            Self::Queue
        } else if starts("OSLOG_") || starts("OSSYS_LOG_") {
            Self::Log
        } else if is(LIVING)
            || starts("OSSYS_SESSION")
            || LIVING_ENDS.iter().any(|end| name.ends_with(end))
        {
            Self::Living
        } else if starts("OSSYS_") || starts("OSLTM_") {
            Self::Platform
        } else {
            Self::Outside
        }
    }

    /// Whether a change of its rows is held against the run.
    pub(super) fn has_to_stay(self) -> bool {
        matches!(self, Self::Added | Self::Reduced | Self::Platform | Self::Outside)
    }

    /// Whether the plan writes it.
    pub(super) fn is_written(self) -> bool {
        matches!(self, Self::Replaced | Self::Added | Self::Reduced)
    }
}

/// Whether the platform itself keeps setting this column.
pub(super) fn lives(table: &str, column: &str) -> bool {
    LIVING_COLUMNS.iter().any(|(living, columns)| {
        same_name(living, table) && columns.iter().any(|name| same_name(name, column))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_told_by_their_names_in_any_spelling() {
        for (name, class) in [
            ("OSSYS_SITE_PROPERTY_SHARED", Class::Platform),
            ("ossys_cloudservices_observer", Class::Platform),
            ("OSLTM_ENVIRONMENT", Class::Platform),
            ("OSSYS_BPM_PROCESS_DEFINITION", Class::Platform),
            ("ossys_bpm_event_queue", Class::Queue),
            ("OSEVT_4F2_CLAIM", Class::Queue),
            ("OSLOG_General_1", Class::Log),
            ("OSSYS_SESSIONTOKEN", Class::Living),
            ("OSUSR_ABC_LOGINATTEMPT", Class::Living),
            ("OSUSR_ABC_LOGINATTEMPTS", Class::Outside),
            ("dtproperties", Class::Outside),
        ] {
            assert_eq!(Class::of(name), class, "{name}");
        }
        assert!(lives("ossys_user", "Last_Login"));
        assert!(!lives("OSSYS_USER", "EMAIL"));
        assert!(!lives("OSSYS_CYCLIC_JOB_SHARED", "SCHEDULE"));
    }
}
