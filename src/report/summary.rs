//! A run in a few lines, for a terminal of 80 columns.
//!
//! ```text
//! Done and proved: 35,120 rows of 32 entities written to dev; …
//!
//!   in the source        35,125
//!   written              35,120
//!   left out                  2   Core.Order: its Core.Customer is not there (2)
//!   …
//!   proof             35,123 rows compared, 0 differences.
//! ```

use super::certificate::{Certificate, around_words};
use super::forecast::forecast_and_fact_line;
use super::markdown::{difference_words, noticed, proof_words};
use super::reasons::ReasonGroup;
use super::run::{EntityReport, RunReport};
use super::text::{WIDTH, counted, number, plain, wrapped};
use crate::migrate::journal::RunHeader;
use crate::proof::Proof;

/// A proof in a few lines: what was compared, and the first differences.
#[must_use]
pub fn proof_summary(proof: &Proof) -> String {
    let mut out = wrapped(&proof_words(proof), WIDTH, "", "");
    for entity in proof.entities.iter().filter(|entity| !entity.holds()) {
        let found = counted(entity.differences, "difference", "differences");
        out.push_str(&wrapped(&format!("{}: {found}", entity.name), WIDTH, "\n", ""));
        for difference in &entity.shown {
            out.push_str(&wrapped(&difference_words(difference), WIDTH, "  ", "    "));
        }
        let more = entity.differences.saturating_sub(entity.shown.len() as u64);
        if more > 0 && !entity.shown.is_empty() {
            out.push_str(&format!("  and {} more\n", number(more)));
        }
    }
    if let Some(around) = &proof.surroundings {
        for found in around.shown.iter().take(SHOWN_AROUND) {
            out.push_str(&wrapped(&noticed(found), WIDTH, "", "  "));
        }
        let more = around.differences.saturating_sub(SHOWN_AROUND as u64);
        if more > 0 {
            out.push_str(&format!("  and {} more outside the plan\n", number(more)));
        }
    }
    out
}

/// A proof of a sample, which no report keeps: with its certificate and what it leaves open.
#[must_use]
pub fn sample_summary(header: &RunHeader, proof: &Proof) -> String {
    let mut out = proof_summary(proof);
    if let Some(certificate) = Certificate::new(header, proof) {
        out.push('\n');
        for (name, words) in certificate.lines(proof) {
            out.push_str(&named(&name.to_lowercase(), &words));
        }
    }
    if !proof.unverified.is_empty() {
        out.push_str("\nNot verified:\n");
        for unverified in &proof.unverified {
            let words = format!("{}: {}", unverified.what, unverified.why);
            out.push_str(&wrapped(&words, WIDTH, "  ", "    "));
        }
    }
    out
}

/// Changes outside the plan that are shown; the report has the others.
const SHOWN_AROUND: usize = 20;

/// Entities whose first difference is shown; the report has the others.
const SHOWN: usize = 3;

/// Width of a line's name.
const NAME: usize = 14;

/// Width of a line's number.
const NUMBER: usize = 11;

