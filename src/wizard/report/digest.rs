//! A report worked out for the screen, once: what is said, in which order.

use super::super::message::{Reported, Sign};
use crate::migrate::seconds;
use crate::proof::{EntityProof, Proof};
use crate::report::{
    EntityReport, ReasonGroup, RunReport, Verdict, counted, forecast_and_fact_line, number,
};

/// A line with its sign; without one it is a heading or a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) sign: Option<Sign>,
    pub(super) text: String,
    pub(super) is_title: bool,
}

impl Said {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { sign: None, text: text.into(), is_title: false }
    }

    pub(super) fn title(text: impl Into<String>) -> Self {
        Self { sign: None, text: text.into(), is_title: true }
    }

    pub(super) fn with(sign: Sign, text: impl Into<String>) -> Self {
        Self { sign: Some(sign), text: text.into(), is_title: false }
    }
}

/// Lines under a heading.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) lines: Vec<Said>,
}

/// Everything that is shown of a report.
#[derive(Clone, Debug)]
pub(super) struct Digest {
    /// The first page, without what can be done now.
    pub(super) sections: Vec<Section>,
    /// The entities' places, those with problems first.
    pub(super) entities: Vec<usize>,
    /// What did not come along, and why.
    pub(super) left: Vec<Said>,
    /// What happened, oldest first.
    pub(super) story: Vec<Said>,
}

impl Digest {
    pub(super) fn new(reported: &Reported) -> Self {
        let report = &reported.report;
        let mut sections = vec![sums(reported)];
        if !report.is_complete() {
            sections.push(kept(report));
        }
        sections.push(checks(report));
        sections.push(files(reported));
        Self {
            sections,
            entities: order(report),
            left: left(report),
            story: report
                .events
                .iter()
                .map(|event| Said::text(format!("{}  {}", time(&event.at), event.text)))
                .collect(),
        }
    }
}

/// How it ended, in a word.
pub(super) fn head(report: &RunReport) -> &'static str {
    match report.verdict {
        Verdict::Proved => "Done and proved",
        Verdict::ProvedWithRejects => "Done and proved, with refused rows",
        Verdict::Stopped => "Stopped before the end",
        Verdict::Failed => "Failed before the end",
        Verdict::Disproved => "Written, but the proof fails",
        Verdict::Written => "Written, not proved",
        Verdict::Undoing => "Undone up to a point",
        Verdict::Undone => "Undone",
        Verdict::UndoneInPart => "Undone in part",
    }
}

/// The sign of how it ended.
pub(super) fn sign(report: &RunReport) -> Sign {
    match report.verdict {
        Verdict::Proved => Sign::Good,
        Verdict::ProvedWithRejects | Verdict::Written | Verdict::UndoneInPart => Sign::Warning,
        Verdict::Stopped | Verdict::Undoing => Sign::Stopped,
        Verdict::Undone => Sign::Good,
        Verdict::Failed | Verdict::Disproved => Sign::Bad,
    }
}

/// The time of day of `2026-02-03 14:13:28+01:00`.
pub(super) fn time(at: &str) -> &str {
    at.get(11..19).unwrap_or(at)
}

/// `14:13:28 to 14:54:02 · 40m 34s`
fn times(report: &RunReport) -> String {
    let Some(ended) = &report.ended else { return format!("started {}", report.started) };
    let span = seconds(&report.started).zip(seconds(ended));
    let span = span.and_then(|(from, to)| u64::try_from(to - from).ok());
    let span = span.map_or_else(String::new, |span| {
        let time = std::time::Duration::from_secs(span);
        format!(" · {}", super::super::execute::duration(time))
    });
    let day = report.started.get(..10).unwrap_or("");
    format!("{day} {} to {}{span}", time(&report.started), time(ended))
}

