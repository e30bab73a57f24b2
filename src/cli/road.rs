//! From a plan file to two open databases, their models, and a review with its decisions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ending::Trouble;
use super::secrets::secret;
use super::show;
use crate::compare::{Answers, Finding, choice};
use crate::database::{ConnectionSpec, Destination, Secret, Source};
use crate::front::{self, open};
use crate::migrate::journal::RunHeader;
use crate::migrate::{Check, CheckSign, Environments, check_pair};
use crate::outsystems::{Environment, Side};
use crate::plan::{
    Decisions, Endpoint, MapText, Maps, Plan, PlanFile, Purpose, Refusal, Review, build, review,
};
use crate::report::counted;

/// A plan file as read.
pub(super) struct Saved {
    pub(super) file: PlanFile,
    pub(super) text: String,
    pub(super) path: PathBuf,
    /// The folder that relative paths in it start from.
    pub(super) folder: PathBuf,
    /// The maps that it names.
    maps: Vec<MapText>,
    /// A password that is known already, for both sides.
    pub(super) secret: Option<Secret>,
}

/// A plan file of any kind: where it is, its text, and the folder that relative paths in it start from.
pub(super) fn plan_text(path: &Path) -> Result<(PathBuf, String, PathBuf), Trouble> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Trouble::refused(format!("cannot read the plan {shown}: {error}")))?;
    let path = std::path::absolute(path)
        .map_err(|error| Trouble::refused(format!("cannot find {shown}: {error}")))?;
    let folder = path.parent().unwrap_or(&path).to_path_buf();
    Ok((path, text, folder))
}

impl Saved {
    /// Reads a plan file.
    pub(super) fn read(path: &Path) -> Result<Self, Trouble> {
        let (path, text, folder) = plan_text(path)?;
        let mut saved = Self::parse(text, path, folder)?;
        saved.maps = front::read_maps(&saved.file.maps, &saved.folder)?;
        Ok(saved)
    }

    /// The plan of an earlier run.
    pub(super) fn of_run(header: &RunHeader) -> Result<Self, Trouble> {
        let path = PathBuf::from(&header.plan_file);
        Self::parse(header.plan_text.clone(), path, header.folder.clone())
    }

    /// A plan from its text.
    pub(super) fn parse(text: String, path: PathBuf, folder: PathBuf) -> Result<Self, Trouble> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = PlanFile::parse(&text, &name).map_err(|error| {
            Trouble::refused(format!("the plan {} cannot be used: {error}", path.display()))
        })?;
        Ok(Self { file, text, path, folder, maps: Vec::new(), secret: None })
    }

    /// The plan's text with what its maps decide in place of them: what is kept of a run has to
    /// stand for itself.
    pub(super) fn whole_text(
        &self,
        review: &Review,
        decisions: &Decisions,
    ) -> Result<String, Trouble> {
        if self.maps.is_empty() {
            return Ok(self.text.clone());
        }
        let own = &self.file.decisions;
        let mut kept = Decisions::default();
        for decision in decisions.all() {
            let key = &decision.key;
            if own.get(key).is_some() || review.comparison.finding(key).is_some() {
                kept.put(decision.clone());
            }
        }
        PlanFile::without_maps(&self.text, &kept)
            .map_err(|error| Trouble::refused(format!("the plan cannot be kept: {error}")))
    }

    /// What to open on each side, with the secrets that this needs.
    pub(super) fn connections(&self) -> Result<(ConnectionSpec, ConnectionSpec), Trouble> {
        Ok((self.connection(Side::Source, &self.file.source)?, self.destination()?))
    }

    /// What to open where rows are written.
    pub(super) fn destination(&self) -> Result<ConnectionSpec, Trouble> {
        self.connection(Side::Destination, &self.file.destination)
    }

    fn connection(&self, side: Side, endpoint: &Endpoint) -> Result<ConnectionSpec, Trouble> {
        let secret = match &self.secret {
            Some(secret) => Some(secret.clone()),
            None => secret(side, endpoint)?,
        };
        Ok(endpoint.connection(&self.folder, secret))
    }
}

/// Both databases of a plan, open to be read only, and what they are.
pub(super) struct Both {
    source: Arc<dyn Source>,
    destination: Arc<dyn Source>,
    source_model: Arc<Environment>,
    destination_model: Arc<Environment>,
}

