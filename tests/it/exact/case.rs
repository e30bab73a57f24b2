//! A pair of environments, the databases that hold it, and what has to come of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use osferry::database::{Destination, Source, sqlite};
use osferry::plan::{PlanFile, Refusal};
use tokio::runtime::{Builder, Runtime};

use crate::estate::content::{Content, read};
use crate::estate::judge::judge;
use crate::estate::model::Pair;
use crate::estate::oracle::{ExpectedTable, Verdict, Way, migrate, migrate_as};
use crate::estate::recipe::Recipe;
use crate::estate::{generate, sqlite_file};
use crate::model_server::{Habits, Server};
use crate::program::Plan;
use crate::support::library::{Planned, planned_if_possible};

/// A pair that can be migrated, and what has to come of it.
pub struct Case {
    pub recipe: Recipe,
    pub pair: Pair,
    pub expected: BTreeMap<String, ExpectedTable>,
    /// What the plan decides besides what is recommended.
    pub decided: String,
}

impl Case {
    /// The recipe's pair with the destination's rows kept, which take the values of those of ours
    /// that they are like.
    pub fn updating(recipe: &Recipe) -> Option<Self> {
        let mut pair = generate::pair(recipe);
        generate::liken(&mut pair, recipe);
        let decided = "\n[[decision]]\nkind = \"existing-match\"\nchoice = \"update\"\n".to_owned();
        match migrate_as(&pair, Way::Update) {
            Verdict::Done(expected) => {
                Some(Self { recipe: recipe.clone(), pair, expected, decided })
            }
            Verdict::Refused(_) => None,
        }
    }

    /// The recipe's pair; `None` where it has to be refused.
    pub fn of(recipe: &Recipe) -> Option<Self> {
        let pair = generate::pair(recipe);
        match migrate(&pair) {
            Verdict::Done(expected) => {
                Some(Self { recipe: recipe.clone(), pair, expected, decided: String::new() })
            }
            Verdict::Refused(_) => None,
        }
    }

    /// Everything that is not as it has to be.
    pub fn troubles(&self, before: &Content, after: &Content) -> Vec<String> {
        judge(before, after, &self.expected, &self.pair.destination)
    }
}

/// Where the databases of a case are.
pub enum Stage {
    /// Files in a folder.
    Files(PathBuf),
    /// Servers in memory.
    Memory { source: Arc<Server>, destination: Arc<Server> },
}

impl Stage {
    /// Both databases as files.
    pub fn files(folder: &Path, case: &Case) -> Self {
        let folder = folder.to_path_buf();
        sqlite_file::write(&folder.join("prod.sqlite"), &case.pair.source, 1);
        sqlite_file::write(&folder.join("dev.sqlite"), &case.pair.destination, 2);
        Self::Files(folder)
    }

    /// Both databases in memory, the destination on a server of these habits.
    pub fn memory(case: &Case, habits: Habits) -> Self {
        let seed = case.recipe.seed;
        Self::Memory {
            source: Server::with("prod", &case.pair.source, seed, habits),
            destination: Server::with("dev", &case.pair.destination, seed + 7, habits),
        }
    }

    pub async fn source(&self) -> Box<dyn Source> {
        match self {
            Self::Files(folder) => {
                sqlite::open_source(&folder.join("prod.sqlite")).await.expect("a source")
            }
            Self::Memory { source, .. } => source.source(),
        }
    }

    pub async fn destination(&self) -> Box<dyn Destination> {
        match self {
            Self::Files(folder) => {
                sqlite::open_destination(&folder.join("dev.sqlite")).await.expect("a destination")
            }
            Self::Memory { destination, .. } => destination.destination(),
        }
    }

    /// What the destination holds.
    pub fn content(&self) -> Content {
        match self {
            Self::Files(folder) => read(&folder.join("dev.sqlite")),
            Self::Memory { destination, .. } => destination.content(),
        }
    }

    /// A plan with the recommended decisions and these options.
    pub async fn planned(&self, options: &[String]) -> Planned {
        let made = self.planned_if_possible(options, "").await;
        made.unwrap_or_else(|refusal| panic!("no plan: {refusal:?}"))
    }

    /// The same with more decided, where it may have to be refused.
    pub async fn planned_if_possible(
        &self,
        options: &[String],
        decided: &str,
    ) -> Result<Planned, Refusal> {
        let mut plan = Plan::new();
        plan.more.push_str(decided);
        if options.iter().any(|option| option.starts_with("destination_rows")) {
            plan.options.clear();
        }
        plan.options.extend_from_slice(options);
        let file = PlanFile::parse(&plan.text(), "exact").expect("a plan");
        let (source, destination) = (self.source().await, self.destination().await);
        planned_if_possible(source.as_ref(), destination.as_source(), file).await
    }
}

/// A runtime whose clock goes on by itself while everybody waits: what is waited for takes no
/// time. It dies like a process does, with all that runs in it.
pub fn process() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime")
}