/// Planned against done.
fn sums(reported: &Reported) -> Section {
    let report = &reported.report;
    let totals = &report.totals;
    let line = |name: &str, cells: [String; 4]| {
        let [a, b, c, d] = cells;
        Said::text(format!("{name:<9}{a:>12}{b:>12}{c:>10}{d:>10}"))
    };
    let dash = || "-".to_owned();
    let mut lines = vec![
        Said {
            is_title: true,
            ..line("", ["Planned", "Done", "Left out", "Refused"].map(str::to_owned))
        },
        line(
            "Insert",
            [totals.source_rows, totals.written, totals.left_out, totals.rejected].map(number),
        ),
    ];
    if totals.recognised > 0 {
        lines.push(line("Found", [dash(), number(totals.recognised), dash(), dash()]));
    }
    lines.push(line("Delete", [number(totals.to_delete), number(totals.deleted), dash(), dash()]));
    let whole = report.entities.iter().filter(|entity| is_whole(report, entity)).count() as u64;
    lines.push(line("Entities", [number(totals.entities), number(whole), dash(), dash()]));
    let time = forecast_and_fact_line(report);
    if !time.is_empty() {
        lines.push(Said::text(format!("{:<9}{time}", "Time")));
    }
    if !report.is_complete()
        && let Some(last) = report.events.last()
    {
        lines.push(Said::with(sign(report), last.text.clone()));
    }
    if let Some(fault) = &reported.trouble {
        lines.push(Said::with(Sign::Bad, format!("{}. {}", fault.what, fault.next)));
    }
    Section { title: format!("{} · {}", head(report), times(report)), lines }
}

/// Whether all rows of an entity are accounted for, none of them refused.
fn is_whole(report: &RunReport, entity: &EntityReport) -> bool {
    let known = entity.written + entity.recognised + entity.left_out + entity.rejected;
    entity.rejected == 0 && (report.is_complete() || known >= entity.source_rows)
}

/// What a run that did not reach its end has left.
fn kept(report: &RunReport) -> Section {
    let begun = |entity: &&EntityReport| entity.written + entity.recognised > 0;
    let whole =
        report.entities.iter().filter(|entity| begun(entity) && is_whole(report, entity)).count();
    let partly = report.entities.iter().filter(begun).count() - whole;
    let untouched = report.entities.len() - whole - partly;
    let entities = |count: usize| counted(count as u64, "entity", "entities");
    let name = &report.destination_database;
    let mut lines = vec![Said::text(format!(
        "{} complete, {} partly written, {} not begun. Each batch is there as a whole or not at \
         all.",
        entities(whole),
        number(partly as u64),
        number(untouched as u64)
    ))];
    if report.totals.deleted > 0 {
        lines.push(Said::text(format!(
            "{} of {name} were deleted before.",
            counted(report.totals.deleted, "row", "rows")
        )));
    }
    Section { title: format!("What is in {name} now"), lines }
}

/// What the proof has found, and what did not come along.
fn checks(report: &RunReport) -> Section {
    let since = report.since_proof.iter();
    let mut lines: Vec<Said> = since.map(|text| Said::with(Sign::Note, text.clone())).collect();
    let is_past = report.since_proof.is_some();
    let mut say = |sign, what: &str, text: String| {
        // What held before the undo is neither good nor bad any more.
        let sign = if is_past { Sign::Note } else { sign };
        lines.push(Said::with(sign, format!("{what:<13}{text}")));
    };
    match &report.proof {
        None if is_past => {}
        None if report.is_complete() => say(
            Sign::Warning,
            "not proved",
            format!("everything is written; `osferry verify {}` proves it", report.id),
        ),
        None => say(Sign::Note, "not proved", "only a run that reached its end is".to_owned()),
        Some(proof) => proved(report, proof, &mut say),
    }
    let totals = &report.totals;
    if totals.rejected > 0 {
        let of = report.entities.iter().filter(|entity| entity.rejected > 0).count() as u64;
        say(
            Sign::Warning,
            "refused",
            format!(
                "{} of {} (Tab: Left behind)",
                counted(totals.rejected, "row", "rows"),
                counted(of, "entity", "entities")
            ),
        );
    }
    if totals.emptied > 0 {
        let text =
            format!("{} (Tab: Left behind)", counted(totals.emptied, "reference", "references"));
        say(Sign::Note, "emptied", text);
    }
    let title = if is_past { "Checks of before the undo" } else { "Checks after the run" };
    Section { title: title.to_owned(), lines }
}