impl Both {
    /// Opens them, and says what is odd about them as a pair.
    pub(super) async fn open(plan: &Saved) -> Result<Self, Trouble> {
        let (source, destination) = plan.connections()?;
        let source = self::source(&source).await?;
        let destination = destination_to_read(&destination).await?;
        let (source_model, destination_model) =
            models(source.as_ref(), destination.as_ref()).await?;
        // Nothing is written, so what the destination is for does not matter here.
        let purpose = Some(Purpose::NonProduction);
        for warning in check_pair(&source_model, &destination_model, purpose)? {
            show::say(&format!("note: {warning}"));
        }
        Ok(Self { source, destination, source_model, destination_model })
    }

    pub(super) fn environments(&self) -> Environments<'_> {
        Environments {
            source: self.source.as_ref(),
            destination: self.destination.as_ref(),
            source_model: &self.source_model,
            destination_model: &self.destination_model,
        }
    }
}

/// Opens the source.
pub(super) async fn source(spec: &ConnectionSpec) -> Result<Arc<dyn Source>, Trouble> {
    show::say(&format!("source: {}", spec.place()));
    Ok(open::to_read(Side::Source, spec).await?)
}

/// Opens the destination to be read only.
pub(super) async fn destination_to_read(spec: &ConnectionSpec) -> Result<Arc<dyn Source>, Trouble> {
    show::say(&format!("destination: {} (only read)", spec.place()));
    Ok(open::to_read(Side::Destination, spec).await?)
}

/// Opens the destination to be written.
pub(super) async fn destination(spec: &ConnectionSpec) -> Result<Arc<dyn Destination>, Trouble> {
    show::say(&format!("destination: {}", spec.place()));
    Ok(open::to_write(spec).await?)
}

/// What both environments are.
pub(super) async fn models(
    source: &dyn Source,
    destination: &dyn Source,
) -> Result<(Arc<Environment>, Arc<Environment>), Trouble> {
    let waiting = show::Waiting::new("reading both models");
    let (ours, theirs) = open::models(source, destination).await?;
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
    Ok((ours, theirs))
}

/// Compares without asking the databases anything more; gives the plan's decisions, with those of
/// its maps.
pub(super) fn review_without_counts(
    environments: Environments<'_>,
    plan: &Saved,
) -> Result<(Review, Decisions), Trouble> {
    let (maps, mut decisions) = decided(environments, plan)?;
    let review = review(
        environments.source_model,
        environments.destination_model,
        &plan.file.scope,
        &decisions,
        &Answers::default(),
    )
    .map_err(|error| Trouble::refused(error.to_string()))?;
    decisions.follow(&review.comparison);
    check(&maps, environments, &review)?;
    Ok((review, decisions))
}

/// Compares with every question answered. With `recommended`, open findings are decided as
/// recommended until none is left that has a recommendation other than to stop.
pub(super) async fn review_with_counts(
    environments: Environments<'_>,
    plan: &Saved,
    recommended: bool,
) -> Result<(Review, Decisions), Trouble> {
    let (maps, mut decisions) = decided(environments, plan)?;
    let mut answers = Answers::default();
    let mut counting = show::Counting::new("counting rows");
    let asked = |open| counting.open(open);
    let scope = &plan.file.scope;
    let reviewed =
        front::review(environments, scope, &mut decisions, &mut answers, recommended, asked)
            .await?;
    drop(counting);
    check(&maps, environments, &reviewed)?;
    Ok((reviewed, decisions))
}

/// Compares, decides, plans; source and destination in this order. Returns the plan, and its file's
/// text as it is kept with a run.
pub(super) async fn planned(
    saved: &Saved,
    environments: Environments<'_>,
    recommended: bool,
) -> Result<(Plan, String), Trouble> {
    let Environments { source_model, destination_model, .. } = environments;
    let (review, decisions) = review_with_counts(environments, saved, recommended).await?;
    let PlanFile { name, options, .. } = &saved.file;
    let plan = build(name, source_model, destination_model, &review, &decisions, options)
        .map_err(|refusal| self::refusal(&refusal, &saved.path))?;
    Ok((plan, saved.whole_text(&review, &decisions)?))
}

