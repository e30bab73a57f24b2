//! Platform tables that application rows refer to, and how their rows are recognised.

/// A platform table that attributes may refer to (`metamodel.md` §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the platform's own names")]
pub enum SystemTarget {
    User,
    Group,
    Role,
    Tenant,
    Espace,
    Extension,
    Application,
    Entity,
    EntityAttribute,
    ProcessDefinition,
    ActivityDefinition,
    ProcessInputDefinition,
    ProcessOutputDefinition,
    ActivityOutputDefinition,
    ProcessStatus,
    ActivityStatus,
    ActivityKind,
    Process,
    Activity,
    /// A platform table for which no rule is known.
    Other,
}

/// The tables of the platform that attributes may refer to.
const TABLES: [(&str, SystemTarget); 19] = [
    ("OSSYS_USER", SystemTarget::User),
    ("OSSYS_GROUP", SystemTarget::Group),
    ("OSSYS_ROLE", SystemTarget::Role),
    ("OSSYS_TENANT", SystemTarget::Tenant),
    ("OSSYS_ESPACE", SystemTarget::Espace),
    ("OSSYS_EXTENSION", SystemTarget::Extension),
    ("OSSYS_APPLICATION", SystemTarget::Application),
    ("OSSYS_ENTITY", SystemTarget::Entity),
    ("OSSYS_ENTITY_ATTR", SystemTarget::EntityAttribute),
    ("OSSYS_BPM_PROCESS_DEFINITION", SystemTarget::ProcessDefinition),
    ("OSSYS_BPM_ACTIVITY_DEFINITION", SystemTarget::ActivityDefinition),
    ("OSSYS_BPM_PROCESS_INPUT_DEF", SystemTarget::ProcessInputDefinition),
    ("OSSYS_BPM_PROCESS_OUTPUT_DEF", SystemTarget::ProcessOutputDefinition),
    ("OSSYS_BPM_ACTIVITY_OUTPUT_DEF", SystemTarget::ActivityOutputDefinition),
    ("OSSYS_BPM_PROCESS_STATUS", SystemTarget::ProcessStatus),
    ("OSSYS_BPM_ACTIVITY_STATUS", SystemTarget::ActivityStatus),
    ("OSSYS_BPM_ACTIVITY_KIND", SystemTarget::ActivityKind),
    ("OSSYS_BPM_PROCESS", SystemTarget::Process),
    ("OSSYS_BPM_ACTIVITY", SystemTarget::Activity),
];

impl SystemTarget {
    /// The target whose table has this name; `None` for tables of applications.
    #[must_use]
    pub fn of_table(name: &str) -> Option<Self> {
        let upper = name.to_ascii_uppercase();
        let is_platform = ["OSSYS_", "OSLTM_", "OSLOG_"].iter().any(|own| upper.starts_with(own));
        let known = TABLES.iter().find(|(table, _)| *table == upper);
        is_platform.then(|| known.map_or(Self::Other, |(_, target)| *target))
    }

    /// The name of its table; `None` for one without a rule.
    #[must_use]
    pub fn table(self) -> Option<&'static str> {
        TABLES.iter().find(|(_, target)| *target == self).map(|(table, _)| *table)
    }

    /// Whether its rows are definitions of processes or of their parts, or what states instances are
    /// in (`metamodel.md` §5.1).
    #[must_use]
    pub fn is_of_processes(self) -> bool {
        matches!(
            self,
            Self::ProcessDefinition
                | Self::ActivityDefinition
                | Self::ProcessInputDefinition
                | Self::ProcessOutputDefinition
                | Self::ActivityOutputDefinition
                | Self::ProcessStatus
                | Self::ActivityStatus
                | Self::ActivityKind
        )
    }

    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Role => "Role",
            Self::Tenant => "Tenant",
            Self::Espace => "Espace",
            Self::Extension => "Extension",
            Self::Application => "Application",
            Self::Entity => "Entity",
            Self::EntityAttribute => "Entity_Attr",
            Self::ProcessDefinition => "Process_Definition",
            Self::ActivityDefinition => "Activity_Definition",
            Self::ProcessInputDefinition => "Process_Input_Definition",
            Self::ProcessOutputDefinition => "Process_Output_Definition",
            Self::ActivityOutputDefinition => "Activity_Output_Definition",
            Self::ProcessStatus => "Process_Status",
            Self::ActivityStatus => "Activity_Status",
            Self::ActivityKind => "Activity_Kind",
            Self::Process => "Process",
            Self::Activity => "Activity",
            Self::Other => "a platform table",
        }
    }
}
