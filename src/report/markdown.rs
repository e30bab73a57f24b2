//! A run for a ticket: `report.md`.

use std::fmt::Write as _;

use super::certificate::{around_words, share};
use super::forecast::{forecast_and_fact, forecast_words};
use super::reasons::ReasonGroup;
use super::refused::group_words;
use super::run::{EntityReport, RunReport};
use super::text::{counted, escaped, number, rows};
use crate::proof::{Difference, EntityProof, Noticed, Proof};

/// People who were created, as far as they are listed.
const SHOWN_PEOPLE: usize = 50;

/// Writing to a text cannot fail.
macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($text:tt)*) => { let _ = writeln!($out, $($text)*); };
}

impl RunReport {
    /// The report as Markdown: the result and the emptied references first.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        line!(out, "# {}", escaped(&self.name));
        line!(out);
        line!(out, "**{}**", escaped(&self.result));
        self.emptied_first(&mut out);
        for next in self.next() {
            line!(out);
            line!(out, "{}", escaped(&next));
        }
        self.facts(&mut out);
        self.forecast_and_fact(&mut out);
        self.entity_table(&mut out);
        self.reasons(&mut out, "Rows left out by decision", "row", |entity| {
            &entity.left_out_reasons
        });
        self.reasons(&mut out, "Rejected rows", "row", |entity| &entity.rejected_reasons);
        self.refused_besides(&mut out);
        self.emptied(&mut out);
        self.kept(&mut out);
        self.people(&mut out);
        if !self.outside.is_empty() {
            line!(out);
            line!(out, "{}", escaped(&self.outside));
        }
        list(&mut out, "Decisions", self.decisions.iter().map(|words| escaped(words)));
        list(
            &mut out,
            "Not carried over",
            self.not_carried_over
                .iter()
                .map(|left_out| format!("{}: {}", escaped(&left_out.what), escaped(&left_out.why))),
        );
        self.undone(&mut out);
        self.proof(&mut out);
        self.around(&mut out);
        list(
            &mut out,
            "What happened",
            self.events.iter().map(|event| format!("{} {}", event.at, escaped(&event.text))),
        );
        self.way_back_chapter(&mut out);
        out
    }

    /// References that were emptied: nobody should have to look for them (`design.md`, decision
    /// 11).
    fn emptied_first(&self, out: &mut String) {
        let mut is_first = true;
        for entity in &self.entities {
            for emptied in &entity.emptied {
                if is_first {
                    line!(out);
                    line!(out, "References written empty although the source has a value:");
                    line!(out);
                    is_first = false;
                }
                let name = format!("{}.{}", entity.name, emptied.attribute);
                line!(out, "- {}: {}", escaped(&name), rows(emptied.count));
            }
        }
    }

    fn facts(&self, out: &mut String) {
        line!(out);
        line!(out, "| | |");
        line!(out, "|---|---|");
        let again =
            self.rejects_of.as_ref().map(|run| ("Tries again the rejects of", run.as_str()));
        let facts = [
            ("Run", self.id.as_str()),
            ("State", self.state.label()),
            ("Started", &self.started),
            ("Ended", self.ended.as_deref().unwrap_or("not yet")),
            ("Source", &self.source),
            ("Read by", self.reading.as_deref().unwrap_or("not read")),
            ("Destination", &self.destination),
            ("Plan file", &self.plan_file),
            ("Plan", &self.plan_fingerprint),
            ("osferry", &self.version),
        ];
        for (name, fact) in facts.into_iter().chain(again) {
            line!(out, "| {name} | {} |", escaped(fact));
        }
    }

    /// What it was expected to take beside what it took.
    fn forecast_and_fact(&self, out: &mut String) {
        let lines = forecast_and_fact(self);
        if lines.is_empty() {
            return;
        }
        line!(out);
        line!(out, "## Forecast and fact");
        line!(out);
        line!(out, "| | Forecast | Fact |");
        line!(out, "|---|---|---|");
        for [what, told, took] in lines {
            line!(out, "| {what} | {} | {} |", escaped(&told), escaped(&took));
        }
        for words in self.forecast.iter().flat_map(forecast_words).take(1) {
            line!(out);
            line!(out, "The forecast: {}", escaped(&words));
        }
    }

    fn entity_table(&self, out: &mut String) {
        line!(out);
        line!(out, "## Entities");
        line!(out);
        line!(
            out,
            "| Entity | In the source | Deleted | Written | Recognised | Left out | Rejected | \
             Emptied | Set later | Stayed |"
        );
        line!(out, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        for entity in &self.entities {
            let taken_in = match &entity.taken_in_by {
                Some(by) => format!(" (taken in for {})", escaped(by)),
                None => String::new(),
            };
            numbers(
                out,
                &format!("{}{taken_in}", escaped(&entity.name)),
                &[
                    entity.source_rows,
                    entity.deleted,
                    entity.written,
                    entity.recognised,
                    entity.left_out,
                    entity.rejected,
                    entity.emptied_cells(),
                    entity.second_pass,
                    entity.standing,
                ],
            );
        }
        let totals = &self.totals;
        numbers(
            out,
            "**All**",
            &[
                totals.source_rows,
                totals.deleted,
                totals.written,
                totals.recognised,
                totals.left_out,
                totals.rejected,
                totals.emptied,
                totals.second_pass,
                totals.standing,
            ],
        );
        line!(out);
        line!(
            out,
            "*In the source* and *Stayed* are counts of the review. *Stayed* are rows of the \
             destination that were there before and are not ours; *Set later* are references set \
             once all rows were there."
        );
    }

    fn reasons(
        &self,
        out: &mut String,
        title: &str,
        of: &str,
        reasons: impl Fn(&EntityReport) -> &Vec<ReasonGroup>,
    ) {
        if self.entities.iter().all(|entity| reasons(entity).is_empty()) {
            return;
        }
        line!(out);
        line!(out, "## {title}");
        line!(out);
        for entity in &self.entities {
            for group in reasons(entity) {
                let attribute = match &group.attribute {
                    Some(attribute) => format!(".{attribute}"),
                    None => String::new(),
                };
                let name = escaped(&format!("{}{attribute}", entity.name));
                line!(out, "- {name}: {}", group_words(group, of));
            }
        }
    }

    fn emptied(&self, out: &mut String) {
        if self.totals.emptied == 0 {
            return;
        }
        line!(out);
        line!(out, "## Emptied references");
        line!(out);
        for entity in &self.entities {
            for emptied in &entity.emptied {
                for group in &emptied.reasons {
                    let name = escaped(&format!("{}.{}", entity.name, emptied.attribute));
                    line!(out, "- {name}: {}", group_words(group, "row"));
                }
            }
        }
    }

    /// Values of soft keys that are no ids of rows carried over or matched.
    fn kept(&self, out: &mut String) {
        if self.entities.iter().all(|entity| entity.kept.is_empty()) {
            return;
        }
        line!(out);
        line!(out, "## Values of soft keys that stay as they are");
        line!(out);
        for entity in &self.entities {
            for kept in &entity.kept {
                let name = escaped(&format!("{}.{}", entity.name, kept.attribute));
                for group in &kept.reasons {
                    line!(out, "- {name}: {}", group_words(group, "row"));
                }
                if kept.taken > 0 {
                    line!(
                        out,
                        "- {name}: **{} of them hold what is now, by accident, the id of a row carried \
                         over or matched.** Look at them: in the source they led nowhere",
                        number(kept.taken)
                    );
                }
            }
        }
    }

    fn people(&self, out: &mut String) {
        let people = &self.people;
        line!(out);
        line!(out, "## Users and groups");
        line!(out);
        let updated = match people.users_updated {
            0 => String::new(),
            updated => format!(" ({} of them updated)", number(updated)),
        };
        line!(
            out,
            "Users: {} created, {} matched{updated}, {} emptied. Groups: {} created, {} matched.",
            number(people.users_created),
            number(people.users_matched),
            number(people.users_emptied),
            number(people.groups_created),
            number(people.groups_matched),
        );
        if people.created.is_empty() {
            return;
        }
        line!(out);
        line!(out, "| Created | Id in the source | Id in the destination |");
        line!(out, "|---|--:|--:|");
        for person in people.created.iter().take(SHOWN_PEOPLE) {
            let kind = if person.is_group { "group" } else { "user" };
            line!(
                out,
                "| {kind} {} | {} | {} |",
                escaped(&person.name),
                person.source,
                person.destination
            );
        }
        let more = people.created.len().saturating_sub(SHOWN_PEOPLE);
        if more > 0 {
            line!(out);
            line!(out, "{} more are in report.json.", number(more as u64));
        }
    }

    fn undone(&self, out: &mut String) {
        let Some(undo) = &self.undo else { return };
        line!(out);
        line!(out, "## Undone");
        line!(out);
        for one in super::undo::undone(undo) {
            line!(out, "- {}", escaped(&one));
        }
    }

    fn proof(&self, out: &mut String) {
        line!(out);
        line!(out, "## Proof");
        line!(out);
        if let Some(since) = &self.since_proof {
            line!(out, "**{}**", escaped(since));
        }
        let Some(proof) = &self.proof else {
            if self.since_proof.is_none() {
                line!(out, "Nothing is proved yet.");
            }
            return;
        };
        if self.since_proof.is_some() {
            line!(out);
        }
        line!(out, "{}", escaped(&proof_words(proof)));
        line!(out);
        if let Some(certificate) = &self.certificate {
            line!(out, "| Certificate | |");
            line!(out, "|---|---|");
            for (name, words) in certificate.lines(proof) {
                line!(out, "| {name} | {} |", escaped(&words));
            }
            line!(out);
        }
        line!(
            out,
            "| Entity | Ours | Found | Compared | By digest | Source changed since | References \
             that lead nowhere | Differences |"
        );
        line!(out, "|---|--:|--:|--:|--:|--:|--:|--:|");
        for entity in &proof.entities {
            numbers(
                out,
                &escaped(&entity.name),
                &[
                    entity.written + entity.recognised,
                    entity.found,
                    entity.compared,
                    entity.by_digest,
                    entity.changed_since,
                    entity.references.iter().map(|reference| reference.orphans).sum(),
                    entity.differences,
                ],
            );
        }
        if proof.entities.iter().all(EntityProof::holds) {
            return;
        }
        line!(out);
        line!(out, "### Differences");
        line!(out);
        for entity in proof.entities.iter().filter(|entity| !entity.holds()) {
            for difference in &entity.shown {
                let words = difference_words(difference);
                line!(out, "- {}: {}", escaped(&entity.name), escaped(&words));
            }
            let more = entity.differences.saturating_sub(entity.shown.len() as u64);
            if more > 0 {
                let more = counted(more, "more difference", "more differences");
                line!(out, "- {}: {more}", escaped(&entity.name));
            }
        }
    }
}