/// What the checks before the run found that nobody has accepted, as the person reads it.
pub(super) fn stopped(checks: &[&Check], plan: &Path) -> Trouble {
    let mut text = String::from("the run is not started; nothing was written");
    for (sign, title) in [
        (CheckSign::Bad, "To be mended first:"),
        (CheckSign::Task, "To be done first, by somebody:"),
        (CheckSign::Warning, "Warnings that the plan does not accept:"),
    ] {
        let of_it: Vec<_> = checks.iter().filter(|check| check.sign == sign).collect();
        if of_it.is_empty() {
            continue;
        }
        text.push_str(&format!("\n\n{title}"));
        for check in of_it {
            text.push_str(&format!("\n  {}: {}", check.kind, check.text));
            if !check.advice.is_empty() {
                text.push_str(&format!("\n      {}", check.advice));
            }
            text.extend(check.all.iter().map(|name| format!("\n      - {name}")));
        }
    }
    let mut kinds: Vec<&str> = checks
        .iter()
        .filter(|check| check.sign == CheckSign::Warning)
        .map(|check| check.kind.name())
        .collect();
    kinds.dedup();
    let has_task = checks.iter().any(|check| check.sign == CheckSign::Task);
    if has_task || !kinds.is_empty() {
        text.push_str(&format!(
            "\n\n  Once that is so, say it in {}:\n  [preflight]",
            plan.display()
        ));
    }
    if has_task {
        text.push_str("\n  frozen = \"who has seen to it, and when\"");
    }
    if !kinds.is_empty() {
        text.push_str(&format!("\n  accept = {kinds:?}"));
    }
    Trouble::refused(text)
}

/// What the plan decides, and what its maps do.
fn decided(environments: Environments<'_>, plan: &Saved) -> Result<(Maps, Decisions), Trouble> {
    let mut decisions = plan.file.decisions.clone();
    let maps =
        Maps::read(&plan.maps, environments.source_model).map_err(|wrong| bad_maps(&wrong))?;
    maps.decide(&mut decisions).map_err(|wrong| bad_maps(&wrong))?;
    Ok((maps, decisions))
}

fn check(maps: &Maps, environments: Environments<'_>, review: &Review) -> Result<(), Trouble> {
    let (ours, theirs) = (environments.source_model, environments.destination_model);
    let wrong = maps.check(&review.comparison, ours, theirs);
    if wrong.is_empty() { Ok(()) } else { Err(bad_maps(&wrong)) }
}

fn bad_maps(wrong: &[String]) -> Trouble {
    let mut text = String::from("the maps cannot be used; nothing was written\n");
    for line in wrong {
        text.push_str(&format!("\n  {line}"));
    }
    text.push_str("\n\n  `osferry map PLAN --write DIR` writes maps that can be filled in.");
    Trouble::refused(text)
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
    list("Decisions that make no sense:", refusal.wrong.clone());
    list("Findings that stop the run:", refusal.stopped.iter().map(finding).collect());
    list("Findings that nobody has decided:", refusal.undecided.iter().map(finding).collect());
    let shown = plan.display();
    text.push_str(&format!(
        "\n\n  `osferry compare {shown}` explains each of them. Decide them with [[decision]] in the \
         plan."
    ));
    let is_safe = |finding: &Finding| {
        finding.recommended.is_some_and(|recommended| recommended != choice::STOP)
    };
    if refusal.undecided.iter().any(is_safe) {
        text.push_str(
            "\n  --decide recommended takes the recommended choice (*) of each where that is not to \
             stop.",
        );
    }
    Trouble::refused(text)
}

/// A finding with its choices, the recommended one marked.
fn finding(finding: &Finding) -> String {
    let rows = finding
        .rows
        .map_or_else(String::new, |rows| format!(" ({})", counted(rows, "row", "rows")));
    let mut text = format!(
        "{} {}: {}{rows}\n      {}",
        finding.key.kind, finding.about, finding.what, finding.why
    );
    let choices: Vec<String> = finding
        .choices
        .iter()
        .map(|choice| {
            let sign = if finding.recommended == Some(choice.name) { "*" } else { "" };
            format!("{}{sign}", choice.name)
        })
        .collect();
    if !choices.is_empty() {
        text.push_str(&format!("\n      choices: {}", choices.join(", ")));
    }
    text
}
