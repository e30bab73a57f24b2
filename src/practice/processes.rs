//! What the platform knows about processes: the OSSYS_BPM_* codes and definitions.

use super::company::wrong;
use super::environment::Environment;
use super::factory::{Factory, moment};
use super::instances;
use super::key;
use super::process::{Activity, Parameter, Process};
use super::records::{Records, flag, number, text};
use crate::database::{Result, Value};
use crate::outsystems::Side;

/// Status ids of processes on each side, their names, and which of them are final. Two went under other
/// ids in the destination: its platform was installed anew.
const PROCESS_STATUSES: [([i64; 2], &str, bool); 4] = [
    ([1, 1], "Active", false),
    ([2, 2], "Closed", true),
    ([3, 4], "Suspended", false),
    ([4, 5], "Terminated", true),
];

/// Status ids of activities on each side, their names, whether they are final, whether people see them.
const ACTIVITY_STATUSES: [([i64; 2], &str, bool, bool); 5] = [
    ([3, 3], "Running", false, false),
    ([5, 5], "Closed", true, false),
    ([8, 9], "Listening", false, false),
    ([9, 8], "Ready", false, true),
    ([11, 11], "Terminated", true, false),
];

const ACTIVITY_KINDS: [(i64, &str); 7] = [
    (1, "Start"),
    (2, "Human Activity"),
    (3, "Automatic Activity"),
    (4, "Wait"),
    (5, "Conditional Start"),
    (6, "End"),
    (7, "Execute Process"),
];

/// A definition on one side.
pub(super) struct Definition {
    /// `espace.process`, of its parts `espace.process/activity/value`.
    pub(super) name: String,
    pub(super) id: i64,
    pub(super) key: String,
}

/// Which of the ids is that of a side.
fn on(side: Side, ids: [i64; 2]) -> i64 {
    match side {
        Side::Source => ids[0],
        Side::Destination => ids[1],
    }
}

/// The id of a status of processes, or of activities.
pub(super) fn status_id(side: Side, name: &str, of_activities: bool) -> Result<i64> {
    let mut processes = PROCESS_STATUSES.iter().map(|(ids, name, _)| (*ids, *name));
    let mut activities = ACTIVITY_STATUSES.iter().map(|(ids, name, _, _)| (*ids, *name));
    let is_it = |known: &([i64; 2], &str)| known.1 == name;
    let found = if of_activities { activities.find(is_it) } else { processes.find(is_it) };
    let (ids, _) = found.ok_or_else(|| wrong(format!("there is no status {name}")))?;
    Ok(on(side, ids))
}

/// The id of a definition.
pub(super) fn id_of(definitions: &[Definition], name: &str) -> Result<i64> {
    let found = definitions.iter().find(|one| one.name == name);
    found.map(|one| one.id).ok_or_else(|| wrong(format!("there is no {name} here")))
}

/// DATA_TYPE and SS_TYPE of an input or output.
pub(super) fn value_type(
    environment: &Environment<'_>,
    parameter: &Parameter,
) -> Result<(String, String)> {
    Ok(match parameter.refers() {
        Some(entity) => ("rtLongInteger".to_owned(), environment.reference(entity)?),
        None => (parameter.holds.clone(), parameter.holds.clone()),
    })
}

