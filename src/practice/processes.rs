//! What the platform knows about processes: the OSSYS_BPM_* codes and definitions.

use super::company::{Activity, USER};
use super::environment::Environment;
use super::factory::{Factory, moment};
use super::key;
use super::records::{Records, flag, number, text};
use crate::database::{Result, Value};
use crate::outsystems::Side;

/// Status ids and names of processes, and which of them are final.
const PROCESS_STATUSES: [(i64, &str, bool); 4] =
    [(1, "Active", false), (2, "Closed", true), (3, "Suspended", false), (4, "Terminated", true)];

/// Status ids and names of activities, whether they are final, whether people see them.
const ACTIVITY_STATUSES: [(i64, &str, bool, bool); 5] = [
    (3, "Running", false, false),
    (5, "Closed", true, false),
    (8, "Listening", false, false),
    (9, "Ready", false, true),
    (11, "Terminated", true, false),
];

const ACTIVITY_KINDS: [(i64, &str); 6] = [
    (1, "Start"),
    (2, "Human Activity"),
    (3, "Automatic Activity"),
    (4, "Wait"),
    (5, "Conditional Start"),
    (6, "End"),
];

/// All rows about processes; there are no instances.
pub(super) fn records(
    environment: &Environment<'_>,
    factory: &Factory<'_>,
) -> Result<Vec<Records>> {
    let mut statuses = Records::of("OSSYS_BPM_PROCESS_STATUS");
    for (id, name, terminal) in PROCESS_STATUSES {
        statuses.push(vec![
            ("ID", number(id)),
            ("NAME", text(name)),
            ("IS_TERMINAL", flag(terminal)),
        ]);
    }
    let mut activity_statuses = Records::of("OSSYS_BPM_ACTIVITY_STATUS");
    for (id, name, terminal, inbox) in ACTIVITY_STATUSES {
        activity_statuses.push(vec![
            ("ID", number(id)),
            ("NAME", text(name)),
            ("IS_TERMINAL", flag(terminal)),
            ("APPEARS_IN_INBOX", flag(inbox)),
        ]);
    }
    let mut kinds = Records::of("OSSYS_BPM_ACTIVITY_KIND");
    for (id, name) in ACTIVITY_KINDS {
        kinds.push(vec![("ID", number(id)), ("NAME", text(name))]);
    }
    let mut all = vec![statuses, activity_statuses, kinds];
    all.extend(waiting(environment, factory));
    all.extend(definitions(environment, factory)?);
    Ok(all)
}

/// In Production a light process waits to be started.
fn waiting(environment: &Environment<'_>, factory: &Factory<'_>) -> Option<Records> {
    let process = environment.company.factory.processes.first()?;
    if environment.side != Side::Source {
        return None;
    }
    let mut queue = Records::of("OSSYS_BPM_EVENT");
    queue.push(vec![
        ("ID", number(1)),
        ("ESPACE_ID", number(factory.espace(&process.espace))),
        ("PROCESS_DEF_ID", number(process_id(environment, 0))),
        ("ENTITY_RECORD_ID", text("1")),
        ("ENQUEUE_TIME", moment("2025-03-03 09:12:00")),
        ("ERROR_COUNT", number(0)),
        ("NEXT_RUN", moment("2025-03-03 09:12:00")),
    ]);
    Some(queue)
}

fn definitions(environment: &Environment<'_>, factory: &Factory<'_>) -> Result<Vec<Records>> {
    let mut processes = Records::of("OSSYS_BPM_PROCESS_DEFINITION");
    let mut inputs = Records::of("OSSYS_BPM_PROCESS_INPUT_DEF");
    let mut activities = Records::of("OSSYS_BPM_ACTIVITY_DEFINITION");
    let mut roles = Records::of("OSSYS_BPM_ACTIVITY_DEF_ROLE");
    let next = |records: &Records| i64::try_from(records.rows.len()).unwrap_or(0) + 1;
    for (place, process) in environment.company.factory.processes.iter().enumerate() {
        let id = process_id(environment, place);
        let name = format!("{}/{}", process.espace, process.name);
        let own = |rest: String| {
            environment.written(&process.espace, &key::key(&format!("process/{rest}")))
        };
        processes.push(vec![
            ("ID", number(id)),
            ("NAME", text(&process.name)),
            ("LABEL", text(&process.label)),
            ("DESCRIPTION", text(&process.description)),
            ("SS_KEY", text(own(name.clone())?)),
            ("IS_ACTIVE", flag(true)),
            ("ESPACE_ID", number(factory.espace(&process.espace))),
            ("IS_LOCKED", flag(false)),
        ]);
        for input in &process.inputs {
            let launched_by = process.launched_by.as_deref().unwrap_or(USER);
            // The platform names the key of an event's own input like this.
            let own_key = format!("{}.#EventGeneratedInput", own(format!("{name}/{input}"))?);
            inputs.push(vec![
                ("ID", number(next(&inputs))),
                ("SS_KEY", text(own_key)),
                ("PROCESS_DEF_ID", number(id)),
                ("NAME", text(input)),
                ("IS_ACTIVE", flag(true)),
                ("DATA_TYPE", text("rtLongInteger")),
                ("IS_MANDATORY", flag(true)),
                ("SS_TYPE", text(environment.reference(launched_by)?)),
            ]);
        }
        let here = |activity: &&Activity| activity.only.is_none_or(|only| only == environment.side);
        for (order, activity) in (0_i64..).zip(process.activities.iter().filter(here)) {
            let kind = ACTIVITY_KINDS.iter().find(|(_, kind)| *kind == activity.kind);
            let activity_id = environment.id(101, activities.rows.len(), 40);
            activities.push(vec![
                ("ID", number(activity_id)),
                ("SS_KEY", text(own(format!("{name}/{}", activity.name))?)),
                ("NAME", text(&activity.name)),
                ("LABEL", text(&activity.name)),
                ("KIND", kind.map_or(Value::Null, |(id, _)| number(*id))),
                ("PROCESS_DEF_ID", number(id)),
                ("IS_ACTIVE", flag(true)),
                ("DISPLAY_X", number(100 + 160 * order)),
                ("DISPLAY_Y", number(120)),
                ("REQUIRES_PERMISSION", flag(activity.role.is_some())),
                ("SKIPPABLE", flag(false)),
            ]);
            if let Some(role) = &activity.role {
                roles.push(vec![
                    ("ID", number(next(&roles))),
                    ("ROLE_ID", number(factory.role(role))),
                    ("ACTIVITY_DEF_ID", number(activity_id)),
                ]);
            }
        }
    }
    Ok(vec![processes, inputs, activities, roles])
}

/// The id of a process definition.
pub(super) fn process_id(environment: &Environment<'_>, place: usize) -> i64 {
    environment.id(71, place, environment.company.factory.processes.len())
}
