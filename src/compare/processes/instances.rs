//! Which instances are carried over.
//!
//! A process goes with its sub-processes, and a sub-process with what it is part of: the tree that
//! TOP_PROCESS_ID tells is carried over as a whole or not at all, whichever modules its processes are
//! of. It is carried over where one of its processes is of a definition that was taken in, none is of
//! one of the scope that was not, and the status of its topmost process was not left out
//! (`metamodel.md` §5.2).

use super::super::{Choice, Finding, FindingKey, FindingKind, Work, choice};
use super::of;
use crate::database::{Filter, Value, same_name};
use crate::outsystems::{InstanceTable, Key, ProcessDefinition, Side, SystemTarget};

/// The definitions of which instances are carried over, by ID.
#[derive(Clone, Default)]
pub(in super::super) struct Instances {
    /// Taken in, in the source.
    source: Vec<Value>,
    /// The same in the destination.
    destination: Vec<Value>,
    /// Of the scope and not taken in, in the source.
    left_out: Vec<Value>,
    /// Statuses of the source that were left out.
    statuses: Vec<Value>,
    /// Whether nobody has decided yet about the instances of some process.
    pub(in super::super) is_open: bool,
}

impl Instances {
    /// Whether none is carried over.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.source.is_empty()
    }

    pub(super) fn take(&mut self, ours: &ProcessDefinition, theirs: &ProcessDefinition) {
        self.source.push(Value::Integer(ours.id));
        self.destination.push(Value::Integer(theirs.id));
    }

    pub(super) fn leave_out(&mut self, ours: &ProcessDefinition) {
        self.left_out.push(Value::Integer(ours.id));
    }

    /// The processes of the source that are carried over.
    fn processes(&self) -> Filter {
        let with = |key: &str, among: Filter| Filter::Refers {
            column: "TOP_PROCESS_ID".to_owned(),
            parent: InstanceTable::Process.table(),
            key: key.to_owned(),
            among: Box::new(among),
        };
        let of = |ids: &[Value]| Filter::AnyOf("PROCESS_DEF_ID".to_owned(), ids.to_vec());
        let has_status = Filter::AnyOf("STATUS_ID".to_owned(), self.statuses.clone());
        let mut tree = with("TOP_PROCESS_ID", of(&self.source));
        let mut alone = with("ID", Filter::All).negated().and(of(&self.source));
        if !self.left_out.is_empty() {
            tree = tree.and(with("TOP_PROCESS_ID", of(&self.left_out)).negated());
        }
        if !self.statuses.is_empty() {
            tree = tree.and(with("ID", has_status.clone()).negated());
            alone = alone.and(has_status.negated());
        }
        // A process that names no topmost one, or one that is gone, stands for itself.
        Filter::Or(vec![tree, alone])
    }
}

/// The rows of a table of instances that belong to these processes.
fn belonging(table: InstanceTable, processes: Filter) -> Filter {
    let to = |column: &str, parent: InstanceTable, among: Filter| Filter::Refers {
        column: column.to_owned(),
        parent: parent.table(),
        key: "ID".to_owned(),
        among: Box::new(among),
    };
    match table {
        InstanceTable::Process => processes,
        InstanceTable::Activity | InstanceTable::ProcessInput | InstanceTable::ProcessOutput => {
            to("PROCESS_ID", InstanceTable::Process, processes)
        }
        InstanceTable::ActivityOutput => {
            let activities = belonging(InstanceTable::Activity, processes);
            to("ACTIVITY_ID", InstanceTable::Activity, activities)
        }
    }
}

/// The finding about the times at which unfinished activities go on.
pub(super) fn next_run() -> FindingKey {
    FindingKey {
        entity: Key::new(InstanceTable::Activity.label()),
        attribute: Key::new("NEXT_RUN"),
        ..FindingKey::new(FindingKind::ProcessNextRun)
    }
}