impl RunReport {
    /// Everything else in the destination, and what the proof says nothing about.
    fn around(&self, out: &mut String) {
        let Some(proof) = &self.proof else { return };
        if let Some(around) = &proof.surroundings {
            line!(out);
            line!(out, "### Other tables of the destination");
            line!(out);
            line!(out, "{}.", escaped(&around_words(Some(around))));
            let shown = around.shown.iter().map(noticed).collect::<Vec<_>>();
            let more = around.differences.saturating_sub(shown.len() as u64);
            notices(out, "Not as before the run:", &shown, more);
            let notes = around.notes.iter().map(noticed).collect::<Vec<_>>();
            notices(out, "For information:", &notes, 0);
            if !around.platform.is_empty() {
                let tables = around.platform.iter().map(|untouched| match &untouched.digest {
                    Some(_) => escaped(&untouched.table),
                    None => format!("{} (counted)", escaped(&untouched.table)),
                });
                let tables = tables.collect::<Vec<_>>().join(", ");
                line!(out);
                line!(out, "Of the platform these are as they were: {tables}.");
            }
        }
        if !proof.unverified.is_empty() {
            line!(out);
            line!(out, "### Not verified");
            line!(out);
            for unverified in &proof.unverified {
                line!(out, "- {}: {}", escaped(&unverified.what), escaped(&unverified.why));
            }
        }
    }
}

