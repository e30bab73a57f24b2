//! What a run will take, and what it took, in words.

use super::run::RunReport;
use super::text::{bytes, counted, number};
use crate::database::Result;
use crate::migrate::journal::Journal;
use crate::migrate::{Basis, Fact, Forecast, LogUse, Probe, choose};
use crate::plan::{Plan, Span};
use crate::proof::Proof;

/// What a forecast is about, and what it says: `Time`, `4 to 40 min`. Made for narrow places.
#[must_use]
pub fn forecast_lines(forecast: &Forecast) -> Vec<(&'static str, String)> {
    let wide = if forecast.basis == Basis::Bounds { ", not probed" } else { "" };
    let mut lines = vec![
        ("Time", format!("{}{wide}", time_words(forecast.writing))),
        ("Proof", time_words(forecast.proof)),
    ];
    if let Some(log) = log_words(&forecast.log) {
        lines.push(("Log", log));
    }
    if let Some(temp) = forecast.temp {
        lines.push(("tempdb", format!("up to {}", bytes(temp))));
    }
    lines
}

/// What a forecast says, a sentence each.
#[must_use]
pub fn forecast_words(forecast: &Forecast) -> Vec<String> {
    let mut words = vec![format!(
        "Writing takes {}, the proof {} after it. {}",
        time_words(forecast.writing),
        time_words(forecast.proof),
        basis_words(&forecast.basis)
    )];
    if let LogUse::Bytes { bytes: span, unknown } = &forecast.log {
        let more = match unknown.len() as u64 {
            0 => String::new(),
            count => format!(
                ", and what rows of {} take, of which the database does not tell how long they are",
                counted(count, "table", "tables")
            ),
        };
        words.push(match (span.most, unknown.is_empty()) {
            (0, true) => "Nothing is written to the destination's log.".to_owned(),
            (0, false) => "What is written to the destination's log is not known: the database does \
                           not tell how long its rows are."
                .to_owned(),
            _ => format!(
                "{} are written to the destination's log{more}; how far it grows is for log backups \
                 and the recovery model to say.",
                start_of_sentence(&bytes_words(*span))
            ),
        });
    }
    if let Some(temp) = forecast.temp {
        words.push(format!("Batches take up to {} in its tempdb meanwhile.", bytes(temp)));
    }
    words
}

/// What a forecast is taken from, as a sentence.
fn basis_words(basis: &Basis) -> String {
    match basis {
        Basis::Probe { at, entities, skipped, share } => {
            let more = match skipped {
                0 => String::new(),
                skipped => format!("; {} more could not be probed", number(*skipped)),
            };
            format!(
                "By a probe of {}: {} with {share} of 100 rows{more}.",
                // The time of day, without its seconds and its offset.
                at.get(..16).unwrap_or(at),
                counted(*entities, "entity", "entities"),
            )
        }
        Basis::Runs { runs } => match runs.as_slice() {
            [run] => format!("By the earlier run {run} into the same destination."),
            [first, ..] => format!(
                "By {} earlier runs into the same destination, the newest {first}.",
                number(runs.len() as u64)
            ),
            [] => "By earlier runs into the same destination.".to_owned(),
        },
        Basis::Bounds => {
            "These are wide bounds for so many rows, nothing was measured: a probe narrows them."
                .to_owned()
        }
    }
}

/// What a probe of this plan would do, a sentence each: for whoever is asked whether it may.
#[must_use]
pub fn probe_foretold(plan: &Plan, destination: &str) -> Vec<String> {
    let chosen = choose(plan);
    let rows: u64 = chosen.iter().map(|chosen| chosen.rows).sum();
    let most = chosen.iter().map(|chosen| chosen.rows).max().unwrap_or_default();
    vec![
        format!(
            "Up to {} of each of {}, {} in all, are read as the run reads them, inserted into \
             {destination} as the run inserts them, and rolled back: nothing is committed.",
            counted(most, "row", "rows"),
            counted(chosen.len() as u64, "large entity", "large entities"),
            number(rows)
        ),
        "As many identity values are given out and not used again. Triggers fire, and what they do is \
         rolled back too; entities whose rows start processes are left out."
            .to_owned(),
        "Rows and indexes are locked for about a second a batch, and who reads uncommitted rows may \
         see these for so long. No run can write there meanwhile."
            .to_owned(),
    ]
}

/// What a probe came to, a sentence each: what was tried out, and what could not be and why.
#[must_use]
pub fn probe_words(probe: &Probe) -> Vec<String> {
    let mut words = vec![format!(
        "{} of {} were inserted and rolled back; nothing of them is left in {}.",
        counted(probe.rows(), "row", "rows"),
        counted(probe.entities.len() as u64, "entity", "entities"),
        probe.destination
    )];
    words.extend(probe.skipped.iter().map(|one| format!("Not probed: {}, {}.", one.name, one.why)));
    words
}

