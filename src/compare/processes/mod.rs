//! Processes: which definition is which, where the two sides differ, and how many instances each
//! difference touches (`metamodel.md` §5.1, §5.2). Definitions are matched by keys, statuses by
//! name; none of them is ever written.

mod instances;
mod subscriptions;
mod told;
mod values;

use std::collections::{BTreeMap, HashMap};

use super::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use crate::database::{ColumnRef, Filter, TableName, Value};
use crate::outsystems::{Environment, InstanceTable, Key, ProcessDefinition, Side, SystemTarget};
pub(super) use instances::Instances;
pub use values::ValueType;

/// What a process has besides its activities.
const VALUES: [InstanceTable; 2] = [InstanceTable::ProcessInput, InstanceTable::ProcessOutput];

/// What an instance of a table is called, and several.
fn words(table: InstanceTable) -> [&'static str; 2] {
    match table {
        InstanceTable::Process => ["process", "processes"],
        InstanceTable::Activity => ["activity", "activities"],
        InstanceTable::ProcessInput => ["input", "inputs"],
        InstanceTable::ProcessOutput => ["output", "outputs"],
        InstanceTable::ActivityOutput => ["value", "values"],
    }
}

/// Definition ids with the instances of each; `None` while nobody has counted them.
type Counted = Option<BTreeMap<i64, u64>>;

/// Definitions of one side.
fn of(side: &Environment, target: SystemTarget) -> &[ProcessDefinition] {
    side.definitions.get(&target).map_or(&[], Vec::as_slice)
}

/// The definitions of one side, looked up by their keys and by what they are part of.
struct Definitions<'a> {
    by_key: HashMap<(SystemTarget, &'a Key, Key), &'a ProcessDefinition>,
    parts: HashMap<(SystemTarget, i64), Vec<&'a ProcessDefinition>>,
}

impl<'a> Definitions<'a> {
    fn of(side: &'a Environment) -> Self {
        let mut known = Self { by_key: HashMap::new(), parts: HashMap::new() };
        for (target, all) in &side.definitions {
            for one in all {
                let same = known.by_key.entry((*target, &one.espace_key, one.full_key()));
                // An active one before others.
                let same = same.or_insert(one);
                if one.is_active && !same.is_active {
                    *same = one;
                }
                if let Some(whole) = one.part_of {
                    known.parts.entry((*target, whole)).or_default().push(one);
                }
            }
        }
        known
    }

    /// The definition with the same keys as one of the other side.
    fn counterpart(
        &self,
        target: SystemTarget,
        ours: &ProcessDefinition,
    ) -> Option<&'a ProcessDefinition> {
        self.by_key.get(&(target, &ours.espace_key, ours.full_key())).copied()
    }

    /// What is a part of a definition.
    fn parts(
        &self,
        target: SystemTarget,
        whole: i64,
    ) -> impl Iterator<Item = &'a ProcessDefinition> {
        self.parts.get(&(target, whole)).into_iter().flatten().copied()
    }
}

/// A process of the scope, with what instances there are of its parts.
struct Process<'a> {
    ours: &'a ProcessDefinition,
    /// `Espace.Process`.
    name: String,
    counted: &'a BTreeMap<SystemTarget, Counted>,
    /// The definitions of the source and of the destination.
    definitions: [&'a Definitions<'a>; 2],
}

impl Process<'_> {
    fn key(&self, kind: FindingKind) -> FindingKey {
        FindingKey {
            espace: self.ours.espace_key.clone(),
            entity: self.ours.key.clone(),
            ..FindingKey::new(kind)
        }
    }

    /// About one of its parts.
    fn part(&self, kind: FindingKind, part: &ProcessDefinition) -> FindingKey {
        FindingKey { attribute: part.full_key(), ..self.key(kind) }
    }

    /// How many instances there are in the source of a definition.
    fn rows(&self, target: SystemTarget, id: i64) -> Option<u64> {
        let counted = self.counted.get(&target)?.as_ref()?;
        Some(counted.get(&id).copied().unwrap_or_default())
    }
}