fn notices(out: &mut String, title: &str, lines: &[String], more: u64) {
    if lines.is_empty() {
        return;
    }
    line!(out);
    line!(out, "{title}");
    line!(out);
    for words in lines {
        line!(out, "- {}", escaped(words));
    }
    if more > 0 {
        line!(out, "- and {} more", number(more));
    }
}

/// What has changed in a table, and which one it is.
pub(super) fn noticed(noticed: &Noticed) -> String {
    format!("{}: {}", noticed.table, noticed.what)
}

/// What a proof says, in a sentence.
pub(super) fn proof_words(proof: &Proof) -> String {
    let found = counted(proof.differences(), "difference", "differences");
    let mut words = match proof.sample {
        None => format!("{} compared, {found}.", rows(proof.compared())),
        Some(sample) => {
            let (compared, carried) = (proof.compared(), proof.carried());
            format!(
                "{} of {} compared ({}), a sample of about {} of each entity, {found}.",
                number(compared),
                rows(carried),
                share(compared, carried),
                rows(sample)
            )
        }
    };
    let sum = |of: fn(&EntityProof) -> u64| proof.entities.iter().map(of).sum::<u64>();
    for (count, what) in [
        (
            sum(|entity| entity.changed_since),
            "changed or deleted in the source since they were read",
        ),
        (sum(|entity| entity.appeared_since), "new in the source since then"),
    ] {
        if count > 0 {
            words.push_str(&format!(" {} {what}.", rows(count)));
        }
    }
    words
}

/// What is wrong with a row, and which one it is.
pub(super) fn difference_words(difference: &Difference) -> String {
    let id = |id: &str| if id.is_empty() { "unknown".to_owned() } else { id.to_owned() };
    let attribute = if difference.attribute.is_empty() {
        String::new()
    } else {
        format!("{}, ", difference.attribute)
    };
    format!(
        "{attribute}source row {}, destination row {}: {}",
        id(&difference.source),
        id(&difference.destination),
        difference.what
    )
}

fn numbers(out: &mut String, name: &str, cells: &[u64]) {
    let cells: Vec<String> = cells.iter().map(|cell| number(*cell)).collect();
    line!(out, "| {name} | {} |", cells.join(" | "));
}

fn list(out: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) {
    if lines.len() == 0 {
        return;
    }
    line!(out);
    line!(out, "## {title}");
    line!(out);
    for line in lines {
        line!(out, "- {line}");
    }
}
