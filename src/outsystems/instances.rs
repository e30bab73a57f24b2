//! The tables of process instances as entities (`metamodel.md` §5.2).
//!
//! The model describes them or not, according to the platform's version, and rows of applications
//! refer to two of them. What their columns mean is published; which of them a version has, the
//! catalogue says. So each is described from its shape, and the model is asked for the rest.

use std::collections::HashMap;

use super::{
    Attribute, AttributeType, BasicType, DataKind, DeleteRule, Entity, EntityIndex, Environment,
    Key, SystemTarget,
};
use crate::database::{ColumnShape, TableName, TableShape, ValueKind, same_name};

/// The key that stands for the platform where a model does not describe one of its tables.
const PLATFORM: &str = "osferry.platform";

/// A table of process instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InstanceTable {
    /// OSSYS_BPM_PROCESS
    Process,
    /// OSSYS_BPM_PROCESS_INPUT
    ProcessInput,
    /// OSSYS_BPM_PROCESS_OUTPUT
    ProcessOutput,
    /// OSSYS_BPM_ACTIVITY
    Activity,
    /// OSSYS_BPM_ACTIVITY_OUTPUT: what an activity was given and what it gave.
    ActivityOutput,
}

impl InstanceTable {
    /// All of them, those referred to first.
    pub const ALL: [Self; 5] = [
        Self::Process,
        Self::Activity,
        Self::ProcessInput,
        Self::ProcessOutput,
        Self::ActivityOutput,
    ];