/// What a run took, by its journal, its proof of all rows included.
pub fn fact_of(journal: &Journal) -> Result<Option<Fact>> {
    let Some(fact) = Fact::read(journal)? else { return Ok(None) };
    let proof = journal.proof()?.and_then(|text| serde_json::from_str::<Proof>(&text).ok());
    Ok(Some(match proof.filter(|proof| proof.sample.is_none()) {
        Some(Proof { made: Some(made), entities, .. }) => {
            let rows = entities.iter().map(|entity| entity.compared).sum();
            fact.proved(&made.begun, &made.ended, rows)
        }
        _ => fact,
    }))
}

/// What a run was forecast to take and what it took: what it is about, the forecast, the fact; empty
/// of a run that knows neither.
#[must_use]
pub fn forecast_and_fact(report: &RunReport) -> Vec<[String; 3]> {
    let forecast = report.forecast.as_ref();
    let fact = report.fact.as_ref();
    let none = || "-".to_owned();
    let mut lines = Vec::new();
    let mut line = |what: &str, told: Option<String>, took: Option<String>| {
        if told.is_some() || took.is_some() {
            let cells = [Some(what.to_owned()), told, took];
            lines.push(cells.map(|cell| cell.unwrap_or_else(none)));
        }
    };
    line(
        "Writing",
        forecast.map(|forecast| time_words(forecast.writing)),
        fact.map(|fact| seconds_words(fact.writing)),
    );
    let paused = fact.map(|fact| fact.paused).filter(|seconds| *seconds > 0);
    line("Pauses besides", None, paused.map(seconds_words));
    line("Rows a second", forecast.map(pace_words), fact.and_then(Fact::rows_a_second).map(number));
    line(
        "Proof",
        forecast.map(|forecast| time_words(forecast.proof)),
        fact.and_then(|fact| fact.proof).map(|(seconds, _)| seconds_words(seconds)),
    );
    line(
        "Log",
        forecast.and_then(|forecast| log_words(&forecast.log)),
        fact.and_then(|fact| fact.log).map(|log| format!("{} more taken at the end", bytes(log))),
    );
    let temp = forecast.and_then(|forecast| forecast.temp);
    line("tempdb", temp.map(|most| format!("up to {}", bytes(most))), None);
    lines
}

/// The same in a line: `writing 40 min (forecast 31 to 52 min), proof 3 min (2 to 9 min)`; empty
/// where nothing is known.
#[must_use]
pub fn forecast_and_fact_line(report: &RunReport) -> String {
    let Some(fact) = &report.fact else { return String::new() };
    let forecast = report.forecast.as_ref();
    let told = |of: fn(&Forecast) -> Span| {
        forecast.map_or_else(String::new, |one| format!(" (forecast {})", time_words(of(one))))
    };
    let mut words =
        format!("writing {}{}", seconds_words(fact.writing), told(|forecast| forecast.writing));
    if let Some(rows) = fact.rows_a_second() {
        words.push_str(&format!(", {} a second", counted(rows, "row", "rows")));
    }
    if fact.paused > 0 {
        words.push_str(&format!("; paused for {} besides", seconds_words(fact.paused)));
    }
    if let Some((seconds, _)) = fact.proof {
        let told = told(|forecast| forecast.proof);
        words.push_str(&format!("; proof {}{told}", seconds_words(seconds)));
    }
    words
}

/// Rows a second, of a forecast.
fn pace_words(forecast: &Forecast) -> String {
    let pace = |millis: u64| {
        u64::try_from(u128::from(forecast.work.inserted) * 1_000 / u128::from(millis.max(1)))
            .unwrap_or(u64::MAX)
    };
    let (slow, fast) = (pace(forecast.writing.most), pace(forecast.writing.least));
    if slow == fast { number(slow) } else { format!("{} to {}", number(slow), number(fast)) }
}

/// What is written to the log in a few words; `None` where there is no such log.
fn log_words(log: &LogUse) -> Option<String> {
    match log {
        LogUse::None => None,
        LogUse::Bytes { bytes, unknown } => Some(match (bytes.most, unknown.is_empty()) {
            (0, false) => "not known".to_owned(),
            (_, true) => bytes_words(*bytes),
            (_, false) => format!("over {}", bytes_words(*bytes)),
        }),
    }
}

/// A span of bytes: `14 to 28 GB`.
fn bytes_words(span: Span) -> String {
    between(&bytes(span.least), &bytes(span.most))
}

/// A span of milliseconds: `4 to 40 min`, or `about 42 min` where both ends are the same.
#[must_use]
pub fn time_words(span: Span) -> String {
    between(&millis_words(span.least), &millis_words(span.most))
}

/// Both ends, with what they share said once.
fn between(least: &str, most: &str) -> String {
    if least == most {
        return format!("about {most}");
    }
    match (least.rsplit_once(' '), most.rsplit_once(' ')) {
        (Some((amount, unit)), Some((_, same))) if unit == same => format!("{amount} to {most}"),
        _ => format!("{least} to {most}"),
    }
}

/// A time that was taken, to the second.
fn seconds_words(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, 0) => "under 1 s".to_owned(),
        (0, 0, rest) => format!("{rest} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, rest) => format!("{minutes} min {rest} s"),
        (hours, 0, _) => format!("{} h", number(hours)),
        (hours, minutes, _) => format!("{} h {minutes} min", number(hours)),
    }
}

