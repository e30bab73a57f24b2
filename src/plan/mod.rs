//! What will be done: scope, decisions, order, and the rule for every column.
//!
//! Pure. A [`Plan`] is complete: the run and the proof need nothing else to know what to do. It is
//! what the journal keeps and what the fingerprint pins, so what was reviewed is what happens.

mod again;
mod build;
mod circles;
mod decision;
mod deleted;
mod events;
mod file;
mod fingerprint;
mod forecast;
mod lookup;
mod maps;
mod mask;
mod nothing;
mod order;
mod preflight;
mod reading;
mod scope;
mod target;
mod typed;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

pub use again::Again;
pub use build::{Refusal, build};
pub use circles::{Circle, circles};
pub use decision::{Decision, Decisions};
pub use deleted::DeletedRows;
pub use events::{EventTable, PutAway};
pub use file::{
    AUTHENTICATIONS, CleanupFile, ENCRYPTIONS, Endpoint, EndpointEngine, PURPOSES, PlanFile,
    PlanFileError, Purpose, REJECT_POLICIES, RejectPolicy, RestoreFile, RunOptions, SOURCE_PACES,
    SOURCE_READINGS, SourcePace, SourceReading, Understood, cleanup_keys, plan_keys, restore_keys,
};
pub use fingerprint::model_fingerprint;
pub use forecast::{Span, Work};
pub use lookup::{KeyLookup, KeyPart, LookedUp, LookupPlan, LookupRows};
pub use maps::{MapDecisions, MapFiles, MapKind, MapText, Maps, template as map_template};
pub use mask::{LEAST_KEY_LENGTH, MASK_KEY_VARIABLE, Mask, PERSONAL_DATA, PersonalData, UserMask};
pub use order::Order;
pub use preflight::{Acceptance, CheckKind};
pub use reading::{LONGEST_INSTANT_MINUTES, ReadingChoice, ReadingFacts, choose_reading};
pub use scope::{ScopeError, ScopeRequest, is_component, never_carried, resolve};
pub use target::{check_target, is_looked_up, takes_others};
pub use typed::{TypeOf, TypedIds, TypedRule};

use crate::compare::{Answers, Comparison, Selection, compare};
use crate::database::{ColumnRef, ColumnShape, Filter, TableName, Value};
use crate::outsystems::{DestinationId, Environment, Key, SourceId};

/// Two environments compared, with the order in which rows would be written.
#[derive(Debug)]
pub struct Review {
    /// The scope.
    pub selection: Selection,
    /// Pairs, findings, questions.
    pub comparison: Comparison,
    /// The order of writing.
    pub order: Order,
}

/// Compares and orders: what the wizard shows and what a run does both come from this.
pub fn review(
    source: &Environment,
    destination: &Environment,
    request: &ScopeRequest,
    decisions: &Decisions,
    answers: &Answers,
) -> Result<Review, ScopeError> {
    let selection = resolve(source, request, decisions)?;
    let mut comparison = compare(source, destination, &selection, answers);
    let (order, findings) = order::order(source, destination, &comparison);
    comparison.findings.extend(findings);
    comparison
        .findings
        .sort_by(|a, b| (a.severity, &a.about, &a.key).cmp(&(b.severity, &b.about, &b.key)));
    Ok(Review { selection, comparison, order })
}

/// Everything that will be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The plan's name.
    pub name: String,
    /// The modules that were chosen, as a whole or by single entities, whether they own an entity
    /// that is carried over or not: timers and processes are mostly in those that own none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub espaces: Vec<EspacePlan>,
    /// The entities, parents before children.
    pub entities: Vec<EntityPlan>,
    /// Places in `entities`, in groups: each group refers only to earlier ones.
    pub levels: Vec<Vec<usize>>,
    /// Rows of others that hang on rows to be deleted: what becomes of them before, step by step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<OutsidePlan>,
    /// Places in `entities` whose rows are deleted first, children before parents.
    pub deletions: Vec<usize>,
    /// References that hold rows of the tables to be cleared in a circle: emptied before deleting.
    pub cleared: Vec<(usize, String)>,
    /// References of tables to themselves that cannot be emptied: their rows go leaf by leaf.
    pub leaf_first: Vec<(usize, String)>,
    /// Maps of rows that are only looked up.
    pub fixed: Vec<FixedPlan>,
    /// Rows of the destination that references which leave the scope are set to: fixed at review,
    /// looked for again when a run starts.
    #[serde(default)]
    pub lookups: Vec<LookupPlan>,
    /// Tenants: whose id there is whose.
    pub tenants: Vec<(SourceId, DestinationId)>,
    /// Users of the run.
    pub users: Vec<PersonPlan>,
    /// Columns that updated users take from the source, in capitals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_columns: Vec<String>,
    /// Groups of the run.
    pub groups: Vec<PersonPlan>,
    /// Whether created users keep their password hashes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub copies_passwords: bool,
    /// Role and group links to add.
    pub links: LinksPlan,
    /// How e-mail and phone of created and updated users are masked.
    #[serde(default)]
    pub user_mask: UserMask,
    /// Event tables of the destination that are empty while it is carried out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventTable>,
    /// Batch size and the like.
    pub options: RunOptions,
    /// What the person decided, in words.
    pub decisions: Vec<String>,
    /// What is not carried over.
    pub left_out: Vec<(String, String)>,
    /// The run whose rejects are tried again, where that is what is done: its rows are there, and
    /// whose id became whose is taken over from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejects_of: Option<String>,
    /// Pins everything above.
    pub fingerprint: String,
}