    /// Its name in the platform's database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "OSSYS_BPM_PROCESS",
            Self::ProcessInput => "OSSYS_BPM_PROCESS_INPUT",
            Self::ProcessOutput => "OSSYS_BPM_PROCESS_OUTPUT",
            Self::Activity => "OSSYS_BPM_ACTIVITY",
            Self::ActivityOutput => "OSSYS_BPM_ACTIVITY_OUTPUT",
        }
    }

    /// The name of its entity.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Process => "Process",
            Self::ProcessInput => "Process_Input",
            Self::ProcessOutput => "Process_Output",
            Self::Activity => "Activity",
            Self::ActivityOutput => "Activity_Output",
        }
    }

    /// The table.
    #[must_use]
    pub fn table(self) -> TableName {
        TableName::new(self.name())
    }

    /// The one with that name.
    #[must_use]
    pub fn of_table(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| same_name(one.name(), name))
    }

    /// The column that says of which definition an instance is, and the definitions.
    #[must_use]
    pub fn definition(self) -> (&'static str, SystemTarget) {
        match self {
            Self::Process => ("PROCESS_DEF_ID", SystemTarget::ProcessDefinition),
            Self::ProcessInput => ("INPUT_DEF_ID", SystemTarget::ProcessInputDefinition),
            Self::ProcessOutput => ("OUTPUT_DEF_ID", SystemTarget::ProcessOutputDefinition),
            Self::Activity => ("ACTIVITY_DEF_ID", SystemTarget::ActivityDefinition),
            Self::ActivityOutput => ("OUTPUT_DEF_ID", SystemTarget::ActivityOutputDefinition),
        }
    }

    /// The column with a value as text, where it has one: an id, where its type says so.
    #[must_use]
    pub fn value(self) -> Option<&'static str> {
        match self {
            Self::ProcessInput => Some("INPUT_VALUE"),
            Self::ProcessOutput | Self::ActivityOutput => Some("OUTPUT_VALUE"),
            Self::Process | Self::Activity => None,
        }
    }

    /// What the ids in its columns are of, and whether each row has one.
    fn references(self) -> &'static [(&'static str, SystemTarget, bool)] {
        match self {
            Self::Process => &[
                ("PROCESS_DEF_ID", SystemTarget::ProcessDefinition, true),
                ("STATUS_ID", SystemTarget::ProcessStatus, true),
                ("PARENT_PROCESS_ID", SystemTarget::Process, false),
                ("PARENT_ACTIVITY_ID", SystemTarget::Activity, false),
                ("TOP_PROCESS_ID", SystemTarget::Process, false),
                ("CREATED_BY", SystemTarget::User, false),
                ("LAST_MODIFIED_BY", SystemTarget::User, false),
                ("SUSPENDED_BY", SystemTarget::User, false),
            ],
            Self::ProcessInput => &[
                ("INPUT_DEF_ID", SystemTarget::ProcessInputDefinition, true),
                ("PROCESS_ID", SystemTarget::Process, true),
                ("ACTIVITY_ID", SystemTarget::Activity, false),
            ],
            Self::ProcessOutput => &[
                ("OUTPUT_DEF_ID", SystemTarget::ProcessOutputDefinition, true),
                ("PROCESS_ID", SystemTarget::Process, true),
            ],
            Self::Activity => &[
                ("ACTIVITY_DEF_ID", SystemTarget::ActivityDefinition, true),
                ("PROCESS_ID", SystemTarget::Process, true),
                ("STATUS_ID", SystemTarget::ActivityStatus, true),
                ("PRECEDENT_ACTIVITY_ID", SystemTarget::Activity, false),
                ("USER_ID", SystemTarget::User, false),
                ("GROUP_ID", SystemTarget::Group, false),
            ],
            Self::ActivityOutput => &[
                ("OUTPUT_DEF_ID", SystemTarget::ActivityOutputDefinition, true),
                ("ACTIVITY_ID", SystemTarget::Activity, true),
            ],
        }
    }

    /// The column that says which process or activity a row is part of.
    #[must_use]
    pub fn owner(self) -> Option<&'static str> {
        match self {
            Self::Process => None,
            Self::Activity | Self::ProcessInput | Self::ProcessOutput => Some("PROCESS_ID"),
            Self::ActivityOutput => Some("ACTIVITY_ID"),
        }
    }

    /// The columns without which nobody knows what belongs to what.
    #[must_use]
    pub fn structure(self) -> &'static [&'static str] {
        match self {
            Self::Process => &["ID", "PROCESS_DEF_ID", "TOP_PROCESS_ID", "STATUS_ID"],
            Self::Activity => &["ID", "ACTIVITY_DEF_ID", "PROCESS_ID"],
            Self::ProcessInput | Self::ProcessOutput => &["ID", "PROCESS_ID"],
            Self::ActivityOutput => &["ID", "ACTIVITY_ID"],
        }
    }

    /// The columns of an unfinished activity that say where and since when it is at work, and what
    /// went wrong there last: nothing of it is true of a copy.
    #[must_use]
    pub fn run_state(self) -> &'static [&'static str] {
        match self {
            Self::Activity => &["IS_RUNNING_SINCE", "IS_RUNNING_AT", "LAST_ERROR_ID"],
            _ => &[],
        }
    }
}

impl Environment {
    /// The entity of a table of instances, where the platform has it.
    #[must_use]
    pub fn instances(&self, table: InstanceTable) -> Option<EntityIndex> {
        let place = self.entities.iter().position(|entity| {
            entity.is_active && InstanceTable::of_table(&entity.table.name) == Some(table)
        });
        place.map(EntityIndex)
    }
}

impl Entity {
    /// Which table of process instances it stands for.
    #[must_use]
    pub fn instance_table(&self) -> Option<InstanceTable> {
        InstanceTable::of_table(&self.table.name)
    }
}

