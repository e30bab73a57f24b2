//! The practice pair, as the comparison and the plan see it.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeSet;
use std::path::Path;

use osferry::compare::{Answer, Answers, Asked, Finding, Most};
use osferry::database::{RowsRequest, Source, sqlite};
use osferry::outsystems::{self, Environment, Side};
use osferry::plan::{self, PlanFile, Review};
use osferry::practice::{self, About, PracticeOptions};

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
        let mut answers = Answers::default();
        loop {
            let review = plan::review(
                &self.source_model,
                &self.destination_model,
                &file.scope,
                &file.decisions,
                &answers,
            )
            .expect("a scope");
            if review.comparison.questions.is_empty() {
                return review;
            }
            for question in &review.comparison.questions {
                let side = match question.side {
                    Side::Source => &self.source,
                    Side::Destination => &self.destination,
                };
                let answer = match &question.asked {
                    Asked::Count(filter) => {
                        Answer::Count(side.count(&question.table, filter).await.expect("a count"))
                    }
                    Asked::Values(column, filter) => {
                        let values = side.distinct(&question.table, column, filter, 100_000).await;
                        let values = values.expect("values");
                        let pairs = (0..values.len()).map(|row| {
                            let rows = values.column(1).integer(row).unwrap_or_default();
                            (values.column(0).value(row), rows.unsigned_abs())
                        });
                        Answer::Values(pairs.collect())
                    }
                    Asked::Rows(columns, filter, most) => {
                        let request = RowsRequest {
                            table: question.table.clone(),
                            columns: columns.clone(),
                            filter: filter.clone(),
                            order_by: Some(columns[0].name.clone()),
                            limit: match most {
                                Most::First(rows) => Some(*rows),
                                Most::All => None,
                            },
                        };
                        let rows = side.rows(&request).await.expect("rows");
                        let row = |row| {
                            (0..columns.len()).map(|place| rows.column(place).value(row)).collect()
                        };
                        Answer::Rows((0..rows.len()).map(row).collect())
                    }
                    Asked::LookUp(wanted, key, values) => Answer::Found(
                        side.look_up(&question.table, wanted, key, values).await.expect("rows"),
                    ),
                };
                answers.put(question, answer);
            }
        }
    }
}

fn sample() -> PlanFile {
    let connection = |path: &str, purpose: &str| {
        let mut table = toml_edit::Table::new();
        table.insert("engine", toml_edit::value("sqlite"));
        table.insert("path", toml_edit::value(path));
        table.insert("purpose", toml_edit::value(purpose));
        table
    };
    let text = practice::sample_plan(
        connection("prod.sqlite", "production"),
        connection("dev.sqlite", "development"),
    );
    PlanFile::parse(&text.expect("the sample plan"), "practice").expect("a plan")
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
async fn the_sample_plan_and_the_recommended_decisions_leave_nothing_open() {
    for rows in [None, Some(1)] {
        let folder = tempfile::tempdir().expect("a folder");
        let pair = Pair::make(folder.path(), rows).await;
        let mut file = sample();
        let mut review = pair.review(&file).await;
        file.decisions.take_recommended(&review.comparison);
        review = pair.review(&file).await;
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
        assert_eq!(plan.entities.len(), 32, "the scope has another size");
    }
}

/// Traps in which nothing differs, so that the comparison has nothing to notice yet.
const NOTHING_TO_NOTICE: [&str; 2] = ["unicode", "null-dates"];

#[tokio::test]
async fn every_lesson_has_its_finding() {
    let folder = tempfile::tempdir().expect("a folder");
    let pair = Pair::make(folder.path(), None).await;
    let review = pair.review(&sample()).await;
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