impl Plan {
    /// The SS keys of the modules that the plan is about: those that were chosen, and those of the
    /// entities that are carried over.
    #[must_use]
    pub fn espace_keys(&self) -> HashSet<&Key> {
        let chosen = self.espaces.iter().map(|espace| &espace.key);
        chosen.chain(self.entities.iter().map(|entity| &entity.espace)).collect()
    }
}

/// A module that was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EspacePlan {
    /// Its SS key.
    pub key: Key,
    /// Its name in the source.
    pub name: String,
}

/// One entity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EntityPlan {
    /// The espace's SS key.
    pub espace: Key,
    /// The entity's SS key.
    pub entity: Key,
    /// `Espace.Entity`.
    pub name: String,
    /// Why it is in the scope, for producers taken in.
    pub reason: Option<String>,
    /// Its table in the source.
    pub source_table: TableName,
    /// Its table in the destination.
    pub destination_table: TableName,
    /// How rows get their identifier.
    pub identifier: IdentifierPlan,
    /// The columns written, in order; the identifier among them unless the destination makes it.
    pub columns: Vec<ColumnPlan>,
    /// Destination columns that get the same value in every row.
    pub constants: Vec<(ColumnShape, Value)>,
    /// What becomes of the destination's rows.
    pub existing: ExistingPlan,
    /// The unique indexes of the destination's table.
    #[serde(default)]
    pub uniques: Vec<UniquePlan>,
    /// The rows of the source that are carried over, where that is not all of them.
    #[serde(default, skip_serializing_if = "Filter::is_all")]
    pub rows: Filter,
    /// How many these were at review.
    pub source_rows: u64,
    /// The only rows to be carried over, by their keys in the source: those that an earlier run
    /// rejected. `None`: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Vec<Value>>,
}

/// A unique index of the destination, or the key of its table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UniquePlan {
    /// Its name; empty for the table's key.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// Whether it was decided to leave out the rows that it refuses.
    pub leaves_out: bool,
    /// The rows of the source that it then refuses because an earlier one has the same values; `None`
    /// where there are none, or where that is not exactly known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<Filter>,
}

impl EntityPlan {
    /// How many rows are carried over, as counted at review.
    #[must_use]
    pub fn rows_to_carry(&self) -> u64 {
        self.again.as_ref().map_or(self.source_rows, |keys| keys.len() as u64)
    }

    /// The source column of the identifier.
    #[must_use]
    pub fn key_column(&self) -> Option<&ColumnRef> {
        match &self.identifier {
            IdentifierPlan::None => None,
            IdentifierPlan::Generated { source, .. }
            | IdentifierPlan::Kept { source, .. }
            | IdentifierPlan::Extension { source, .. } => Some(source),
        }
    }

    /// The destination column of the identifier.
    #[must_use]
    pub fn destination_key(&self) -> Option<&ColumnShape> {
        match &self.identifier {
            IdentifierPlan::None => None,
            IdentifierPlan::Generated { destination, .. }
            | IdentifierPlan::Kept { destination, .. }
            | IdentifierPlan::Extension { destination, .. } => Some(destination),
        }
    }
}

/// How rows get their identifier.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum IdentifierPlan {
    /// There is none.
    None,
    /// The destination gives new ids, which are captured.
    Generated {
        /// The source column.
        source: ColumnRef,
        /// The destination's identity column.
        destination: ColumnShape,
    },
    /// Rows keep their own.
    Kept {
        /// The source column.
        source: ColumnRef,
        /// The destination column.
        destination: ColumnShape,
    },
    /// It is another row's id; the rule is that column's.
    Extension {
        /// The source column.
        source: ColumnRef,
        /// The destination column.
        destination: ColumnShape,
    },
}