/// A time, rounded as somebody would say it.
fn millis_words(millis: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    let seconds = millis.saturating_add(500) / 1_000;
    let to = |step: u64, value: u64| (value + step / 2) / step * step;
    match seconds {
        0..10 => format!("{} s", seconds.max(1)),
        10..58 => format!("{} s", to(5, seconds)),
        58..1_170 => format!("{} min", to(MINUTE, seconds) / MINUTE),
        1_170..5_250 => format!("{} min", to(5 * MINUTE, seconds) / MINUTE),
        5_250..36_000 => {
            let tenths = to(HOUR / 2, seconds) * 10 / HOUR;
            match tenths % 10 {
                0 => format!("{} h", tenths / 10),
                half => format!("{}.{half} h", tenths / 10),
            }
        }
        36_000..171_000 => format!("{} h", to(HOUR, seconds) / HOUR),
        _ => format!("{} days", number(seconds.saturating_add(12 * HOUR) / (24 * HOUR))),
    }
}

fn start_of_sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Work;

    fn forecast() -> Forecast {
        Forecast {
            basis: Basis::Bounds,
            work: Work { inserted: 1_284_322, deleted: 43_118, updated: 0 },
            writing: Span::new(4 * 60_000, 40 * 60_000),
            proof: Span::new(90_000, 89_000),
            log: LogUse::Bytes {
                bytes: Span::new(14_000_000_000, 28_000_000_000),
                unknown: vec![],
            },
            temp: Some(64_000_000),
        }
    }

    #[test]
    fn times_are_said_as_somebody_would() {
        for (millis, shown) in [
            (0, "1 s"),
            (499, "1 s"),
            (4_400, "4 s"),
            (9_499, "9 s"),
            (9_500, "10 s"),
            (43_000, "45 s"),
            (57_400, "55 s"),
            (57_500, "1 min"),
            (89_000, "1 min"),
            (91_000, "2 min"),
            (19 * 60_000, "19 min"),
            (20 * 60_000, "20 min"),
            (42 * 60_000, "40 min"),
            (43 * 60_000, "45 min"),
            (87 * 60_000, "85 min"),
            (88 * 60_000, "1.5 h"),
            (120 * 60_000, "2 h"),
            (599 * 60_000, "10 h"),
            (47 * 3_600_000, "47 h"),
            (48 * 3_600_000, "2 days"),
            (u64::MAX, "213,503,982,335 days"),
        ] {
            assert_eq!(millis_words(millis), shown, "{millis}");
        }
    }

    #[test]
    fn what_was_taken_is_said_to_the_second() {
        for (seconds, shown) in [
            (0, "under 1 s"),
            (18, "18 s"),
            (60, "1 min"),
            (2_434, "40 min 34 s"),
            (7_200, "2 h"),
            (7_265, "2 h 1 min"),
        ] {
            assert_eq!(seconds_words(seconds), shown);
        }
    }

    #[test]
    fn a_range_is_shown_unless_both_ends_are_the_same_words() {
        assert_eq!(time_words(Span::new(240_000, 2_400_000)), "4 to 40 min");
        assert_eq!(time_words(Span::new(40_000, 240_000)), "40 s to 4 min");
        assert_eq!(time_words(Span::new(2_400_000, 2_401_000)), "about 40 min");
        assert_eq!(bytes_words(Span::new(14_000_000_000, 28_000_000_000)), "14 to 28 GB");
        assert_eq!(bytes_words(Span::new(900_000_000, 1_800_000_000)), "900 MB to 1.8 GB");
    }

    #[test]
    fn what_nobody_measured_is_called_so() {
        let words = forecast_words(&forecast()).join(" ");
        assert!(words.starts_with("Writing takes 4 to 40 min, the proof"), "{words}");
        assert!(words.contains("nothing was measured: a probe narrows them"), "{words}");
        assert!(words.contains("14 to 28 GB are written to the destination's log;"), "{words}");
        assert!(words.contains("up to 64 MB in its tempdb"), "{words}");
        assert_eq!(forecast_lines(&forecast())[0], ("Time", "4 to 40 min, not probed".to_owned()));
    }

    #[test]
    fn what_the_database_does_not_tell_is_said() {
        let mut forecast = forecast();
        let unknown = vec!["T".to_owned()];
        forecast.log = LogUse::Bytes { bytes: Span::default(), unknown: unknown.clone() };
        assert!(forecast_words(&forecast)[1].contains("is not known"));
        assert_eq!(forecast_lines(&forecast)[2], ("Log", "not known".to_owned()));
        forecast.log = LogUse::Bytes { bytes: Span::new(2_000_000, 4_000_000), unknown };
        assert!(forecast_words(&forecast)[1].contains("and what rows of 1 table take"));
        assert_eq!(forecast_lines(&forecast)[2], ("Log", "over 2 to 4 MB".to_owned()));
        forecast.log = LogUse::None;
        forecast.temp = None;
        assert_eq!(forecast_words(&forecast).len(), 1);
        assert_eq!(forecast_lines(&forecast).len(), 2);
    }
}