fn proved(report: &RunReport, proof: &Proof, say: &mut impl FnMut(Sign, &str, String)) {
    let good = |holds: bool| if holds { Sign::Good } else { Sign::Bad };
    let entities = &proof.entities[..proof.entities.len().min(report.entities.len())];
    let people = &proof.entities[entities.len()..];
    let sum = |of: fn(&EntityProof) -> u64| entities.iter().map(of).sum::<u64>();
    let orphans = sum(|entity| entity.references.iter().map(|reference| reference.orphans).sum());
    let differences = sum(|entity| entity.differences);
    let compared = counted(sum(|entity| entity.compared), "row", "rows");
    let (what, how) = match proof.sample {
        None => ("every row", "compared through the id map"),
        Some(_) => ("a sample", "of them compared through the id map"),
    };
    say(good(differences == 0), what, format!("{compared} {how}, {} differ", number(differences)));
    say(good(orphans == 0), "references", format!("{} point at a missing row", number(orphans)));
    if !people.is_empty() {
        let count = people.iter().map(|kind| kind.compared.max(kind.found)).sum();
        let wrong: u64 = people.iter().map(|kind| kind.differences).sum();
        let text = format!(
            "{} with their links, {} differ",
            counted(count, "user or group", "users and groups"),
            number(wrong)
        );
        say(good(wrong == 0), "people", text);
    }
    if let Some(around) = &proof.surroundings {
        let text = format!(
            "{} untouched, {} differ",
            counted(around.untouched + around.untouched_by_count, "other table", "other tables"),
            number(around.differences)
        );
        say(good(around.differences == 0), "around", text);
        for noticed in around.shown.iter().take(3) {
            say(Sign::Bad, "differs", format!("{}: {}", noticed.table, noticed.what));
        }
        for noticed in around.notes.iter().take(3) {
            say(Sign::Note, "changed", format!("{}: {}", noticed.table, noticed.what));
        }
    }
    let open = proof.unverified.len() as u64;
    if open > 0 {
        let text = format!("{}; the report lists them", counted(open, "matter", "matters"));
        say(Sign::Note, "not verified", text);
    }
    let since = sum(|entity| entity.changed_since) + sum(|entity| entity.appeared_since);
    if since > 0 {
        let text = format!("{} since they were read: no fault", counted(since, "row", "rows"));
        say(Sign::Note, "source moved", text);
    }
    let failing: Vec<&EntityProof> =
        proof.entities.iter().filter(|entity| !entity.holds()).collect();
    for entity in failing.iter().take(3) {
        let text = counted(entity.differences, "difference", "differences");
        say(Sign::Bad, "differs", format!("{}: {text}", entity.name));
    }
    if failing.len() > 3 {
        say(
            Sign::Bad,
            "differs",
            format!("and {} more entities", number(failing.len() as u64 - 3)),
        );
    }
}

fn files(reported: &Reported) -> Section {
    let mut lines: Vec<Said> = reported
        .files
        .iter()
        .filter_map(|path| path.file_name())
        .map(|name| {
            let name = name.to_string_lossy();
            let what = match name.as_ref() {
                "report.md" => "the summary for your change ticket",
                "report.json" => "the same for scripts",
                "revoke.sql" => "takes back what rights.sql gave",
                "statistics.sql" => "for the statistics of the written tables",
                _ => "",
            };
            Said::text(format!("{name:<16}{what}"))
        })
        .collect();
    lines.push(Said::text(format!("{:<16}every batch and every id", "journal.sqlite")));
    Section { title: format!("Files in {}", reported.folder.display()), lines }
}

/// Entities with problems first, the others in the plan's order.
fn order(report: &RunReport) -> Vec<usize> {
    let mut places: Vec<usize> = (0..report.entities.len()).collect();
    places.sort_by_key(|place| !has_problem(report, *place));
    places
}

/// Whether something about an entity is to be looked at.
pub(super) fn has_problem(report: &RunReport, place: usize) -> bool {
    report.entities.get(place).is_some_and(|entity| entity.rejected > 0)
        || proof_of(report, place).is_some_and(|proof| !proof.holds())
}

