//! From a plan file to two open databases, their models, and a review with its decisions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ending::Trouble;
use super::secrets::secret;
use super::show;
use crate::compare::Answers;
use crate::database::{
    ConnectionSpec, Destination, Fault, Secret, Source, open_destination, open_source,
};
use crate::migrate::{Environments, survey};
use crate::outsystems::{self, Environment, Side};
use crate::plan::{Decisions, Endpoint, PlanFile, Refusal, Review, review};
use crate::report::counted;

/// A plan file as read.
pub(super) struct Saved {
    pub(super) file: PlanFile,
    pub(super) text: String,
    pub(super) path: PathBuf,
    /// The folder that relative paths in it start from.
    pub(super) folder: PathBuf,
    /// A password that is known already, for both sides.
    pub(super) secret: Option<Secret>,
}

impl Saved {
    /// Reads a plan file.
    pub(super) fn read(path: &Path) -> Result<Self, Trouble> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Trouble::refused(format!("cannot read the plan {shown}: {error}")))?;
        let path = std::path::absolute(path)
            .map_err(|error| Trouble::refused(format!("cannot find {shown}: {error}")))?;
        let folder = path.parent().unwrap_or(&path).to_path_buf();
        Self::parse(text, path, folder)
    }

    /// A plan from its text.
    pub(super) fn parse(text: String, path: PathBuf, folder: PathBuf) -> Result<Self, Trouble> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = PlanFile::parse(&text, &name).map_err(|error| {
            Trouble::refused(format!("the plan {} cannot be used: {error}", path.display()))
        })?;
        Ok(Self { file, text, path, folder, secret: None })
    }

    /// What to open on each side, with the secrets that this needs.
    pub(super) fn connections(&self) -> Result<(ConnectionSpec, ConnectionSpec), Trouble> {
        let connection = |side: Side, endpoint: &Endpoint| {
            let secret = match &self.secret {
                Some(secret) => Some(secret.clone()),
                None => secret(side, endpoint)?,
            };
            Ok::<_, Trouble>(endpoint.connection(&self.folder, secret))
        };
        Ok((
            connection(Side::Source, &self.file.source)?,
            connection(Side::Destination, &self.file.destination)?,
        ))
    }
}

/// Opens the source.
pub(super) async fn source(spec: &ConnectionSpec) -> Result<Arc<dyn Source>, Trouble> {
    show::say(&format!("source: {}", spec.place()));
    open_source(spec).await.map(Arc::from).map_err(|fault| on(Side::Source, spec, fault))
}

/// Opens the destination to be read only.
pub(super) async fn destination_to_read(spec: &ConnectionSpec) -> Result<Arc<dyn Source>, Trouble> {
    show::say(&format!("destination: {} (only read)", spec.place()));
    open_source(spec).await.map(Arc::from).map_err(|fault| on(Side::Destination, spec, fault))
}

/// Opens the destination to be written.
pub(super) async fn destination(spec: &ConnectionSpec) -> Result<Arc<dyn Destination>, Trouble> {
    show::say(&format!("destination: {}", spec.place()));
    open_destination(spec).await.map(Arc::from).map_err(|fault| on(Side::Destination, spec, fault))
}

fn on(side: Side, spec: &ConnectionSpec, fault: Fault) -> Trouble {
    fault.while_doing(format!("{side} {}", spec.place())).into()
}

/// What both environments are.
pub(super) async fn models(
    source: &dyn Source,
    destination: &dyn Source,
) -> Result<(Arc<Environment>, Arc<Environment>), Trouble> {
    let waiting = show::Waiting::new("reading both models");
    let read = |side: Side, database| async move {
        outsystems::read(database)
            .await
            .map_err(|fault| fault.while_doing(format!("{side} {}", Source::facts(database).place)))
    };
    let (ours, theirs) =
        futures::future::try_join(read(Side::Source, source), read(Side::Destination, destination))
            .await?;
    drop(waiting);
    for (side, model) in [(Side::Source, &ours), (Side::Destination, &theirs)] {
        show::say(&format!(
            "{side}: {}, {} espaces, {} entities, {} users{}",
            model.facts.version,
            model.espaces.len(),
            model.entities.iter().filter(|entity| entity.is_active).count(),
            model.users.len(),
            if model.is_practice { ", practice" } else { "" }
        ));
    }
    Ok((Arc::new(ours), Arc::new(theirs)))
}

/// Compares without asking the databases anything more.
pub(super) fn review_without_counts(
    environments: Environments<'_>,
    plan: &PlanFile,
) -> Result<Review, Trouble> {
    review(
        environments.source_model,
        environments.destination_model,
        &plan.scope,
        &plan.decisions,
        &Answers::default(),
    )
    .map_err(|error| Trouble::refused(error.to_string()))
}

/// Compares with every question answered. With `recommended`, open findings are decided as
/// recommended until none is left that has a recommendation other than to stop.
pub(super) async fn review_with_counts(
    environments: Environments<'_>,
    plan: &PlanFile,
    recommended: bool,
) -> Result<(Review, Decisions), Trouble> {
    let mut decisions = plan.decisions.clone();
    let mut answers = Answers::default();
    let mut counting = show::Counting::new("counting rows");
    loop {
        let reviewed = survey(environments, &plan.scope, &decisions, &mut answers, |open| {
            counting.open(open);
        })
        .await?
        .map_err(|error| Trouble::refused(error.to_string()))?;
        // A decision can bring further entities into the scope, and with them findings.
        if !recommended || decisions.take_recommended(&reviewed.comparison) == 0 {
            return Ok((reviewed, decisions));
        }
    }
}

/// Why there is no plan, as the person reads it.
pub(super) fn refusal(refusal: &Refusal, plan: &Path) -> Trouble {
    let mut text = String::from("the plan cannot be carried out; nothing was written");
    let mut list = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            text.push_str(&format!("\n\n{title}"));
            for line in lines {
                text.push_str(&format!("\n  {line}"));
            }
        }
    };
    let line = |finding: &crate::compare::Finding| {
        let rows = finding
            .rows
            .map_or_else(String::new, |rows| format!(" ({})", counted(rows, "row", "rows")));
        let choices: Vec<&str> = finding.choices.iter().map(|choice| choice.name).collect();
        let choices = if choices.is_empty() {
            String::new()
        } else {
            format!("\n      choices: {}", choices.join(", "))
        };
        format!("{} {}: {}{rows}{choices}", finding.key.kind, finding.about, finding.what)
    };
    list("Decisions that make no sense:", refusal.wrong.clone());
    list("Findings that stop the run:", refusal.stopped.iter().map(line).collect());
    list("Findings that nobody has decided:", refusal.undecided.iter().map(line).collect());
    text.push_str(&format!(
        "\n\n  `osferry compare {0}` explains each of them. Decide them with [[decision]] in {0}",
        plan.display()
    ));
    text.push_str(if refusal.undecided.is_empty() {
        "."
    } else {
        ",\n  or take the recommended choice of each with --decide recommended."
    });
    Trouble::refused(text)
}
