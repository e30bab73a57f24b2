//! Which traps of the practice pair were met, and how each was decided.

use super::super::message::Sign;
use super::super::migration::Migration;
use super::digest::Said;
use crate::compare::Finding;
use crate::report::counted;

/// A lesson with what became of it.
#[derive(Clone, Debug)]
pub(super) struct Learned {
    pub(super) said: Said,
    /// The lesson's text, and each finding with its decision.
    pub(super) text: Vec<String>,
    pub(super) is_met: bool,
}

/// How a finding was decided, in words.
fn decided(migration: &Migration, finding: &Finding) -> String {
    match migration.plan.decisions.get(&finding.key) {
        Some(decision) => {
            let label = finding
                .choices
                .iter()
                .find(|choice| choice.name == decision.choice)
                .map_or(decision.choice.as_str(), |choice| choice.label.as_str());
            match &decision.to {
                Some(to) => format!("{label} ({to})"),
                None => label.to_owned(),
            }
        }
        None if finding.needs_decision() => "not decided".to_owned(),
        None => "nothing to decide: it is taken care of".to_owned(),
    }
}

/// All lessons, those that were met first; none but on a practice pair whose run was started here.
pub(super) fn learned(migration: &Migration) -> Vec<Learned> {
    if !migration.is_practice || migration.is_earlier_run() {
        return Vec::new();
    }
    let mut met: Vec<Vec<&Finding>> = migration.lessons.iter().map(|_| Vec::new()).collect();
    for finding in migration.findings() {
        if let Some(lesson) = migration.lesson(finding)
            && let Some(place) =
                migration.lessons.iter().position(|other| other.trap == lesson.trap)
        {
            met[place].push(finding);
        }
    }
    let mut learned: Vec<Learned> = migration
        .lessons
        .iter()
        .zip(met)
        .map(|(lesson, findings)| {
            let mut text = vec![lesson.text.clone(), String::new()];
            let mut ways: Vec<String> = Vec::new();
            for finding in &findings {
                let way = decided(migration, finding);
                text.push(format!("{}: {}. Decided: {way}.", finding.about, finding.what));
                if !ways.contains(&way) {
                    ways.push(way);
                }
            }
            let said = if findings.is_empty() {
                text.push("It is not in the scope that you chose.".to_owned());
                Said::with(Sign::Later, format!("{}: not met in this scope", lesson.title))
            } else {
                let times = if findings.len() > 1 {
                    format!(" ({})", counted(findings.len() as u64, "time", "times"))
                } else {
                    String::new()
                };
                Said::with(Sign::Good, format!("{}{times}: {}", lesson.title, ways.join("; ")))
            };
            Learned { said, text, is_met: !findings.is_empty() }
        })
        .collect();
    learned.sort_by_key(|learned| !learned.is_met);
    learned
}