/// All rows about processes, their instances included.
pub(super) fn records(
    environment: &Environment<'_>,
    factory: &Factory<'_>,
) -> Result<Vec<Records>> {
    let mut statuses = Records::of("OSSYS_BPM_PROCESS_STATUS");
    for (ids, name, terminal) in PROCESS_STATUSES {
        statuses.push(vec![
            ("ID", number(on(environment.side, ids))),
            ("NAME", text(name)),
            ("IS_TERMINAL", flag(terminal)),
        ]);
    }
    let mut activity_statuses = Records::of("OSSYS_BPM_ACTIVITY_STATUS");
    for (ids, name, terminal, inbox) in ACTIVITY_STATUSES {
        activity_statuses.push(vec![
            ("ID", number(on(environment.side, ids))),
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
    let mut definitions = Definitions::new(environment, factory);
    for (place, process) in environment.company.processes.all.iter().enumerate() {
        definitions.process(place, process)?;
    }
    let Definitions { processes, inputs, outputs, activities, values, roles, known, .. } =
        definitions;
    all.extend([processes, inputs, outputs, activities, values, roles]);
    all.extend(instances::records(environment, factory, &known)?);
    Ok(all)
}

/// In Production a light process waits to be started.
fn waiting(environment: &Environment<'_>, factory: &Factory<'_>) -> Option<Records> {
    let processes = &environment.company.processes.all;
    let place = processes.iter().position(|process| process.light)?;
    if environment.side != Side::Source {
        return None;
    }
    let mut queue = Records::of("OSSYS_BPM_EVENT");
    queue.push(vec![
        ("ID", number(1)),
        ("ESPACE_ID", number(factory.espace(&processes[place].espace))),
        ("PROCESS_DEF_ID", number(process_id(environment, place))),
        ("ENTITY_RECORD_ID", text("1")),
        ("ENQUEUE_TIME", moment("2025-03-03 09:12:00")),
        ("ERROR_COUNT", number(0)),
        ("NEXT_RUN", moment("2025-03-03 09:12:00")),
    ]);
    Some(queue)
}

/// The definitions of one side, given their ids as they are met.
struct Definitions<'a> {
    environment: &'a Environment<'a>,
    factory: &'a Factory<'a>,
    processes: Records,
    inputs: Records,
    outputs: Records,
    activities: Records,
    values: Records,
    roles: Records,
    known: Vec<Definition>,
}

/// What inputs and outputs are of.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    Inputs,
    Outputs,
    Activities,
}

impl<'a> Definitions<'a> {
    fn new(environment: &'a Environment<'a>, factory: &'a Factory<'a>) -> Self {
        Self {
            environment,
            factory,
            processes: Records::of("OSSYS_BPM_PROCESS_DEFINITION"),
            inputs: Records::of("OSSYS_BPM_PROCESS_INPUT_DEF"),
            outputs: Records::of("OSSYS_BPM_PROCESS_OUTPUT_DEF"),
            activities: Records::of("OSSYS_BPM_ACTIVITY_DEFINITION"),
            values: Records::of("OSSYS_BPM_ACTIVITY_OUTPUT_DEF"),
            roles: Records::of("OSSYS_BPM_ACTIVITY_DEF_ROLE"),
            known: Vec::new(),
        }
    }

    /// Notes a definition, and gives it its key.
    fn note(&mut self, espace: &str, name: String, id: i64, ending: &str) -> Result<Value> {
        if self.known.iter().any(|one| one.name == name) {
            return Err(wrong(format!("{name} is there twice")));
        }
        // Names in keys have always been written like this.
        let of_key = name.replacen('.', "/", 1);
        let key = self.environment.written(espace, &key::key(&format!("process/{of_key}")))?;
        let key = format!("{key}{ending}");
        self.known.push(Definition { name, id, key: key.clone() });
        Ok(text(key))
    }

    fn process(&mut self, place: usize, process: &Process) -> Result<()> {
        let id = process_id(self.environment, place);
        let name = process.full_name();
        let key = self.note(&process.espace, name.clone(), id, "")?;
        self.processes.push(vec![
            ("ID", number(id)),
            ("NAME", text(&process.name)),
            ("LABEL", text(&process.label)),
            ("DESCRIPTION", text(&process.description)),
            ("SS_KEY", key),
            ("IS_ACTIVE", flag(true)),
            ("ESPACE_ID", number(self.factory.espace(&process.espace))),
            ("IS_LOCKED", flag(false)),
        ]);
        for (of, parameters) in [(Of::Inputs, &process.inputs), (Of::Outputs, &process.outputs)] {
            for (order, parameter) in parameters.iter().enumerate() {
                let by_event = of == Of::Inputs && order == 0 && process.launched_by.is_some();
                // The platform names the key of an event's own input like this.
                let ending = if by_event { ".#EventGeneratedInput" } else { "" };
                self.parameter((of, id), &process.espace, &name, parameter, ending)?;
            }
        }
        let side = self.environment.side;
        let here = |activity: &&Activity| activity.only.allows(side);
        for (order, activity) in (0_i64..).zip(process.activities.iter().filter(here)) {
            self.activity(process, (id, order), activity)?;
        }
        Ok(())
    }

    fn activity(
        &mut self,
        process: &Process,
        (process_id_here, order): (i64, i64),
        activity: &Activity,
    ) -> Result<()> {
        let id = self.environment.id(101, self.activities.rows.len(), 40);
        let name = format!("{}/{}", process.full_name(), activity.name);
        let kind = ACTIVITY_KINDS.iter().find(|(_, kind)| *kind == activity.kind);
        let kind = kind.ok_or_else(|| wrong(format!("{name}: {} is no kind", activity.kind)))?;
        let invoked = match &activity.invokes {
            Some(invoked) => {
                let place = self.environment.company.processes.place(invoked)?;
                number(process_id(self.environment, place))
            }
            None => Value::Null,
        };
        let key = self.note(&process.espace, name.clone(), id, "")?;
        self.activities.push(vec![
            ("ID", number(id)),
            ("SS_KEY", key),
            ("NAME", text(&activity.name)),
            ("LABEL", text(&activity.name)),
            ("KIND", number(kind.0)),
            ("PROCESS_DEF_ID", number(process_id_here)),
            ("IS_ACTIVE", flag(true)),
            ("DISPLAY_X", number(100 + 160 * order)),
            ("DISPLAY_Y", number(120)),
            ("INVOKED_PROCESS_DEF_ID", invoked),
            ("REQUIRES_PERMISSION", flag(activity.role.is_some())),
            ("SKIPPABLE", flag(false)),
        ]);
        if let Some(role) = &activity.role {
            self.roles.push(vec![
                ("ID", number(i64::try_from(self.roles.rows.len()).unwrap_or(0) + 1)),
                ("ROLE_ID", number(self.factory.role(role))),
                ("ACTIVITY_DEF_ID", number(id)),
            ]);
        }
        for parameter in &activity.values {
            self.parameter((Of::Activities, id), &process.espace, &name, parameter, "")?;
        }
        Ok(())
    }

    fn parameter(
        &mut self,
        (of, whole): (Of, i64),
        espace: &str,
        within: &str,
        parameter: &Parameter,
        ending: &str,
    ) -> Result<()> {
        let (rows, first) = match of {
            Of::Inputs => (self.inputs.rows.len(), 201),
            Of::Outputs => (self.outputs.rows.len(), 231),
            Of::Activities => (self.values.rows.len(), 261),
        };
        let id = self.environment.id(first, rows, 30);
        let key = self.note(espace, format!("{within}/{}", parameter.name), id, ending)?;
        let (data_type, own_type) = value_type(self.environment, parameter)?;
        let row = vec![
            ("ID", number(id)),
            ("SS_KEY", key),
            ("NAME", text(&parameter.name)),
            ("IS_ACTIVE", flag(true)),
            ("DATA_TYPE", text(data_type)),
            ("SS_TYPE", text(own_type)),
        ];
        let with = |more: Vec<(&'static str, Value)>| row.into_iter().chain(more).collect();
        let mandatory = ("IS_MANDATORY", flag(parameter.refers().is_some()));
        match of {
            Of::Inputs => {
                self.inputs.push(with(vec![("PROCESS_DEF_ID", number(whole)), mandatory]));
            }
            Of::Outputs => self.outputs.push(with(vec![("PROCESS_DEF_ID", number(whole))])),
            Of::Activities => {
                let is_input = ("IS_INPUT", flag(parameter.input));
                self.values.push(with(vec![("ACTIVITY_DEF_ID", number(whole)), is_input]));
            }
        }
        Ok(())
    }
}

/// The id of a process definition.
pub(super) fn process_id(environment: &Environment<'_>, place: usize) -> i64 {
    environment.id(71, place, environment.company.processes.all.len())
}