/// Describes the tables of instances that are there, and what their columns refer to.
pub(super) fn describe(entities: &mut Vec<Entity>, shapes: &HashMap<TableName, TableShape>) {
    let there: Vec<(InstanceTable, &TableShape)> = InstanceTable::ALL
        .into_iter()
        .filter_map(|table| Some((table, shapes.get(&table.table())?)))
        .collect();
    // The tables themselves are among what they refer to.
    for (table, _) in &there {
        if !entities.iter().any(|one| one.is_active && one.instance_table() == Some(*table)) {
            entities.push(undescribed(table.label(), table.name()));
        }
    }
    for (table, shape) in there {
        let mut types = HashMap::new();
        for (column, target, _) in table.references() {
            types.insert(*column, type_of(entities, *target));
        }
        let own =
            entities.iter_mut().find(|one| one.is_active && one.instance_table() == Some(table));
        if let Some(own) = own {
            let attributes = shape.columns.iter();
            own.attributes = attributes
                .map(|column| attribute(table, column, &own.attributes, &types))
                .collect();
            own.table = table.table();
            own.kind = DataKind::Entity;
            own.is_external = false;
            own.is_system = true;
            own.is_multitenant = shape.column("TENANT_ID").is_some();
            own.identifier_key = Key::new("ID");
            own.label_key = Key::default();
        }
    }
}

/// The type of a column that refers to a table of the platform. One that the model does not
/// describe is added, to be referred to and for nothing else.
fn type_of(entities: &mut Vec<Entity>, target: SystemTarget) -> AttributeType {
    let known =
        entities.iter().find(|entity| entity.is_active && entity.system_target() == Some(target));
    let entity = match known {
        Some(known) => known,
        None => {
            let table = target.table().unwrap_or_default();
            entities.push(undescribed(target.label(), table));
            &entities[entities.len() - 1]
        }
    };
    AttributeType::Reference { espace: entity.espace_key.clone(), entity: entity.key.clone() }
}

/// A table of the platform that the model does not describe. It has no ID, which nothing refers to.
fn undescribed(name: &str, table: &str) -> Entity {
    Entity {
        id: 0,
        name: name.to_owned(),
        key: Key::new(table),
        espace_id: None,
        espace_key: Key::new(PLATFORM),
        espace_name: "(System)".to_owned(),
        table: TableName::new(table),
        kind: DataKind::Entity,
        is_active: true,
        is_external: false,
        is_system: true,
        is_multitenant: false,
        identifier_key: Key::default(),
        label_key: Key::default(),
        event_table: None,
        attributes: Vec::new(),
    }
}

/// A column as an attribute. Its name is its key: it is the platform's own, the same everywhere.
fn attribute(
    table: InstanceTable,
    column: &ColumnShape,
    model: &[Attribute],
    types: &HashMap<&str, AttributeType>,
) -> Attribute {
    let described = model.iter().find(|one| one.is_active && same_name(&one.column, &column.name));
    let reference = table.references().iter().find(|(name, _, _)| same_name(name, &column.name));
    let data_type = match (reference, described) {
        (Some((name, _, _)), _) => types[name].clone(),
        (None, Some(described)) => described.data_type.clone(),
        (None, None) => plain_type(column),
    };
    Attribute {
        id: described.map_or(0, |described| described.id),
        name: column.name.clone(),
        key: Key::new(&column.name),
        column: column.name.clone(),
        data_type,
        length: described.map_or(0, |described| described.length),
        decimals: described.map_or(0, |described| described.decimals),
        is_mandatory: reference.is_some_and(|(_, _, each)| *each),
        is_autonumber: column.identity,
        delete_rule: DeleteRule::Ignore,
        default_value: String::new(),
        is_active: true,
    }
}

/// The type of a column that neither the published tables nor the model tell of. A number may be
/// an id of anything.
fn plain_type(column: &ColumnShape) -> AttributeType {
    let is_count =
        ["ID", "ERROR_COUNT", "TENANT_ID"].iter().any(|name| same_name(name, &column.name));
    AttributeType::Basic(match column.data_type.kind() {
        Some(ValueKind::Integer) if is_count => BasicType::Integer,
        Some(ValueKind::Integer) => {
            return AttributeType::Unknown(format!("{} of {}", column.data_type, column.name));
        }
        Some(ValueKind::Bit) => BasicType::Boolean,
        Some(ValueKind::DateTime) => BasicType::DateTime,
        Some(ValueKind::Decimal | ValueKind::Float) => BasicType::Decimal,
        Some(ValueKind::Binary) => BasicType::BinaryData,
        _ => BasicType::Text,
    })
}