impl RunReport {
    /// The result in words, the sums, what did not come along, and what to do now: fewer than 25
    /// lines.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut out = wrapped(&self.result, WIDTH, "", "");
        if !self.is_complete()
            && let Some(last) = self.events.last()
        {
            // The rest of it is in the report.
            out.push_str(&cut(&plain(&last.text), "  "));
        }
        out.push('\n');
        let totals = &self.totals;
        let mut sum = |name: &str, count: u64, more: &str| {
            out.push_str(&line(name, &number(count), more));
        };
        sum("in the source", totals.source_rows, "rows at review");
        sum("deleted", totals.deleted, "rows of the destination");
        sum("written", totals.written, "");
        if totals.recognised > 0 {
            let more = match totals.updated {
                0 => "rows that were there already".to_owned(),
                some => format!(
                    "rows that were there already, {} of them with the values of ours now",
                    number(some)
                ),
            };
            sum("recognised", totals.recognised, &more);
        }
        sum("left out", totals.left_out, &self.why(|entity| &entity.left_out_reasons));
        sum("rejected", totals.rejected, &self.why(|entity| &entity.rejected_reasons));
        if totals.refused > 0 {
            sum("refused", totals.refused, &self.refused_words());
        }
        sum("emptied", totals.emptied, &self.emptied_words());
        if totals.standing > 0 {
            sum("stayed", totals.standing, "rows of the destination that are not ours");
        }
        out.push_str(&named("people", &self.people_words()));
        let time = forecast_and_fact_line(self);
        if !time.is_empty() {
            out.push_str(&named("time", &time));
        }
        self.proved(&mut out);
        let next = self.next();
        if !next.is_empty() {
            out.push('\n');
        }
        for next in next {
            out.push_str(&wrapped(&next, WIDTH, "", ""));
        }
        out
    }

    /// What the proof found. Once the run is undone that is past, and the report alone has it.
    fn proved(&self, out: &mut String) {
        let words = match (&self.since_proof, &self.proof) {
            (Some(since), _) => since.clone(),
            (None, Some(proof)) => proof_words(proof),
            (None, None) => "not yet".to_owned(),
        };
        out.push_str(&named("proof", &words));
        if self.since_proof.is_some() {
            return;
        }
        self.certified(out);
        for difference in self.first_differences() {
            out.push_str(&wrapped(&difference, WIDTH, "    ", "      "));
        }
    }

    /// What lies around the rows, who proved it and how much it leaves open: the report has the
    /// whole certificate.
    fn certified(&self, out: &mut String) {
        let Some(proof) = &self.proof else { return };
        if proof.surroundings.is_some() {
            out.push_str(&named("around them", &around_words(proof.surroundings.as_ref())));
        }
        if let Some(made) = &proof.made {
            let by = match made.system_user.as_str() {
                "" => String::new(),
                who => format!("by {who}, "),
            };
            let words = format!("{by}{}, osferry {}", made.ended, made.version);
            out.push_str(&named("certificate", &words));
        }
        if !proof.unverified.is_empty() {
            let matters = counted(proof.unverified.len() as u64, "matter", "matters");
            out.push_str(&named("not verified", &format!("{matters}; the report lists them")));
        }
    }

    /// The first difference of each of the first entities that have one, and the first ones
    /// outside the plan.
    fn first_differences(&self) -> Vec<String> {
        let proofs = self.proof.iter();
        let entities = proofs.clone().flat_map(|proof| &proof.entities);
        let first = entities.filter_map(|entity| {
            let first = difference_words(entity.shown.first()?);
            Some(format!("{} {first}", entity.name))
        });
        let around = proofs.filter_map(|proof| proof.surroundings.as_ref());
        let outside = around.flat_map(|around| &around.shown).map(noticed);
        first.take(SHOWN).chain(outside.take(SHOWN)).collect()
    }

    /// What was refused besides rows, by kind.
    fn refused_words(&self) -> String {
        let of = |what: &str| -> u64 {
            self.refused.iter().filter(|one| one.what == what).map(|one| one.count).sum()
        };
        let kinds = [
            ("person", "user or group", "users and groups"),
            ("link", "link", "links"),
            ("reference", "reference", "references"),
            ("delete", "row of the destination that stays", "rows of the destination that stay"),
        ];
        let words = kinds.into_iter().map(|(what, one, more)| (of(what), one, more));
        let words = words.filter(|(count, ..)| *count > 0);
        words.map(|(count, one, more)| counted(count, one, more)).collect::<Vec<_>>().join(", ")
    }

    fn people_words(&self) -> String {
        let people = &self.people;
        let mut words = format!(
            "{} created, {} matched",
            counted(people.users_created, "user", "users"),
            number(people.users_matched)
        );
        if people.users_updated > 0 {
            words.push_str(&format!(" ({} of them updated)", number(people.users_updated)));
        }
        if people.users_emptied > 0 {
            words.push_str(&format!(", {} emptied", number(people.users_emptied)));
        }
        if people.groups_created + people.groups_matched > 0 {
            words.push_str(&format!(
                "; {} created, {} matched",
                counted(people.groups_created, "group", "groups"),
                number(people.groups_matched)
            ));
        }
        words
    }

    /// The commonest reason, and how many others there are.
    fn why(&self, reasons: impl Fn(&EntityReport) -> &Vec<ReasonGroup>) -> String {
        let mut all: Vec<(&EntityReport, &ReasonGroup)> = self
            .entities
            .iter()
            .flat_map(|entity| reasons(entity).iter().map(move |group| (entity, group)))
            .collect();
        all.sort_by_key(|(_, group)| std::cmp::Reverse(group.count));
        let Some((entity, group)) = all.first() else { return String::new() };
        let attribute = match &group.attribute {
            Some(attribute) => format!(".{attribute}"),
            None => String::new(),
        };
        let words =
            format!("{}{attribute}: {} ({})", entity.name, group.reason, number(group.count));
        and_more(words, all.len() - 1, "reason")
    }

    fn emptied_words(&self) -> String {
        let mut all: Vec<(String, u64)> = self
            .entities
            .iter()
            .flat_map(|entity| {
                entity.emptied.iter().map(move |emptied| {
                    (format!("{}.{}", entity.name, emptied.attribute), emptied.count)
                })
            })
            .collect();
        all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let shown: Vec<String> = all
            .iter()
            .take(3)
            .map(|(name, count)| format!("{name} ({})", number(*count)))
            .collect();
        and_more(shown.join(", "), all.len() - shown.len(), "reference")
    }
}

fn and_more(words: String, more: usize, of: &str) -> String {
    if more == 0 {
        return words;
    }
    format!("{words}; {}", counted(more as u64, &format!("more {of}"), &format!("more {of}s")))
}

/// A line with a number.
fn line(name: &str, count: &str, more: &str) -> String {
    cut(more, &format!("  {name:<NAME$}{count:>NUMBER$}   "))
}

/// Lines without one.
fn named(name: &str, text: &str) -> String {
    let first = format!("  {name:<NAME$}  ");
    wrapped(text, WIDTH, &first, &" ".repeat(first.chars().count()))
}

/// Text on at most two lines, the second one set in like the first; `…` stands for the rest.
fn cut(text: &str, first: &str) -> String {
    let rest = " ".repeat(first.chars().count());
    let lines = wrapped(text, WIDTH, first, &rest);
    if lines.lines().count() <= 2 {
        return lines;
    }
    let mut lines = lines.lines();
    let (one, two) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let two: String = two.chars().take(WIDTH - 2).collect();
    format!("{one}\n{} …\n", two.trim_end())
}