/// One column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ColumnPlan {
    /// The attribute's name, or the hidden column's.
    pub attribute: String,
    /// The attribute's SS key; empty for the hidden tenant column.
    pub key: Key,
    /// Where it is read.
    pub source: ColumnRef,
    /// Where it is written.
    pub destination: ColumnShape,
    /// What happens to its values.
    pub rule: Rule,
    /// What they are masked by as they are read; `None` where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Mask>,
}

/// What happens to the values of a column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Rule {
    /// They stay as they are.
    Copy {
        /// What happens to a value that does not fit.
        misfit: Misfit,
    },
    /// They are plain values that become others, by decision.
    Convert(ConvertRule),
    /// They are ids and are rewritten.
    Reference(ReferenceRule),
    /// Some of them are ids as text, and are rewritten.
    Typed(TypedRule),
}

impl Rule {
    /// Whose ids its values are: of one, of several, or of none.
    pub fn references(&self) -> impl Iterator<Item = &ReferenceRule> {
        let (one, several) = match self {
            Self::Reference(rule) => (Some(rule), &[][..]),
            Self::Typed(rule) => (None, &rule.types[..]),
            Self::Copy { .. } | Self::Convert(_) => (None, &[][..]),
        };
        one.into_iter().chain(several.iter().map(|ids| &ids.reference))
    }
}

/// How plain values become others. Where the two columns are of different kinds, values are
/// converted exactly; one that has no exact form in the destination's type is a misfit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConvertRule {
    /// What happens to a value that does not fit.
    pub misfit: Misfit,
    /// What happens where there is no value.
    pub nothing: Nothing,
    /// Whether an empty text or binary counts as no value.
    pub blank_is_nothing: bool,
}

/// What happens to a row without a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Nothing {
    /// It goes without one, as far as the destination allows.
    Stays,
    /// It gets this one.
    Value(Value),
    /// It is left out.
    LeaveOut,
}

/// What happens to a value that does not fit the destination's column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Misfit {
    /// Nobody decided it: the row is a reject.
    Refuse,
    /// It was decided to leave such rows out.
    LeaveOut,
    /// It was decided to cut the text.
    Cut,
    /// It was decided to write the type's null value for NULL.
    Default,
}

/// How ids of a column are rewritten.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReferenceRule {
    /// Whose ids they are.
    pub target: Target,
    /// Whether the cell may be NULL in the destination.
    pub may_be_emptied: bool,
    /// What stands for "none": NULL, or the type's null value where NULL is refused.
    pub none: Value,
    /// Whether a row without a reference is left out: `none` is a row's id in the destination, or
    /// refused there, or a tenant's place that nobody decided to leave empty, or that was decided
    /// where only the destination demands a reference.
    pub none_is_row: bool,
    /// Whether 0 (or an empty text) is a row's id in the source.
    pub zero_is_row: bool,
    /// Whether it is written in the second pass: unless the run gives the ids itself, and knows
    /// that of the row referred to by then.
    pub is_deferred: bool,
    /// What happens to a row whose value points to nothing.
    pub orphan: Orphan,
    /// Where only a decision says that these are ids: a value that is no id of a row carried over
    /// stays as it is, and this happens to one that does not fit. `None` for references by type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft: Option<Misfit>,
}

/// Whose ids a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// Rows of an entity of the plan, by its place.
    Entity(usize),
    /// Rows that are only looked up, by the place in [`Plan::fixed`].
    Fixed(usize),
    /// Rows outside the scope, by the place in [`Plan::lookups`].
    Lookup(usize),
    /// Users.
    Users,
    /// Groups.
    Groups,
    /// Tenants.
    Tenants,
    /// Rows of another system: ids stay.
    External,
    /// Rows that are not carried over: the reference is emptied.
    Nothing,
}

/// What happens to a row whose reference points to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Orphan {
    /// The reference is emptied.
    Empty,
    /// The row is left out.
    LeaveOut,
}