/// What the proof says of an entity.
pub(super) fn proof_of(report: &RunReport, place: usize) -> Option<&EntityProof> {
    report.proof.as_ref()?.entities.get(place)
}

fn reason_words(group: &ReasonGroup, what: &str) -> String {
    let attribute =
        group.attribute.as_ref().map_or_else(String::new, |attribute| format!("{attribute}: "));
    let code = group.code.map_or_else(String::new, |code| format!(" (error {code})"));
    let more = if group.count > group.keys.len() as u64 { " …" } else { "" };
    let keys = if group.keys.is_empty() {
        String::new()
    } else {
        format!("; source ids {}{more}", group.keys.join(", "))
    };
    format!("{} {what}: {attribute}{}{code}{keys}", number(group.count), group.reason)
}

/// What of an entity did not come along, a line for each reason.
fn left_of(entity: &EntityReport) -> Vec<Said> {
    let refused = entity
        .rejected_reasons
        .iter()
        .map(|group| Said::with(Sign::Warning, reason_words(group, "refused")));
    let left_out = entity
        .left_out_reasons
        .iter()
        .map(|group| Said::with(Sign::Note, reason_words(group, "left out")));
    let emptied = entity.emptied.iter().flat_map(|emptied| {
        let words = |group: &ReasonGroup| {
            let group = ReasonGroup {
                attribute: group.attribute.clone().or_else(|| Some(emptied.attribute.clone())),
                ..group.clone()
            };
            Said::with(Sign::Note, reason_words(&group, "emptied"))
        };
        emptied.reasons.iter().map(words)
    });
    refused.chain(left_out).chain(emptied).collect()
}

fn left(report: &RunReport) -> Vec<Said> {
    let mut lines = Vec::new();
    for place in order(report) {
        let Some(entity) = report.entities.get(place) else { continue };
        let own = left_of(entity);
        if !own.is_empty() {
            lines.push(Said::title(entity.name.clone()));
            lines.extend(own);
        }
    }
    if !report.not_carried_over.is_empty() {
        lines.push(Said::title("Not carried over"));
        lines.extend(
            report
                .not_carried_over
                .iter()
                .map(|left| Said::text(format!("{}: {}", left.what, left.why))),
        );
    }
    if !report.decisions.is_empty() {
        lines.push(Said::title("As decided"));
        lines.extend(report.decisions.iter().map(|decision| Said::text(decision.clone())));
    }
    lines
}

/// All about one entity, a line each.
pub(super) fn entity_words(report: &RunReport, place: usize) -> Vec<String> {
    let Some(entity) = report.entities.get(place) else { return Vec::new() };
    let mut lines = vec![
        format!("{} → {}", entity.source_table, entity.destination_table),
        format!(
            "{} in the source, {} written, {} recognised{}, {} left out, {} refused",
            counted(entity.source_rows, "row", "rows"),
            number(entity.written),
            number(entity.recognised),
            match entity.updated {
                0 => String::new(),
                some => format!(" ({} updated)", number(some)),
            },
            number(entity.left_out),
            number(entity.rejected)
        ),
        format!(
            "The destination's own rows: {}; {} deleted, {} stayed",
            entity.existing.label(),
            number(entity.deleted),
            number(entity.standing)
        ),
    ];
    if let Some(by) = &entity.taken_in_by {
        lines.push(format!("It is in the scope because of {by}."));
    }
    if entity.second_pass > 0 {
        lines.push(format!(
            "{} set once all rows were there",
            counted(entity.second_pass, "row had references", "rows had references")
        ));
    }
    lines.extend(left_of(entity).into_iter().map(|said| said.text));
    match proof_of(report, place) {
        None => lines.push("Not proved.".to_owned()),
        Some(proof) => {
            let one = Proof { entities: vec![proof.clone()], ..Proof::default() };
            lines.push(String::new());
            lines.push(match &report.since_proof {
                None => "Proof".to_owned(),
                Some(since) => format!("Proof of before. {since}"),
            });
            lines.extend(crate::report::proof_summary(&one).lines().map(str::to_owned));
        }
    }
    lines
}
