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

impl SystemTarget {
    /// The target whose table has this name; `None` for tables of applications.
    #[must_use]
    pub fn of_table(name: &str) -> Option<Self> {
        let upper = name.to_ascii_uppercase();
        if !upper.starts_with("OSSYS_")
            && !upper.starts_with("OSLTM_")
            && !upper.starts_with("OSLOG_")
        {
            return None;
        }
        Some(match upper.as_str() {
            "OSSYS_USER" => Self::User,
            "OSSYS_GROUP" => Self::Group,
            "OSSYS_ROLE" => Self::Role,
            "OSSYS_TENANT" => Self::Tenant,
            "OSSYS_ESPACE" => Self::Espace,
            "OSSYS_EXTENSION" => Self::Extension,
            "OSSYS_APPLICATION" => Self::Application,
            "OSSYS_ENTITY" => Self::Entity,
            "OSSYS_ENTITY_ATTR" => Self::EntityAttribute,
            "OSSYS_BPM_PROCESS_DEFINITION" => Self::ProcessDefinition,
            "OSSYS_BPM_ACTIVITY_DEFINITION" => Self::ActivityDefinition,
            "OSSYS_BPM_PROCESS_INPUT_DEF" => Self::ProcessInputDefinition,
            "OSSYS_BPM_PROCESS_OUTPUT_DEF" => Self::ProcessOutputDefinition,
            "OSSYS_BPM_ACTIVITY_OUTPUT_DEF" => Self::ActivityOutputDefinition,
            "OSSYS_BPM_PROCESS_STATUS" => Self::ProcessStatus,
            "OSSYS_BPM_ACTIVITY_STATUS" => Self::ActivityStatus,
            "OSSYS_BPM_ACTIVITY_KIND" => Self::ActivityKind,
            "OSSYS_BPM_PROCESS" => Self::Process,
            "OSSYS_BPM_ACTIVITY" => Self::Activity,
            _ => Self::Other,
        })
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
