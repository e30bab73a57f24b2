//! Migrations by the library: for tests that stand between it and its databases.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use osferry::compare::{Answers, FindingKind};
use osferry::database::{Destination, Secret, Source};
use osferry::migrate::journal::{Operator, RunHeader};
use osferry::migrate::undo::{Leave, UndoProgress, UndoRequest};
use osferry::migrate::{Control, Controller, Environments, Progress, RunRequest, survey};
use osferry::outsystems::{self, Environment};
use osferry::plan::{self, Decision, Plan, PlanFile, Refusal, model_fingerprint};
use tokio::sync::watch;

/// The key of the masks of every migration by the library.
pub const MASK_KEY: &str = "a key of masks for tests";

/// The same as it is given.
pub fn mask_key() -> Option<Secret> {
    Some(Secret::from(MASK_KEY))
}

/// A plan, with the models that it was made from.
pub struct Planned {
    id: String,
    pub plan: Arc<Plan>,
    pub source_model: Arc<Environment>,
    pub destination_model: Arc<Environment>,
}

pub async fn model(database: &dyn Source) -> Environment {
    outsystems::read(database).await.expect("a model")
}

/// Makes a plan; what nobody decided is decided as recommended.
pub async fn planned(source: &dyn Source, destination: &dyn Source, file: PlanFile) -> Planned {
    let made = planned_if_possible(source, destination, file).await;
    made.unwrap_or_else(|refusal| panic!("no plan: {refusal:?}"))
}

/// The same where it may have to be refused.
pub async fn planned_if_possible(
    source: &dyn Source,
    destination: &dyn Source,
    mut file: PlanFile,
) -> Result<Planned, Refusal> {
    let (source_model, destination_model) = (model(source).await, model(destination).await);
    let environments = Environments {
        source,
        destination,
        source_model: &source_model,
        destination_model: &destination_model,
    };
    let mut answers = Answers::default();
    let mut review = None;
    for _ in 0..4 {
        let made = survey(environments, &file.scope, &file.decisions, &mut answers, |_| {}).await;
        let made = made.expect("answers").expect("a scope");
        file.decisions.follow(&made.comparison);
        file.decisions.take_for_kinds(&made.comparison);
        file.decisions.take_recommended(&made.comparison);
        for finding in &made.comparison.findings {
            let is_open = file.decisions.get(&finding.key).is_none();
            // Platform users are never created: somebody else has to stand for them.
            if finding.key.kind == FindingKind::UserMissing && is_open {
                file.decisions.put(Decision {
                    key: finding.key.clone(),
                    about: finding.about.clone(),
                    choice: "map".to_owned(),
                    to: destination_model.users.last().map(|user| user.id.to_string()),
                });
            }
        }
        review = Some(made);
    }
    let review = review.expect("a review");
    let plan = plan::build(
        &file.name,
        &source_model,
        &destination_model,
        &review,
        &file.decisions,
        &file.options,
    );
    Ok(Planned {
        id: run_id(),
        plan: Arc::new(plan?),
        source_model: Arc::new(source_model),
        destination_model: Arc::new(destination_model),
    })
}

/// Another one each time: locks are named by it, and tests run side by side on one server.
fn run_id() -> String {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    format!("run{}x{}", std::process::id(), RUNS.fetch_add(1, Ordering::SeqCst))
}

impl Planned {
    /// A run of the plan that keeps its journal in a new folder.
    pub fn request(
        &self,
        folder: &Path,
        source: Arc<dyn Source>,
        destination: Arc<dyn Destination>,
    ) -> RunRequest {
        let (_, control): (_, Control) = Controller::new();
        RunRequest {
            earlier: None,
            plan: Arc::clone(&self.plan),
            header: self.header(),
            folder: folder.to_path_buf(),
            source,
            destination,
            source_model: Arc::clone(&self.source_model),
            destination_model: Arc::clone(&self.destination_model),
            mask_key: mask_key(),
            control,
            progress: watch::channel(Progress::new(&self.plan)).0,
            clock: Arc::new(String::new),
        }
    }

    /// The undoing of a run of the plan.
    pub fn undo_request(
        &self,
        folder: &Path,
        source: Arc<dyn Source>,
        destination: Arc<dyn Destination>,
        leave: Leave,
    ) -> UndoRequest {
        let (_, control): (_, Control) = Controller::new();
        UndoRequest {
            plan: Arc::clone(&self.plan),
            header: self.header(),
            folder: folder.to_path_buf(),
            source,
            destination,
            destination_model: Arc::clone(&self.destination_model),
            leave,
            mask_key: mask_key(),
            control,
            progress: watch::channel(UndoProgress::default()).0,
            clock: Arc::new(String::new),
        }
    }

    fn header(&self) -> RunHeader {
        RunHeader {
            id: self.id.clone(),
            name: self.plan.name.clone(),
            started: String::new(),
            source: "prod".to_owned(),
            destination: "dev".to_owned(),
            destination_database: "dev".to_owned(),
            plan_file: "plan.toml".to_owned(),
            plan_text: String::new(),
            folder: PathBuf::new(),
            plan_fingerprint: self.plan.fingerprint.clone(),
            source_fingerprint: model_fingerprint(&self.source_model),
            destination_fingerprint: model_fingerprint(&self.destination_model),
            version: "test".to_owned(),
            operator: Operator::default(),
            mask_key: None,
            rejects_of: None,
            procedure: None,
            forecast: None,
        }
    }
}
