//! What a procedure is: sections of steps, each a statement, a check or a task.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A procedure, from the first step to the last.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// Its name in plan files and records.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it is for.
    pub about: String,
    /// Its sections, in order.
    #[serde(rename = "section")]
    pub sections: Vec<Section>,
}

impl Procedure {
    /// Its steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.sections.iter().flat_map(|section| &section.steps)
    }

    /// The step of that name.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps().find(|step| step.name == name)
    }
}

/// Steps that serve one purpose.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Its name, unique within the procedure.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Why it is there.
    pub why: String,
    /// What happens without it; empty where nothing is known.
    #[serde(default)]
    pub without: String,
    /// Its steps.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
}

/// Where a step comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The official guide.
    #[default]
    Guide,
    /// Only the newer version of the guide.
    Newer,
    /// Neither: practice adds it.
    Ours,
}

impl Origin {
    /// For people, where it is not the guide; empty where it is.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Guide => "",
            Self::Newer => "newer guide",
            Self::Ours => "ours",
        }
    }
}

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// It changes rows of the connected database.
    Statement,
    /// It asks something, and writes nothing.
    Check,
    /// Somebody does it elsewhere.
    Task,
}

/// One step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name, unique within the procedure.
    pub name: String,
    /// The numbers of the facts that it stands for (`assets/procedures/numbers.txt`).
    pub numbers: Vec<String>,
    /// Where it comes from.
    #[serde(default, rename = "source")]
    pub origin: Origin,
    /// What is done, in a sentence.
    pub title: String,
    /// What else is to be known of it.
    #[serde(default)]
    pub text: String,
    /// What happens without it, where that is worse than the section says.
    #[serde(default)]
    pub without: String,
    /// Whether the guide leaves it to the person, or it is an option of ours.
    #[serde(default)]
    pub optional: bool,
    /// Whether it is done on each application server, the deployment controller first.
    #[serde(default)]
    pub each_server: bool,
    /// What it changes, table by table.
    #[serde(default, rename = "change")]
    pub changes: Vec<Change>,
    /// The question that it asks.
    #[serde(default)]
    pub check: Option<String>,
    /// What somebody does, sub-step by sub-step: menu paths and what to choose there.
    #[serde(default, rename = "do")]
    pub tasks: Vec<String>,
    /// The command that somebody types.
    #[serde(default)]
    pub command: Option<String>,
}

impl Step {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> StepKind {
        match (&self.changes[..], &self.check) {
            ([_, ..], _) => StepKind::Statement,
            ([], Some(_)) => StepKind::Check,
            ([], None) => StepKind::Task,
        }
    }
}

/// What becomes of rows of a table, or of the tables of some entities.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub struct Change {
    /// Whose rows.
    pub target: Target,
    /// Which of them.
    pub rows: RowsOf,
    /// What becomes of them.
    pub work: Work,
    /// The columns that may be shown of a row, where they exist: none that can hold a secret.
    pub show: Vec<String>,
}

/// Whose rows a change is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A table of the platform.
    Table(String),
    /// The physical table of the entity with this SS key, in an active espace.
    Entity(String),
    /// The physical tables of entities, by their names in an active espace.
    Entities(Entities),
}

/// Things of an espace, by name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entities {
    /// The espace's name.
    pub espace: String,
    /// Their names.
    pub names: Vec<String>,
}

/// Which rows a change is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowsOf {
    /// All of them.
    All,
    /// Those that hold one of these texts, case apart.
    AnyOf {
        /// The column.
        column: String,
        /// The texts.
        texts: Vec<String>,
    },
    /// Those that do not hold this text, case apart.
    Not {
        /// The column.
        column: String,
        /// The text.
        text: String,
    },
    /// Those that refer to a row of another table which holds one of these texts.
    Through {
        /// The referring column.
        column: String,
        /// The table referred to, by its ID.
        table: String,
        /// Its column with the texts.
        with: String,
        /// The texts.
        texts: Vec<String>,
    },
}

/// What becomes of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// They are deleted.
    Delete,
    /// They get these values, written as text, column by column.
    Set(BTreeMap<String, String>),
    /// Values of site properties become their definitions' defaults, no longer modified by a user.
    Default(Defaults),
}

/// Which site properties get their defaults.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Defaults {
    /// `secret`: those that are kept encrypted.
    Word(Secret),
    /// Those of an espace, by name.
    Of(Entities),
}

/// The one word for site properties that are kept encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Secret {
    /// Those with OSSYS_SITE_PROPERTY_DEF_EXT.IS_SECRET.
    Secret,
}

/// A change as it is written down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    table: Option<String>,
    entity: Option<String>,
    entities: Option<Entities>,
    rows: Option<WrittenRows>,
    #[serde(default)]
    delete: bool,
    set: Option<BTreeMap<String, String>>,
    defaults: Option<Defaults>,
    #[serde(default)]
    show: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRows {
    column: String,
    of: Option<String>,
    with: Option<String>,
    any_of: Option<Vec<String>>,
    not: Option<String>,
}

impl TryFrom<Written> for Change {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let target = match (written.table, written.entity, written.entities) {
            (Some(table), None, None) => Target::Table(table),
            (None, Some(key), None) => Target::Entity(key),
            (None, None, Some(entities)) => Target::Entities(entities),
            _ => return Err("a change names a table, an entity or entities".to_owned()),
        };
        let work = match (written.delete, written.set, written.defaults) {
            (true, None, None) => Work::Delete,
            (false, Some(set), None) => Work::Set(set),
            (false, None, Some(defaults)) => Work::Default(defaults),
            _ => return Err("a change deletes, sets or gives defaults".to_owned()),
        };
        let rows = match written.rows {
            None => RowsOf::All,
            Some(rows) => RowsOf::try_from(rows)?,
        };
        Ok(Self { target, rows, work, show: written.show })
    }
}

impl TryFrom<WrittenRows> for RowsOf {
    type Error = String;

    fn try_from(written: WrittenRows) -> Result<Self, String> {
        let WrittenRows { column, of, with, any_of, not } = written;
        match (of, with, any_of, not) {
            (None, None, Some(texts), None) => Ok(Self::AnyOf { column, texts }),
            (None, None, None, Some(text)) => Ok(Self::Not { column, text }),
            (Some(table), Some(with), Some(texts), None) => {
                Ok(Self::Through { column, table, with, texts })
            }
            _ => Err("rows are told by `any_of`, by `not`, or by `of`, `with` and `any_of`".into()),
        }
    }
}
