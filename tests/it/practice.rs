//! The practice pair, as the comparison and the plan see it.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeSet;
use std::path::Path;

use osferry::compare::{Answers, Finding};
use osferry::database::{Result, Source, sqlite};
use osferry::migrate::{Environments, survey};
use osferry::outsystems::{self, Environment, Side};
use osferry::plan::{self, PlanFile, Review};
use osferry::practice::{self, About, PracticeOptions};
use rusqlite::Connection;

use crate::support::sample::sample;

/// A pair in a folder, opened to be read.
struct Pair {
    source: Box<dyn Source>,
    destination: Box<dyn Source>,
    source_model: Environment,
    destination_model: Environment,
}

impl Pair {
    async fn make(folder: &Path, rows: Option<u64>) -> Self {
        let mut opened = Vec::new();
        for (side, name) in [(Side::Source, "prod.sqlite"), (Side::Destination, "dev.sqlite")] {
            let path = folder.join(name);
            let builder = sqlite::open_builder(&path).await.expect("an empty file");
            practice::build(builder, side, PracticeOptions { rows }).await.expect("built");
            opened.push(sqlite::open_source(&path).await.expect("opened"));
        }
        let destination = opened.pop().expect("destination");
        let source = opened.pop().expect("source");
        let source_model = outsystems::read(source.as_ref()).await.expect("source model");
        let destination_model =
            outsystems::read(destination.as_ref()).await.expect("destination model");
        Self { source, destination, source_model, destination_model }
    }

    /// Compares until every question is answered.
    async fn review(&self, file: &PlanFile) -> Review {
        self.try_review(file).await.expect("answers")
    }

    /// The same, where somebody may have no answer.
    async fn try_review(&self, file: &PlanFile) -> Result<Review> {
        let environments = Environments {
            source: self.source.as_ref(),
            destination: self.destination.as_ref(),
            source_model: &self.source_model,
            destination_model: &self.destination_model,
        };
        let mut answers = Answers::default();
        let reviewed =
            survey(environments, &file.scope, &file.decisions, &mut answers, |_| {}).await?;
        Ok(reviewed.expect("a scope"))
    }
}

impl Pair {
    /// The sample plan with the recommended decisions, those about what others bring along included.
    async fn decided(&self) -> (PlanFile, Review) {
        let mut file = sample("practice");
        loop {
            let review = self.review(&file).await;
            if file.decisions.take_recommended(&review.comparison) == 0 {
                return (file, review);
            }
        }
    }
}

fn shown(findings: &[&Finding]) -> String {
    let line = |finding: &&Finding| {
        let rows = finding.rows.map_or(String::new(), |rows| format!(" [{rows}]"));
        let recommended = finding.recommended.unwrap_or("-");
        format!("{} {}: {}{rows} → {recommended}", finding.key.kind, finding.about, finding.what)
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_table_that_cannot_be_counted_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let pair = Pair::make(folder.path(), Some(1)).await;
    let file = sample("practice");
    let review = pair.review(&file).await;
    let gone = review.comparison.pairs.iter().find(|pair| pair.name == "Claims_CS.Reserve");
    let gone = gone.expect("it is in the scope").destination;
    let table = &pair.destination_model.shape_of(gone).expect("it is there").name;
    let dev = Connection::open(folder.path().join("dev.sqlite")).expect("opened");
    dev.execute_batch(&format!("PRAGMA foreign_keys = OFF; DROP TABLE {table}")).expect("dropped");
    let fault = pair.try_review(&file).await.expect_err("the table is gone").to_string();
    assert!(fault.contains(&format!("counting in {table} of the destination")), "{fault}");
}

#[tokio::test]
async fn the_sample_plan_and_the_recommended_decisions_leave_nothing_open() {
    for rows in [None, Some(1)] {
        let folder = tempfile::tempdir().expect("a folder");
        let pair = Pair::make(folder.path(), rows).await;
        let (file, review) = pair.decided().await;
        let open: Vec<&Finding> = review
            .comparison
            .findings
            .iter()
            .filter(|finding| finding.needs_decision())
            .filter(|finding| file.decisions.get(&finding.key).is_none())
            .collect();
        assert!(open.is_empty(), "nobody decides:\n{}", shown(&open));
        let keys: BTreeSet<_> = review.comparison.findings.iter().map(|f| f.key.clone()).collect();
        for decision in file.decisions.all() {
            assert!(keys.contains(&decision.key), "{} is about nothing", decision.about);
        }
        let plan = plan::build(
            &file.name,
            &pair.source_model,
            &pair.destination_model,
            &review,
            &file.decisions,
            &file.options,
        );
        let plan = plan.unwrap_or_else(|refusal| panic!("no plan: {refusal:?}"));
        assert_eq!(plan.entities.len(), 39, "the scope has another size");
        // A static entity whose records come along as rows is not said to stay behind.
        let is_carried = |name: &String| plan.entities.iter().any(|entity| entity.name == *name);
        let both: Vec<_> = plan.left_out.iter().filter(|(name, _)| is_carried(name)).collect();
        assert!(both.is_empty(), "{both:?}");
    }
}

/// Traps in which nothing differs, so that the comparison has nothing to notice yet.
const NOTHING_TO_NOTICE: [&str; 2] = ["unicode", "null-dates"];

#[tokio::test]
async fn every_lesson_has_its_finding() {
    let folder = tempfile::tempdir().expect("a folder");
    let pair = Pair::make(folder.path(), None).await;
    let (_, review) = pair.decided().await;
    let mut without = Vec::new();
    for lesson in practice::lessons().expect("lessons") {
        let mut findings = review.comparison.findings.iter().map(|finding| &finding.key);
        let found = findings.any(|key| {
            lesson.belongs_to(&About {
                finding: key.kind.name(),
                espace: key.espace.as_str(),
                entity: key.entity.as_str(),
                attribute: key.attribute.as_str(),
                record: key.record.as_str(),
                user: key.user.as_str(),
                tenant: key.tenant.as_str(),
            })
        });
        if !found {
            without.push(lesson.trap);
        }
    }
    assert_eq!(without, NOTHING_TO_NOTICE);
}