impl Work<'_> {
    /// From here on, only the instances that are carried over are asked about.
    pub(super) fn restrict(&mut self, mut instances: Instances) {
        if instances.is_empty() {
            self.instances = instances;
            return;
        }
        instances.statuses = self.statuses_left_out(&instances);
        self.across_modules(&instances);
        for table in InstanceTable::ALL {
            self.inquiry.restrict(table.table(), belonging(table, instances.processes()));
        }
        self.instances = instances;
    }

    /// Why no instance can be carried over: a table or a column that says what belongs to what is not
    /// there.
    pub(super) fn obstacle(&self) -> Option<String> {
        for side in [Side::Source, Side::Destination] {
            for table in InstanceTable::ALL {
                let Some(shape) = self.model(side).shape(&table.table()) else {
                    return Some(format!("the {side} has no table {}", table.name()));
                };
                let lacks = |column: &&&str| shape.column(column).is_none();
                if let Some(column) = table.structure().iter().find(lacks) {
                    let name = table.name();
                    return Some(format!("{name} has no column {column} in the {side}"));
                }
            }
        }
        None
    }

    /// The rows of a table of instances that the destination has of the processes taken in: those
    /// that are replaced.
    pub(in super::super) fn instances_there(&self, table: InstanceTable) -> Filter {
        let ids = self.instances.destination.clone();
        belonging(table, Filter::AnyOf("PROCESS_DEF_ID".to_owned(), ids))
    }

    /// Says of each status that instances have how many do, and returns those left out.
    fn statuses_left_out(&mut self, instances: &Instances) -> Vec<Value> {
        let mut left_out = Vec::new();
        let Some((table, column)) =
            self.place_of(Side::Source, InstanceTable::Process, "STATUS_ID")
        else {
            return left_out;
        };
        let among = Filter::AnyOf("PROCESS_DEF_ID".to_owned(), instances.source.clone());
        let used = self.inquiry.values(Side::Source, &table, column, among).unwrap_or_default();
        let statuses = of(self.source, SystemTarget::ProcessStatus);
        for (id, rows) in used {
            let status = statuses.iter().find(|status| id.as_integer() == Some(status.id));
            let name = status.map_or_else(|| format!("status {id}"), |status| status.name.clone());
            let key = FindingKey {
                entity: Key::new(SystemTarget::ProcessStatus.label()),
                record: Key::new(&name),
                ..FindingKey::new(FindingKind::ProcessStatus)
            };
            if self.selection.is_left_out(&key) {
                left_out.push(id.clone());
            }
            let finding = Finding::decide(
                key,
                format!("{}.{name}", SystemTarget::ProcessStatus.label()),
                "processes have this status",
                "A sub-process goes with its topmost process, whose status says whether it goes along.",
                vec![
                    Choice::new(choice::TAKE_IN, "carry processes with this status over"),
                    Choice::new(choice::LEAVE_OUT, "leave processes with this status behind")
                        .costing("references to them are emptied, or their rows are left out"),
                ],
                choice::TAKE_IN,
            );
            self.find(finding.settled_as(choice::TAKE_IN, None).touching(Some(*rows)));
        }
        left_out
    }

    /// Processes of other modules that go along, and processes that stay behind because one that
    /// belongs to them does.
    fn across_modules(&mut self, instances: &Instances) {
        let Some((table, column)) =
            self.place_of(Side::Source, InstanceTable::Process, "PROCESS_DEF_ID")
        else {
            return;
        };
        let own = Filter::AnyOf(column.name.clone(), instances.source.clone());
        let others = instances.processes().and(own.clone().negated());
        let used = self.inquiry.values(Side::Source, &table, column, others).unwrap_or_default();
        for (id, rows) in used {
            let definitions = of(self.source, SystemTarget::ProcessDefinition);
            let definition = definitions.iter().find(|one| id.as_integer() == Some(one.id));
            let espace = definition.and_then(|one| self.source.espace(&one.espace_key));
            let name = match (espace, definition) {
                (Some(espace), Some(definition)) => format!("{}.{}", espace.name, definition.name),
                _ => format!("process definition {id}"),
            };
            let key = FindingKey {
                espace: definition.map(|one| one.espace_key.clone()).unwrap_or_default(),
                entity: definition.map_or_else(|| Key::new(&id.to_string()), |one| one.key.clone()),
                ..FindingKey::new(FindingKind::ProcessFollowed)
            };
            let finding = Finding::note(
                key,
                name,
                "its module was not chosen, and instances of it go along",
                "They are sub-processes of processes that are carried over, or have such among their \
                 own.",
            );
            self.find(finding.touching(Some(*rows)));
        }
        if instances.left_out.is_empty() {
            return;
        }
        let without = Instances { left_out: Vec::new(), ..instances.clone() };
        let stays = without.processes().and(own).and(instances.processes().negated());
        let rows = self.inquiry.count(Side::Source, &table, stays);
        if rows == Some(0) {
            return;
        }
        let finding = Finding::note(
            FindingKey::new(FindingKind::ProcessTreeLeftOut),
            "Processes",
            "instances stay behind because a process that belongs to them does",
            "A process goes with its sub-processes or not at all. Take the instances of the other \
             process in as well, or leave these behind.",
        );
        self.find(finding.touching(rows));
    }

    /// The columns of an activity that are written without a value: where and since when it is at
    /// work, and when it is to go on where a decision says so.
    pub(in super::super) fn is_reset(&self, table: InstanceTable, column: &str) -> bool {
        let next_run = next_run();
        table.run_state().iter().any(|name| same_name(name, column))
            || (table == InstanceTable::Activity
                && same_name(column, "NEXT_RUN")
                && self.selection.is_emptied(&next_run))
    }
}
