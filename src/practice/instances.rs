//! Instances of processes: which there are on a side and under which ids, and their rows.

use std::collections::BTreeMap;

use super::company::{Company, wrong};
use super::environment::Environment;
use super::factory::{Factory, moment};
use super::key;
use super::process::{Activity, Done, Instance, Parameter, Process};
use super::processes::{Definition, id_of, status_id, value_type};
use super::records::{Records, flag, number, text};
use super::rows::{HOUR, MINUTE, identifier};
use crate::database::{Result, Value};
use crate::outsystems::Side;

/// The tenant of everybody who works on processes.
pub(super) const TENANT: &str = "Users";

/// The instances of one side, in the order in which they were started.
#[derive(Default)]
pub(super) struct Instances {
    pub(super) processes: Vec<Started>,
    pub(super) activities: Vec<Begun>,
}

/// A process.
pub(super) struct Started {
    pub(super) id: i64,
    /// What describes it, by its place.
    instance: usize,
    /// The place of the process that it is an instance of.
    pub(super) process: usize,
    /// The row that it is about.
    pub(super) row: u64,
    /// The process that it is a part of, by its place.
    part_of: Option<usize>,
}

/// An activity.
pub(super) struct Begun {
    pub(super) id: i64,
    /// Its process, by its place.
    pub(super) of: usize,
    /// What describes it, by its place in the instance.
    pub(super) step: usize,
}

impl Instances {
    /// Those of a side.
    pub(super) fn of(company: &Company, side: Side) -> Result<Self> {
        let mut all = Self::default();
        for (place, instance) in company.processes.instances.iter().enumerate() {
            if instance.side != side {
                continue;
            }
            let process = company.processes.place(&instance.process)?;
            let mut wholes = Vec::new();
            match &instance.part_of {
                None => wholes.extend(instance.rows.iter().map(|row| (*row, None))),
                Some(whole) => {
                    let is_whole =
                        |one: &Started| company.processes.instances[one.instance].name == *whole;
                    let places = all.processes.iter().enumerate();
                    let places = places.filter(|(_, one)| is_whole(one));
                    wholes.extend(places.map(|(place, one)| (one.row, Some(place))));
                }
            }
            for (row, part_of) in wholes {
                let of = all.processes.len();
                let id = process_id(side, of);
                all.processes.push(Started { id, instance: place, process, row, part_of });
                for step in 0..instance.activities.len() {
                    let id = activity_id(side, all.activities.len());
                    all.activities.push(Begun { id, of, step });
                }
            }
        }
        Ok(all)
    }

    /// The process that is about a row of an entity, as a whole.
    pub(super) fn about(&self, company: &Company, entity: &str, row: u64) -> Option<i64> {
        let is_it = |one: &&Started| {
            let process = &company.processes.all[one.process];
            one.part_of.is_none() && one.row == row && process.about() == Some(entity)
        };
        self.processes.iter().find(is_it).map(|one| one.id)
    }

    /// What describes an activity of the company's.
    pub(super) fn done<'a>(&self, company: &'a Company, begun: &Begun) -> &'a Done {
        let instance = self.processes[begun.of].instance;
        &company.processes.instances[instance].activities[begun.step]
    }
}

fn process_id(side: Side, place: usize) -> i64 {
    let place = i64::try_from(place).unwrap_or(0);
    match side {
        Side::Source => 311 + place + place / 3,
        Side::Destination => 88 + 2 * place,
    }
}

/// The source's table was reseeded to the lowest number there is (`metamodel.md` §5.2).
fn activity_id(side: Side, place: usize) -> i64 {
    let place = i64::try_from(place).unwrap_or(0);
    match side {
        Side::Source => i64::from(i32::MIN) + 17 + place + place / 4,
        Side::Destination => 1_900 + 3 * place,
    }
}

/// All rows of instances.
pub(super) fn records(
    environment: &Environment<'_>,
    factory: &Factory<'_>,
    definitions: &[Definition],
) -> Result<Vec<Records>> {
    let mut writer = Writer {
        environment,
        factory,
        definitions,
        processes: Records::of("OSSYS_BPM_PROCESS"),
        inputs: Records::of("OSSYS_BPM_PROCESS_INPUT"),
        outputs: Records::of("OSSYS_BPM_PROCESS_OUTPUT"),
        activities: Records::of("OSSYS_BPM_ACTIVITY"),
        values: Records::of("OSSYS_BPM_ACTIVITY_OUTPUT"),
    };
    for place in 0..environment.instances.processes.len() {
        writer.process(place)?;
    }
    let Writer { processes, inputs, outputs, activities, values, .. } = writer;
    Ok(vec![processes, inputs, outputs, activities, values])
}

struct Writer<'a> {
    environment: &'a Environment<'a>,
    factory: &'a Factory<'a>,
    definitions: &'a [Definition],
    processes: Records,
    inputs: Records,
    outputs: Records,
    activities: Records,
    values: Records,
}

/// What the values of an instance are made with.
struct About<'a> {
    process: &'a Process,
    instance: &'a Instance,
    row: u64,
    tenant: i64,
}