/// What becomes of the destination's rows of an entity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ExistingPlan {
    /// They are deleted first.
    Replace {
        /// Which ones.
        filter: Filter,
        /// How many there were at review.
        rows: u64,
        /// How many others stay.
        standing: u64,
    },
    /// They stay; ours are added.
    Keep {
        /// How many there were at review.
        rows: u64,
    },
    /// They stay; those with the same key values are recognised, the others of ours are added.
    Recognise {
        /// Places in [`EntityPlan::columns`] that tell rows apart, as the destination compares
        /// them once they are rewritten. All of them where rows have no identifier: then rows are
        /// compared to the letter, and one that is there stands for one of ours.
        key: Vec<usize>,
        /// What becomes of rows of ours that the destination has already.
        #[serde(default)]
        ours: OnMatch,
        /// Where the destination's row takes the values of ours: the places of the columns that
        /// are set. The identifier, the key and the tenant are not among them.
        #[serde(default)]
        sets: Vec<usize>,
        /// How many rows of ours have the key of one that is there, as counted at review; `None`
        /// where that is known only once ids are rewritten.
        #[serde(default)]
        matches: Option<u64>,
        /// How many rows there were at review.
        rows: u64,
    },
}

impl ExistingPlan {
    /// How many rows there were at review.
    #[must_use]
    pub fn rows(&self) -> u64 {
        match self {
            Self::Replace { rows, standing, .. } => rows + standing,
            Self::Keep { rows } | Self::Recognise { rows, .. } => *rows,
        }
    }
}

/// What becomes of a row of ours that the destination has already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnMatch {
    /// References to it lead to the destination's row, which stays as it is.
    #[default]
    Reuse,
    /// References to it lead to the destination's row, which takes its values.
    Update,
    /// It is left out, by decision.
    LeaveOut,
}

impl ExistingPlan {
    /// The places of the columns that rows of the destination get from rows of ours; none where
    /// they stay as they are.
    #[must_use]
    pub fn sets(&self) -> &[usize] {
        match self {
            Self::Recognise { ours: OnMatch::Update, sets, .. } => sets,
            _ => &[],
        }
    }
}

/// Rows of a table that is not the plan's, which hang on rows that it deletes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OutsidePlan {
    /// Whose they are, in words.
    pub name: String,
    /// The table, by its full name.
    pub table: TableName,
    /// The column that tells its rows apart, where there is one.
    pub key: Option<ColumnRef>,
    /// Which rows, as long as nothing is deleted that they hang on.
    pub filter: Filter,
    /// What becomes of them.
    pub fate: OutsideFate,
    /// How many there were at review.
    pub rows: u64,
    /// Whether it is done only once the plan's own rows are deleted: of users that are created
    /// again, and of what goes with them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_late: bool,
}

/// What becomes of rows that hang on rows to be deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OutsideFate {
    /// They are deleted too.
    Deleted,
    /// Their reference in this column is emptied.
    Emptied(ColumnRef),
}

/// Rows that are only looked up: static records, roles, espaces and the like.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FixedPlan {
    /// The entity's name.
    pub name: String,
    /// Source id and what becomes of references to it.
    pub fates: Vec<(Value, Fate)>,
    /// Where plain attributes hold such ids by decision: those without a counterpart that no row
    /// referred to at review, so that nobody has decided what becomes of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<Value>,
}

/// What becomes of references to a row that is not carried over itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fate {
    /// They are rewritten to this id.
    To(Value),
    /// They are emptied, by decision.
    Empty,
    /// Rows that hold one are left out, by decision.
    LeaveOut,
}

/// A user or group of the run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PersonPlan {
    /// Its id in the source.
    pub source: SourceId,
    /// Its name, for reports.
    pub name: String,
    /// What becomes of it.
    pub fate: PersonFate,
}

/// What becomes of a user or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PersonFate {
    /// This one of the destination is used.
    Use(DestinationId),
    /// This one of the destination is used, and takes what the source says in
    /// [`Plan::user_columns`].
    Update(DestinationId),
    /// It is created, in this tenant of the destination.
    Create {
        /// The tenant, where the table has one.
        tenant: Option<DestinationId>,
    },
    /// References to it are emptied.
    Empty,
}

impl PersonFate {
    /// Whether a row of the destination is changed.
    #[must_use]
    pub fn is_update(self) -> bool {
        matches!(self, Self::Update(_))
    }

    /// The one of the destination that it is; `None` where that is not known before the run, and
    /// where there is none.
    #[must_use]
    pub fn found(self) -> Option<DestinationId> {
        match self {
            Self::Use(id) | Self::Update(id) => Some(id),
            Self::Create { .. } | Self::Empty => None,
        }
    }
}

/// Links between people and roles that are added where they are missing. Roles have been matched;
/// users and groups have not got all their ids in the destination yet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LinksPlan {
    /// User and role.
    pub user_roles: Vec<(SourceId, DestinationId)>,
    /// Group and role.
    pub group_roles: Vec<(SourceId, DestinationId)>,
    /// User and group.
    pub group_users: Vec<(SourceId, SourceId)>,
}