impl Work<'_> {
    /// Compares the processes of the chosen espaces.
    pub(super) fn processes(&mut self) {
        let source = self.source;
        let in_scope = |key: &Key| self.selection.espaces.contains(key);
        let ours: Vec<&ProcessDefinition> = of(source, SystemTarget::ProcessDefinition)
            .iter()
            .filter(|process| in_scope(&process.espace_key))
            .collect();
        if ours.is_empty() {
            return;
        }
        let definitions = [Definitions::of(source), Definitions::of(self.destination)];
        let mut counted = BTreeMap::new();
        for table in InstanceTable::ALL {
            counted.insert(table.definition().1, self.counted(Side::Source, table));
        }
        let there = self.counted(Side::Destination, InstanceTable::Process);
        let mut instances = Instances::default();
        let obstacle = self.obstacle();
        for ours in ours {
            let espace = source.espace(&ours.espace_key).map_or("", |espace| &espace.name);
            let name = format!("{espace}.{}", ours.name);
            let definitions = definitions.each_ref();
            let process = Process { ours, name, counted: &counted, definitions };
            let rows = process.rows(SystemTarget::ProcessDefinition, ours.id);
            if !ours.is_active && rows == Some(0) {
                continue;
            }
            match definitions[1].counterpart(SystemTarget::ProcessDefinition, ours) {
                None => {
                    instances.leave_out(ours);
                    self.process_missing(&process, rows);
                }
                Some(theirs) => {
                    let standing =
                        there.as_ref().map(|all| all.get(&theirs.id).copied().unwrap_or_default());
                    let counts = [rows, standing];
                    let key = self.process_instances(&process, theirs, counts, obstacle.as_deref());
                    match self.selection.is_taken(&key) && obstacle.is_none() {
                        true => instances.take(ours, theirs),
                        false => instances.leave_out(ours),
                    }
                    let is_left = self.selection.is_left_out(&key) || obstacle.is_some();
                    let is_open = !is_left && !self.selection.is_taken(&key);
                    instances.is_open |= is_open && rows != Some(0);
                    self.process_parts(&process, theirs);
                }
            }
        }
        self.statuses(InstanceTable::Process, SystemTarget::ProcessStatus);
        self.statuses(InstanceTable::Activity, SystemTarget::ActivityStatus);
        self.restrict(instances);
    }

    /// A table of instances and one of its columns, where a platform has them.
    fn place_of(
        &self,
        side: Side,
        table: InstanceTable,
        column: &str,
    ) -> Option<(TableName, ColumnRef)> {
        let table = table.table();
        let column = self.model(side).shape(&table)?.column(column)?;
        Some((table, ColumnRef::from(column)))
    }

    /// The IDs of the definitions of chosen espaces.
    fn in_scope(&self, side: Side, target: SystemTarget) -> Vec<Value> {
        of(self.model(side), target)
            .iter()
            .filter(|one| self.selection.espaces.contains(&one.espace_key))
            .map(|one| Value::Integer(one.id))
            .collect()
    }

    /// How many instances there are of each definition of the chosen espaces.
    fn counted(&mut self, side: Side, table: InstanceTable) -> Counted {
        let (column, target) = table.definition();
        let ids = self.in_scope(side, target);
        let Some((table, column)) = self.place_of(side, table, column) else {
            return Some(BTreeMap::new());
        };
        if ids.is_empty() {
            return Some(BTreeMap::new());
        }
        let among = Filter::AnyOf(column.name.clone(), ids);
        let values = self.inquiry.values(side, &table, column, among)?;
        Some(values.iter().filter_map(|(id, rows)| Some((id.as_integer()?, *rows))).collect())
    }

    fn process_missing(&mut self, process: &Process<'_>, rows: Option<u64>) {
        let what = match process.ours.is_active {
            true => "the destination has no process with these keys",
            false => "inactive in the source, and the destination has no process with these keys",
        };
        let key = process.key(FindingKind::ProcessMissing);
        let why = "Usual cause: another version of the module is published there. Instances of a \
                   process that is not there could not go on; publish the module that has it.";
        let finding = match rows {
            Some(0) => Finding::note(key, &process.name, what, why),
            _ => Finding::decide(
                key,
                &process.name,
                what,
                why,
                vec![
                    Choice::new(choice::LEAVE_OUT, "leave its instances behind")
                        .costing("references to them are emptied, or their rows are left out"),
                    Choice::stop("do not run until the module is published"),
                ],
                choice::LEAVE_OUT,
            ),
        };
        self.find(finding.touching(rows));
    }

    /// The finding that decides about the instances of a process; returns its key.
    fn process_instances(
        &mut self,
        process: &Process<'_>,
        theirs: &ProcessDefinition,
        [ours, standing]: [Option<u64>; 2],
        obstacle: Option<&str>,
    ) -> FindingKey {
        let state = match (process.ours.is_active, theirs.is_active) {
            (true, true) => None,
            (true, false) => Some("active in the source, inactive in the destination"),
            (false, true) => Some("inactive in the source, active in the destination"),
            (false, false) => Some("inactive on both sides"),
        };
        let kind = match state {
            Some(_) => FindingKind::ProcessInactive,
            None => FindingKind::ProcessInstances,
        };
        let key = process.key(kind);
        let replaces = self.selection.replace == Some(true);
        // Nothing to carry over, and nothing that would go.
        if ours == Some(0) && (standing == Some(0) || !replaces) {
            if let Some(state) = state {
                self.find(Finding::note(
                    key.clone(),
                    &process.name,
                    state,
                    "The source has no instance of it.",
                ));
            }
            return key;
        }
        let shown = |rows: Option<u64>| rows.map_or("…".to_owned(), |rows| rows.to_string());
        let counts =
            format!("{} in the source, {} in the destination", shown(ours), shown(standing));
        let (what, why, recommended) = match state {
            None => (
                format!("its instances: {counts}"),
                "Instances go along with all that belongs to them: activities, inputs and outputs, \
                 sub-processes and the processes they are part of.",
                choice::TAKE_IN,
            ),
            Some(state) => (
                format!("{state}; its instances: {counts}"),
                "The module no longer has an inactive process: what instances it had remain, and none \
                 goes on.",
                choice::LEAVE_OUT,
            ),
        };
        let take =
            Choice::new(choice::TAKE_IN, "carry its instances over").costing(match replaces {
                true => format!("the destination's {} are deleted first", shown(standing)),
                false => "the destination's stay, and a second run would add them again".to_owned(),
            });
        let leave = Choice::new(choice::LEAVE_OUT, "leave its instances behind")
            .costing("references to them are emptied, or their rows are left out");
        let (mut choices, mut why, mut recommended) =
            (vec![take, leave], why.to_owned(), recommended);
        if let Some(obstacle) = obstacle {
            choices.remove(0);
            why = format!("Instances cannot be carried over: {obstacle}.");
            recommended = choice::LEAVE_OUT;
        }
        choices.push(Choice::stop("do not run"));
        let finding = Finding::decide(key.clone(), &process.name, what, why, choices, recommended);
        self.find(finding.touching(ours));
        key
    }

    /// Activities, inputs and outputs that only one side has, or that are of another type there.
    fn process_parts(&mut self, process: &Process<'_>, theirs: &ProcessDefinition) {
        let [source, destination] = process.definitions;
        for table in VALUES.into_iter().chain([InstanceTable::Activity]) {
            self.process_part(process, table, process.ours.id, theirs.id, "");
        }
        for activity in source.parts(SystemTarget::ActivityDefinition, process.ours.id) {
            let target = SystemTarget::ActivityDefinition;
            if let Some(same) = destination.counterpart(target, activity) {
                let within = format!("{}.", activity.name);
                let values = InstanceTable::ActivityOutput;
                self.process_part(process, values, activity.id, same.id, &within);
            }
        }
    }

    /// What two definitions, of these IDs, consist of.
    fn process_part(
        &mut self,
        process: &Process<'_>,
        table: InstanceTable,
        ours: i64,
        theirs: i64,
        within: &str,
    ) {
        let [source, destination] = process.definitions;
        let ((_, target), [one, many]) = (table.definition(), words(table));
        for part in source.parts(target, ours) {
            let rows = process.rows(target, part.id);
            if !part.is_active && rows == Some(0) {
                continue;
            }
            let about = format!("{}.{within}{}", process.name, part.name);
            let same = destination.counterpart(target, part);
            let what = match same {
                None => format!("the destination's process has no such {one}"),
                Some(same) if part.is_active && !same.is_active => {
                    format!("the {one} is inactive in the destination")
                }
                Some(same) => {
                    self.process_value_retyped(process, (&about, one), part, same, rows);
                    continue;
                }
            };
            let finding = Finding::note(
                process.part(FindingKind::ProcessPartMissing, part),
                about,
                what,
                format!(
                    "Usual cause: another version of the module is published there. The {many} of \
                     instances would have nothing to belong to."
                ),
            );
            self.find(finding.touching(rows));
        }
        for part in destination.parts(target, theirs).filter(|part| part.is_active) {
            if source.counterpart(target, part).is_none() {
                self.find(Finding::note(
                    process.part(FindingKind::ProcessPartNew, part),
                    format!("{}.{within}{}", process.name, part.name),
                    format!("only the destination's process has this {one}"),
                    "Instances of the source were made without it.",
                ));
            }
        }
    }

    fn process_value_retyped(
        &mut self,
        process: &Process<'_>,
        (about, one): (&str, &str),
        ours: &ProcessDefinition,
        theirs: &ProcessDefinition,
        rows: Option<u64>,
    ) {
        if Key::new(&ours.value_type) == Key::new(&theirs.value_type) {
            return;
        }
        let finding = Finding::note(
            process.part(FindingKind::ProcessValueRetyped, ours),
            about,
            format!("the {one} is of another type in the destination"),
            "Its values are texts of the type that the process had when they were written.",
        );
        self.find(finding.touching(rows));
    }

    /// Statuses of instances in scope that the destination has no namesake of, or under another id.
    fn statuses(&mut self, table: InstanceTable, target: SystemTarget) {
        let (source, destination) = (self.source, self.destination);
        let (definition, of_table) = table.definition();
        let ids = self.in_scope(Side::Source, of_table);
        let status = self.place_of(Side::Source, table, "STATUS_ID");
        let (Some((table, definition)), Some((_, column))) =
            (self.place_of(Side::Source, table, definition), status)
        else {
            return;
        };
        if ids.is_empty() {
            return;
        }
        let among = Filter::AnyOf(definition.name, ids);
        let Some(used) = self.inquiry.values(Side::Source, &table, column, among) else { return };
        for ours in of(source, target) {
            let is_it = |(id, _): &&(Value, u64)| id.as_integer() == Some(ours.id);
            let Some((_, rows)) = used.iter().find(is_it) else { continue };
            let name = Key::new(&ours.name);
            let theirs = of(destination, target).iter().find(|one| Key::new(&one.name) == name);
            let (kind, what) = match theirs {
                None => (
                    FindingKind::ProcessStatusMissing,
                    "the destination has no status of this name".to_owned(),
                ),
                Some(theirs) if theirs.id != ours.id => (
                    FindingKind::ProcessStatusIdDiffers,
                    format!("{} in the source, {} in the destination", ours.id, theirs.id),
                ),
                Some(_) => continue,
            };
            let key = FindingKey {
                record: name,
                entity: Key::new(target.label()),
                ..FindingKey::new(kind)
            };
            let about = format!("{}.{}", target.label(), ours.name);
            let why = "Statuses are matched by their names; their ids are the platform's.";
            self.find(Finding::note(key, about, what, why).touching(Some(*rows)));
        }
    }
}