impl Writer<'_> {
    fn process(&mut self, place: usize) -> Result<()> {
        let environment = self.environment;
        let company = environment.company;
        let all = &environment.instances;
        let one = &all.processes[place];
        let process = &company.processes.all[one.process];
        let instance = &company.processes.instances[one.instance];
        let tenant = company.tenant(TENANT)?.id(environment.side);
        let about = About { process, instance, row: one.row, tenant };
        let whole = one.part_of.map(|place| &all.processes[place]);
        let started_by =
            match (one.part_of, &instance.by) {
                (Some(whole), Some(by)) => {
                    let is_it =
                        |begun: &&Begun| begun.of == whole && all.done(company, begun).name == *by;
                    number(all.activities.iter().find(is_it).map(|begun| begun.id).ok_or_else(
                        || wrong(format!("{}: nothing is called {by}", instance.name)),
                    )?)
                }
                _ => Value::Null,
            };
        let start = started(place);
        let steps = all.activities.iter().filter(|begun| begun.of == place).count();
        let end = later(&start, HOUR * 2 * i64::try_from(steps).unwrap_or(0));
        let (suspended, suspender) = match &instance.suspended_by {
            Some(user) => (end.clone(), number(self.user(user)?)),
            None => (Value::Null, Value::Null),
        };
        let creator = match &instance.created_by {
            Some(user) => number(self.user(user)?),
            None => Value::Null,
        };
        self.processes.push(vec![
            ("TENANT_ID", number(tenant)),
            ("ID", number(one.id)),
            ("LABEL", text(&process.label)),
            ("CREATED", start.clone()),
            ("CREATED_BY", creator.clone()),
            ("PROCESS_DEF_ID", number(id_of(self.definitions, &process.full_name())?)),
            ("PARENT_PROCESS_ID", whole.map_or(Value::Null, |whole| number(whole.id))),
            ("PARENT_ACTIVITY_ID", started_by),
            ("TOP_PROCESS_ID", number(whole.unwrap_or(one).id)),
            ("STATUS_ID", number(status_id(environment.side, &instance.status, false)?)),
            ("LAST_MODIFIED", end),
            ("LAST_MODIFIED_BY", creator),
            ("SUSPENDED_DATE", suspended),
            ("SUSPENDED_BY", suspender),
        ]);
        self.parameters(&about, one.id)?;
        self.steps(&about, place, &start)
    }

    fn parameters(&mut self, about: &About<'_>, id: i64) -> Result<()> {
        let instance = about.instance;
        for (is_input, wanted, given) in [
            (true, &about.process.inputs, &instance.inputs),
            (false, &about.process.outputs, &instance.outputs),
        ] {
            for parameter in named(wanted, given, &instance.name)? {
                let within = about.process.full_name();
                let value = self.value(about, &given[&parameter.name], None)?;
                let rows = if is_input { &self.inputs } else { &self.outputs };
                let (definition, mut row) = self.cells(about, parameter, &within, rows)?;
                row.push(("PROCESS_ID", number(id)));
                if is_input {
                    row.extend([("INPUT_DEF_ID", definition), ("INPUT_VALUE", value)]);
                    self.inputs.push(row);
                } else {
                    row.extend([("OUTPUT_DEF_ID", definition), ("OUTPUT_VALUE", value)]);
                    self.outputs.push(row);
                }
            }
        }
        Ok(())
    }

    fn steps(&mut self, about: &About<'_>, place: usize, start: &Value) -> Result<()> {
        let environment = self.environment;
        let company = environment.company;
        let all = &environment.instances;
        let mut precedent = Value::Null;
        let of_process = all.activities.iter().filter(|begun| begun.of == place);
        for (order, begun) in (0_i64..).zip(of_process) {
            let done = all.done(company, begun);
            let (name, within) = (&about.instance.name, about.process.full_name());
            let step = about.process.activities.iter().find(|step| step.name == done.name);
            let step =
                step.ok_or_else(|| wrong(format!("{name}: nothing is called {}", done.name)))?;
            let definition = id_of(self.definitions, &format!("{within}/{}", step.name))?;
            let opened = later(start, order * 2 * HOUR);
            let user = done.user.as_ref().map(|user| self.user(user)).transpose()?;
            let mut row = vec![
                ("TENANT_ID", number(about.tenant)),
                ("ID", number(begun.id)),
                ("ACTIVITY_DEF_ID", number(definition)),
                ("PROCESS_ID", number(all.processes[place].id)),
                ("NAME", text(&step.name)),
                ("USER_ID", user.map_or(Value::Null, number)),
                ("CREATED", opened.clone()),
                ("OPENED", opened.clone()),
                ("STATUS_ID", number(status_id(environment.side, &done.status, true)?)),
                ("PRECEDENT_ACTIVITY_ID", precedent),
                ("PRECEDENT_OUTCOME", text("")),
                ("EXPIRED", flag(false)),
                ("SKIPPED", flag(false)),
                ("ERROR_COUNT", number(done.errors)),
                ("LAST_MODIFIED", later(&opened, 90 * MINUTE)),
            ];
            row.extend(self.state(done, step, &opened));
            if let Some(group) = &done.group {
                row.push(("GROUP_ID", number(self.factory.group_named(group)?)));
            }
            self.activities.push(row);
            precedent = number(begun.id);
            for parameter in named(&step.values, &done.values, name)? {
                let within = format!("{within}/{}", step.name);
                let value = self.value(about, &done.values[&parameter.name], user)?;
                let (definition, mut row) = self.cells(about, parameter, &within, &self.values)?;
                row.extend([
                    ("OUTPUT_DEF_ID", definition),
                    ("ACTIVITY_ID", number(begun.id)),
                    ("OUTPUT_VALUE", value),
                ]);
                self.values.push(row);
            }
        }
        Ok(())
    }

    /// When it was closed, when it is to go on, and where it runs.
    fn state(&self, done: &Done, step: &Activity, opened: &Value) -> Vec<(&'static str, Value)> {
        let mut row = Vec::new();
        if matches!(done.status.as_str(), "Closed" | "Terminated") {
            row.push(("CLOSED", later(opened, 90 * MINUTE)));
        } else {
            // As the platform writes that there is no such time.
            let next = if done.goes_on { later(opened, 24 * HOUR) } else { moment("1900-01-01") };
            row.push(("NEXT_RUN", next));
        }
        if step.role.is_some() {
            row.push(("DUE_DATE", later(opened, 72 * HOUR)));
            row.push(("INBOX_DETAIL", text(format!("{} is due", step.name))));
        }
        if done.runs {
            let side = self.environment.side;
            let mut servers = self.environment.company.factory.servers.iter();
            let server = servers.find(|server| server.side == side);
            row.push(("IS_RUNNING_SINCE", later(opened, 10 * MINUTE)));
            row.push(("IS_RUNNING_AT", server.map_or(Value::Null, |server| text(&server.name))));
        }
        if done.errors > 0 {
            row.push(("LAST_ERROR_ID", text(key::key(&format!("error/{}", done.name)))));
        }
        row
    }

    /// The id of a value's definition, and what every value has.
    fn cells(
        &self,
        about: &About<'_>,
        parameter: &Parameter,
        within: &str,
        to: &Records,
    ) -> Result<(Value, Vec<(&'static str, Value)>)> {
        let name = format!("{within}/{}", parameter.name);
        let definition = self.definitions.iter().find(|one| one.name == name);
        let definition = definition.ok_or_else(|| wrong(format!("there is no {name}")))?;
        let (data_type, own_type) = value_type(self.environment, parameter)?;
        let first = match self.environment.side {
            Side::Source => 70,
            Side::Destination => 505,
        };
        let id = first + i64::try_from(to.rows.len()).unwrap_or(0);
        let row = vec![
            ("TENANT_ID", number(about.tenant)),
            ("ID", number(id)),
            ("SS_KEY", text(&definition.key)),
            ("NAME", text(&parameter.name)),
            ("DATA_TYPE", text(data_type)),
            ("SS_TYPE", if about.instance.untyped { Value::Null } else { text(own_type) }),
        ];
        Ok((number(definition.id), row))
    }

    /// A value as the data has it, with the ids that it names.
    fn value(&self, about: &About<'_>, given: &str, user: Option<i64>) -> Result<Value> {
        let environment = self.environment;
        let Some(inner) = given.strip_prefix('{').and_then(|given| given.strip_suffix('}')) else {
            return Ok(text(given));
        };
        let unclear = || wrong(format!("{}: {given} is nothing", about.instance.name));
        match inner.split_once(' ') {
            None if inner == "row" => {
                let entity = about.process.about().ok_or_else(unclear)?;
                let place = environment.company.place(entity).ok_or_else(unclear)?;
                Ok(text(identifier(environment, place, about.row)?.to_string()))
            }
            None if inner == "user" => Ok(text(user.ok_or_else(unclear)?.to_string())),
            Some(("user", name)) => Ok(text(self.user(name)?.to_string())),
            _ => Err(unclear()),
        }
    }

    fn user(&self, username: &str) -> Result<i64> {
        let mut people = self.environment.people.iter();
        let person = people.find(|person| {
            person.user.username == username && person.user.tenant == TENANT && !person.again
        });
        person
            .map(|person| person.id)
            .ok_or_else(|| wrong(format!("there is no user {username} in {TENANT}")))
    }
}

/// The parameters that something is given, in the order of their definitions.
fn named<'a>(
    all: &'a [Parameter],
    given: &BTreeMap<String, String>,
    instance: &str,
) -> Result<Vec<&'a Parameter>> {
    let found: Vec<&Parameter> =
        all.iter().filter(|parameter| given.contains_key(&parameter.name)).collect();
    match found.len() == given.len() {
        true => Ok(found),
        false => Err(wrong(format!("{instance}: {given:?} names what is not there"))),
    }
}

/// When the process at a place was started.
fn started(place: usize) -> Value {
    later(&moment("2025-02-03 08:05:00"), 7 * HOUR * i64::try_from(place).unwrap_or(0))
}

fn later(than: &Value, by: i64) -> Value {
    match than {
        Value::DateTime(ticks) => Value::DateTime(ticks + by),
        other => other.clone(),
    }
}
