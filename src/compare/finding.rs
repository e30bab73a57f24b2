//! What the comparison noticed, and what can be done about it.

use std::fmt;

use crate::outsystems::{Attribute, Entity, Key};

/// How much a finding matters; the order is the order on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The run cannot start until it is decided or gone.
    Block,
    /// There is a safe recommendation, to be confirmed.
    Warning,
    /// To be known; nothing to decide.
    Note,
}

impl Severity {
    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What kind of thing was noticed. The name is what plan files and lessons use.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum FindingKind {
            $($(#[$doc])* $variant,)*
        }

        impl FindingKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in plan files.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    /// The platforms' versions differ.
    PlatformVersionDiffers = "platform-version-differs",
    /// The databases' collations differ.
    CollationDiffers = "collation-differs",
    /// An entity of the scope is not in the destination's model.
    EntityMissing = "entity-missing",
    /// Several active entities carry the same keys.
    EntityAmbiguous = "entity-ambiguous",
    /// An active entity of a chosen espace that only the destination has.
    EntityNew = "entity-new",
    /// Static on one side, not on the other.
    EntityKindChanged = "entity-kind-changed",
    /// DATA_KIND holds something unknown.
    EntityKindUnknown = "entity-kind-unknown",
    /// The model names a table that is not there, or is no table.
    TableMissing = "table-missing",
    /// An entity kept in another system.
    ExternalEntity = "external-entity",
    /// The same entity has other table names on the two sides.
    PhysicalNameDiffers = "physical-name-differs",
    /// An inactive entity with the same keys has a table with leftover rows.
    InactiveDuplicate = "inactive-duplicate",
    /// Another module has the same inner keys.
    ClonedEspace = "cloned-espace",
    /// An attribute is only in the source.
    AttributeMissing = "attribute-missing",
    /// An attribute is active in the source and inactive in the destination.
    AttributeInactive = "attribute-inactive",
    /// An attribute has a namesake in the destination that has another key.
    AttributeRemade = "attribute-remade",
    /// An attribute is only in the destination.
    AttributeNew = "attribute-new",
    /// The same attribute has another name or column.
    AttributeRenamed = "attribute-renamed",
    /// The type changed in a way values may not survive.
    AttributeRetyped = "attribute-retyped",
    /// The model does not say what an attribute's values are.
    TypeUnknown = "type-unknown",
    /// The model names a column that its table does not have.
    ColumnMissing = "column-missing",
    /// Texts or binaries exceed the destination's length.
    TextTooLong = "text-too-long",
    /// Numbers exceed the destination's type.
    NumberTooWide = "number-too-wide",
    /// Cells hold what their column's type cannot hold.
    ValueUnreadable = "value-unreadable",
    /// The destination's column refuses NULL and there are NULLs.
    NullNotAllowed = "null-not-allowed",
    /// A unique index that only the destination has.
    UniqueOnlyInDestination = "unique-only-in-destination",
    /// A unique index that only the source has.
    UniqueOnlyInSource = "unique-only-in-source",
    /// Rows of ours become alike for a unique index.
    UniqueCollision = "unique-collision",
    /// Rows of ours are like rows that stay, for a unique index.
    UniqueTaken = "unique-taken",
    /// Rows of ours have the identifiers of rows that stay.
    IdentifierCollision = "identifier-collision",
    /// The destination's model demands a value, and there are rows without one.
    MandatoryEmpty = "mandatory-empty",
    /// A column that no attribute uses any more.
    LeftoverColumn = "leftover-column",
    /// An attribute that holds personal data by its type.
    PersonalData = "personal-data",
    /// An attribute that may hold personal data by its name.
    PersonalDataLikely = "personal-data-likely",
    /// A plain attribute whose values are ids of another entity, as far as they were looked at.
    SoftKeyLikely = "soft-key-likely",
    /// Masks that a unique index may refuse.
    PersonalDataKey = "personal-data-key",
    /// A leftover column that demands a value.
    LeftoverNotNull = "leftover-not-null",
    /// The identifier is made in another way.
    IdentifierChanged = "identifier-changed",
    /// The entity has no identifier.
    NoIdentifier = "no-identifier",
    /// The identifier is a text or a number the application gives.
    KeptIdentifier = "text-identifier",
    /// The identifier is another row's id.
    ExtensionEntity = "extension-entity",
    /// Rows belong to tenants, by a column that may be hidden.
    MultiTenant = "multi-tenant",
    /// A link between two entities is there once only.
    ManyToManyUnique = "many-to-many-unique",
    /// Values that do not fit an ordinary row.
    LargeValues = "large-values",
    /// Rows belong to tenants on one side only.
    MultitenancyChanged = "multi-tenancy-changed",
    /// Rows of an entity whose rows belong to tenants, that belong to none.
    RowsWithoutTenant = "rows-without-tenant",
    /// A trigger runs instead of INSERT.
    TriggerInsteadOf = "trigger-instead-of",
    /// A reference type leads nowhere for sure.
    ReferenceUnresolved = "reference-unresolved",
    /// The same attribute refers to another entity.
    ReferenceRetargeted = "reference-retargeted",
    /// A reference to an entity that was not chosen.
    ReferenceLeavesScope = "reference-leaves-scope",
    /// Rows referred to that have no counterpart by the chosen key.
    LookupMissing = "lookup-missing",
    /// Rows referred to that the chosen key does not tell apart.
    LookupAmbiguous = "lookup-ambiguous",
    /// A decision about a reference that leaves the scope cannot be done.
    LookupRefused = "lookup-refused",
    /// A module's attributes refer to entities that it does not say it uses.
    ProducerUndeclared = "producer-undeclared",
    /// A module says that it uses entities which stay behind.
    ProducerUnused = "producer-unused",
    /// A reference to a platform table without a rule.
    ReferenceToPlatform = "reference-to-platform",
    /// A reference's column is narrower than the ids that it gets.
    ReferenceNarrower = "reference-narrower",
    /// References that point to nothing.
    OrphanReferences = "orphan-references",
    /// A column holds more different values than can be looked at one by one.
    TooManyValues = "too-many-values",
    /// Rows that refer to rows of the same entity.
    SelfReference = "self-reference",
    /// References that go round in a circle.
    Cycle = "cycle",
    /// A circle of references none of which can wait.
    CycleMandatory = "cycle-mandatory",
    /// A static record has another id.
    RecordIdDiffers = "record-id-differs",
    /// A static record that rows use is not in the destination.
    RecordMissing = "record-missing",
    /// A static record of the same name has another key.
    RecordRecreated = "record-recreated",
    /// A static record is matched though it is inactive.
    RecordInactive = "record-inactive",
    /// The model holds an id of a static record that is none.
    RecordIdUnreadable = "record-id-unreadable",
    /// Several static records carry the same keys.
    RecordAmbiguous = "record-ambiguous",
    /// A tenant that rows belong to is not in the destination.
    TenantMissing = "tenant-missing",
    /// The module uses another user provider.
    UserProviderDiffers = "user-provider-differs",
    /// A user is not in the destination.
    UserMissing = "user-missing",
    /// A user is in the destination, inactive.
    UserInactive = "user-inactive",
    /// Several users answer to the name.
    UserAmbiguous = "user-ambiguous",
    /// A user that was found is mapped to another one by the plan.
    UserMapped = "user-mapped",
    /// The plan has a user that was found updated, or deleted and created again.
    UserFound = "user-found",
    /// Rows of the destination that go with users which are created again.
    UserCascade = "user-cascade",
    /// Rows of the destination that depend on users which are to be created again.
    UserDependants = "user-dependants",
    /// Several users who have a row of an entity each become one.
    UserCollision = "user-collision",
    /// The plan has created users keep their passwords.
    PasswordsCopied = "passwords-copied",
    /// A user has another id.
    UserIdDiffers = "user-id-differs",
    /// A group is not in the destination.
    GroupMissing = "group-missing",
    /// A role is not in the destination.
    RoleMissing = "role-missing",
    /// A process of the scope is not in the destination.
    ProcessMissing = "process-missing",
    /// A process of the scope is inactive on one side, or on both.
    ProcessInactive = "process-inactive",
    /// Instances of a process of the scope.
    ProcessInstances = "process-instances",
    /// A status that instances of the scope have.
    ProcessStatus = "process-status",
    /// Instances of other modules' processes that go along.
    ProcessFollowed = "process-followed",
    /// Instances that stay behind because others that belong to them do.
    ProcessTreeLeftOut = "process-tree-left-out",
    /// Activities that are to go on at a time.
    ProcessNextRun = "process-next-run",
    /// Subscriptions of activities that go along, to entities that do not.
    ProcessSubscriptionLeft = "process-subscription-left",
    /// The entity of a process, which is a view of its instances.
    ProcessEntityView = "process-entity-view",
    /// Values of instances that are ids of rows outside the scope.
    ProcessValueLeavesScope = "process-value-leaves-scope",
    /// Values of instances that are no ids, though their type says so.
    ProcessValueNoId = "process-value-no-id",
    /// An activity, input or output that the destination's process lacks.
    ProcessPartMissing = "process-part-missing",
    /// An activity, input or output that only the destination's process has.
    ProcessPartNew = "process-part-new",
    /// An input or output of another type.
    ProcessValueRetyped = "process-value-retyped",
    /// A status of instances that the destination does not have.
    ProcessStatusMissing = "process-status-missing",
    /// A status of instances that has another id.
    ProcessStatusIdDiffers = "process-status-id-differs",
    /// The plan does not say what becomes of the destination's rows.
    DestinationRowsUndecided = "destination-rows-undecided",
    /// Rows the destination has.
    DestinationRows = "destination-rows",
    /// Rows of ours that the destination keeps already, as a key tells.
    ExistingMatch = "existing-match",
    /// Rows of ours of which nothing tells whether the destination keeps them already.
    ExistingUnknown = "existing-unknown",
    /// What becomes of the destination's rows of an entity taken in by reference.
    ProducerRows = "producer-rows",
    /// Rows outside the scope point to rows that would be deleted.
    ConsumerOutsideScope = "consumer-outside-scope",
    /// Rows outside the scope point to rows that stay.
    ConsumerInDestination = "consumer-in-destination",
    /// Rows that deleting others would delete too, by foreign keys that cascade.
    CascadeDeletes = "cascade-deletes",
    /// Rows that a foreign key of a table or column outside the model ties to rows to be deleted.
    ForeignKeyOutside = "foreign-key-outside",
    /// Rows would start processes.
    EventTableNotEmpty = "event-table-not-empty",
}

impl FindingKind {
    /// Findings that say who a user of the source is in the destination; of one user there is one
    /// at most.
    pub const OF_USERS: [Self; 5] = [
        Self::UserMissing,
        Self::UserInactive,
        Self::UserAmbiguous,
        Self::UserMapped,
        Self::UserFound,
    ];
    /// Findings that say what becomes of references to a static record; of one record there is
    /// one at most.
    pub const OF_RECORDS: [Self; 3] =
        [Self::RecordMissing, Self::RecordRecreated, Self::RecordAmbiguous];

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a finding is about, by keys: the same finding has the same key tomorrow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FindingKey {
    /// Its kind.
    pub kind: FindingKind,
    /// The espace's SS key, or empty.
    pub espace: Key,
    /// The entity's SS key, or empty.
    pub entity: Key,
    /// The attribute's SS key, or empty.
    pub attribute: Key,
    /// The static record's SS key, or empty.
    pub record: Key,
    /// The user, group or role by name, or empty.
    pub user: Key,
    /// The tenant's name, or empty.
    pub tenant: Key,
}

impl FindingKey {
    /// About the environment as a whole.
    #[must_use]
    pub fn new(kind: FindingKind) -> Self {
        let none = Key::default;
        Self {
            kind,
            espace: none(),
            entity: none(),
            attribute: none(),
            record: none(),
            user: none(),
            tenant: none(),
        }
    }

    /// Whether it names a kind and nothing else: a decision with such a key goes for all findings
    /// of the kind.
    #[must_use]
    pub fn is_kind_only(&self) -> bool {
        *self == Self::new(self.kind)
    }

    /// About an entity.
    #[must_use]
    pub fn entity(kind: FindingKind, entity: &Entity) -> Self {
        Self { espace: entity.espace_key.clone(), entity: entity.key.clone(), ..Self::new(kind) }
    }

    /// About an attribute.
    #[must_use]
    pub fn attribute(kind: FindingKind, entity: &Entity, attribute: &Attribute) -> Self {
        Self { attribute: attribute.key.clone(), ..Self::entity(kind, entity) }
    }

    /// About a static record.
    #[must_use]
    pub fn record(kind: FindingKind, entity: &Entity, record: &Key) -> Self {
        Self { record: record.clone(), ..Self::entity(kind, entity) }
    }

    /// About a person or group of a tenant.
    #[must_use]
    pub fn person(kind: FindingKind, name: &Key, tenant: &Key) -> Self {
        Self { user: name.clone(), tenant: tenant.clone(), ..Self::new(kind) }
    }
}

/// Names of choices, as plan files have them.
pub mod choice {
    #![expect(missing_docs, reason = "each is the word it holds")]
    pub const STOP: &str = "stop";
    pub const LEAVE_OUT: &str = "leave-out";
    pub const REJECT: &str = "reject";
    pub const CUT: &str = "cut";
    pub const EMPTY: &str = "empty";
    pub const CREATE: &str = "create";
    pub const USE: &str = "use";
    pub const MAP: &str = "map";
    pub const MAP_BY_KEY: &str = "map-by-key";
    pub const REPLACEMENT: &str = "replacement";
    pub const TAKE_IN: &str = "take-in";
    pub const KEEP: &str = "keep";
    pub const REPLACE: &str = "replace";
    pub const RECREATE: &str = "recreate";
    pub const DELETE_TOO: &str = "delete-too";
    pub const DEFAULT: &str = "default";
    pub const VALUE: &str = "value";
    pub const PAIR: &str = "pair";
    pub const CONVERT: &str = "convert";
    pub const MASK: &str = "mask";
    pub const REAL: &str = "real";
    pub const NULL: &str = "null";
    pub const CONSTANT: &str = "constant";
    pub const REUSE: &str = "reuse";
    pub const UPDATE: &str = "update";
    pub const ADD: &str = "add";
    pub const REMAP: &str = "remap";
    pub const LEAVE: &str = "leave";
    pub const ALL_TENANTS: &str = "all-tenants";
}

/// One way to decide a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name in plan files.
    pub name: &'static str,
    /// What it does.
    pub label: String,
    /// What it costs; empty when nothing.
    pub cost: String,
    /// Whether it needs to be told where to (`to` in plan files).
    pub needs_target: bool,
    /// Where to, as plan files name it and as people read it, where this choice has targets of its
    /// own; others may be given in a plan file.
    pub offers: Vec<(String, String)>,
}

impl Choice {
    /// A choice without a cost.
    pub fn new(name: &'static str, label: impl Into<String>) -> Self {
        Self {
            name,
            label: label.into(),
            cost: String::new(),
            needs_target: false,
            offers: Vec::new(),
        }
    }

    /// Adds what it costs.
    #[must_use]
    pub fn costing(mut self, cost: impl Into<String>) -> Self {
        self.cost = cost.into();
        self
    }

    /// Says that it needs a target.
    #[must_use]
    pub fn to_a_target(mut self) -> Self {
        self.needs_target = true;
        self
    }

    /// Says that it needs a target, and which are at hand.
    #[must_use]
    pub fn to_one_of(mut self, offers: Vec<(String, String)>) -> Self {
        self.needs_target = true;
        self.offers = offers;
        self
    }

    /// Not to run.
    pub fn stop(label: impl Into<String>) -> Self {
        Self::new(choice::STOP, label)
    }
}

/// One thing noticed: what, why it matters, how many rows, what can be done.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it is about.
    pub key: FindingKey,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about, by names.
    pub about: String,
    /// What was noticed.
    pub what: String,
    /// Why it matters, and the usual cause.
    pub why: String,
    /// Rows it touches; `None` where it touches none or the question is not answered yet.
    pub rows: Option<u64>,
    /// Whether `rows` waits for an answer.
    pub awaits_rows: bool,
    /// What can be done; empty when there is nothing to decide.
    pub choices: Vec<Choice>,
    /// The recommended choice; `None` when there is nothing to decide or a count is awaited.
    pub recommended: Option<&'static str>,
    /// Candidates a person may map to.
    pub candidates: Vec<String>,
    /// What the plan says of all findings like this one: the choice, and where to.
    pub settled: Option<(&'static str, Option<String>)>,
    /// Rows it is about, of which the first [`super::PREVIEWED`] are shown: no more than these, or
    /// all where they were looked up one by one.
    pub preview: Vec<String>,
    /// Whether the record that it is about defines processes, or is a state of theirs.
    pub of_processes: bool,
}

impl Finding {
    /// Something to know.
    pub fn note(
        key: FindingKey,
        about: impl Into<String>,
        what: impl Into<String>,
        why: impl Into<String>,
    ) -> Self {
        Self {
            key,
            severity: Severity::Note,
            about: about.into(),
            what: what.into(),
            why: why.into(),
            rows: None,
            awaits_rows: false,
            choices: Vec::new(),
            recommended: None,
            candidates: Vec::new(),
            settled: None,
            preview: Vec::new(),
            of_processes: false,
        }
    }

    /// Something to decide: blocks when the recommendation is to stop, else warns.
    pub fn decide(
        key: FindingKey,
        about: impl Into<String>,
        what: impl Into<String>,
        why: impl Into<String>,
        choices: Vec<Choice>,
        recommended: &'static str,
    ) -> Self {
        let severity =
            if recommended == choice::STOP { Severity::Block } else { Severity::Warning };
        Self {
            severity,
            choices,
            recommended: Some(recommended),
            ..Self::note(key, about, what, why)
        }
    }

    /// Adds the number of rows touched, or that it is awaited.
    #[must_use]
    pub fn touching(mut self, rows: Option<u64>) -> Self {
        self.rows = rows;
        self.awaits_rows = rows.is_none();
        self
    }

    /// The same where the number may be told by the run alone: then (`Some(None)`) nothing is said.
    #[must_use]
    pub fn touching_as_known(self, rows: Option<Option<u64>>) -> Self {
        match rows {
            Some(None) => self,
            rows => self.touching(rows.flatten()),
        }
    }

    /// Adds rows to be shown.
    #[must_use]
    pub fn previewing(mut self, preview: Vec<String>) -> Self {
        self.preview = preview;
        self
    }

    /// Adds candidates.
    #[must_use]
    pub fn offering(mut self, candidates: Vec<String>) -> Self {
        self.candidates = candidates;
        self
    }

    /// Adds what the plan says of all findings like this one, where that is a choice here.
    #[must_use]
    pub fn settled_as(mut self, name: &'static str, to: Option<String>) -> Self {
        let offered = self.choices.iter().find(|choice| choice.name == name);
        if offered.is_some_and(|choice| !choice.needs_target || to.is_some()) {
            self.settled = Some((name, to));
        }
        self
    }

    /// Whether someone has to decide it before a run.
    #[must_use]
    pub fn needs_decision(&self) -> bool {
        !self.choices.is_empty() || self.severity == Severity::Block
    }
}
