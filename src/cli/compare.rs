//! `osferry compare`: findings only.

use super::ending::{Exit, Trouble};
use super::road::{self, Both, Saved};
use super::{CompareArguments, show};
use crate::practice::{self, About, Lesson};
use crate::report::{ComparisonReport, FindingReport, LessonReport};

pub(super) async fn compare(arguments: &CompareArguments) -> Result<Exit, Trouble> {
    let plan = Saved::read(&arguments.plan)?;
    let both = Both::open(&plan).await?;
    let environments = both.environments();
    let (review, decisions) = if arguments.no_counts {
        road::review_without_counts(environments, &plan)?
    } else {
        road::review_with_counts(environments, &plan, false).await?
    };
    let mut report = ComparisonReport::new(&review, &decisions)
        .between(&environments.source.facts().place, &environments.destination.facts().place);
    if environments.source_model.is_practice {
        let lessons = practice::lessons()?;
        report = report.teaching(|finding| lesson(&lessons, finding));
    }
    show::result(&if arguments.json { report.to_json()? } else { report.to_text() });
    Ok(if report.blocking > 0 { Exit::WithRejects } else { Exit::Done })
}

fn lesson(lessons: &[Lesson], finding: &FindingReport) -> Option<LessonReport> {
    let about = About {
        finding: finding.kind,
        espace: &finding.espace,
        entity: &finding.entity,
        attribute: &finding.attribute,
        record: &finding.record,
        user: &finding.user,
        tenant: &finding.tenant,
    };
    let lesson = lessons.iter().find(|lesson| lesson.belongs_to(&about))?;
    Some(LessonReport { title: lesson.title.clone(), text: lesson.text.clone() })
}
