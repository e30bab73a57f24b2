//! When timers ran last, and what that says of a copy.
//!
//! `LAST_RUN` is in the time of an application server, a restore in the time of a database server:
//! two clocks that may be in two zones. The same timer in copy and original is another matter: what
//! the copy brought along was written by the original's servers, so without a run of its own no timer
//! of the copy ran later than the original's.

use std::collections::BTreeMap;

use super::copy::{Evidence, Standing, moment};
use super::platform::read;
use crate::database::{Filter, Result, Source, Value, date_time_to_text};

/// How far the clocks of two servers may be apart because of their zones (UTC−12 to UTC+14), in
/// steps of 100 nanoseconds.
pub(super) const ZONES_APART: i64 = 26 * 3_600 * 10_000_000;

/// When each timer ran last, by what tells it apart.
pub(super) type LastRuns = BTreeMap<String, i64>;

/// When each timer of an environment ran last; those that never ran are left out.
pub(super) async fn last_runs(source: &dyn Source) -> Result<LastRuns> {
    const KEYS: [&str; 3] = ["ID", "META_CYCLIC_JOB_ID", "TENANT_ID"];
    let mut runs = LastRuns::new();
    for table in ["OSSYS_CYCLIC_JOB_SHARED", "OSSYS_CYCLIC_JOB"] {
        let wanted = [KEYS.as_slice(), &["LAST_RUN"]].concat();
        let Some(found) = read(source, table, &wanted, Filter::All).await? else { continue };
        for row in 0..found.len() {
            let Value::DateTime(run) = found.value(row, "LAST_RUN") else { continue };
            let key: Vec<String> = KEYS.iter().map(|key| found.text(row, key)).collect();
            let last = runs.entry(format!("{table} {}", key.join(" "))).or_insert(run);
            *last = run.max(*last);
        }
    }
    Ok(runs)
}

/// The latest run of a timer that is later than the same timer's elsewhere.
pub(super) fn later(ours: &LastRuns, theirs: &LastRuns) -> Option<i64> {
    let later = ours.iter().filter(|(timer, run)| theirs.get(*timer).is_some_and(|t| t < *run));
    later.map(|(_, run)| *run).max()
}

/// What the timers of a copy say. `since` is when it was restored, by its server's clock; `original`
/// the runs of its original, where that is reached.
pub(super) fn evidence(since: &str, runs: &LastRuns, original: Option<&LastRuns>) -> Evidence {
    let Some(restored) = moment(since) else {
        let text = "when it was restored is not known, so neither is whether timers ran since";
        return Evidence::new(Standing::Missing, text);
    };
    let Some(last) = runs.values().copied().max() else {
        return Evidence::new(Standing::Holds, format!("no timer has run since {since}"));
    };
    let shown = date_time_to_text(last);
    if last > restored.saturating_add(ZONES_APART) {
        return Evidence::new(
            Standing::Contradicts,
            format!("a timer ran at {shown}, after {since}: this database is in use"),
        );
    }
    if last.saturating_add(ZONES_APART) <= restored {
        return Evidence::new(Standing::Holds, format!("no timer has run since {since}"));
    }
    match original.map(|original| later(runs, original)) {
        Some(None) => Evidence::new(
            Standing::Holds,
            format!("no timer has run later than in the original (the last one at {shown})"),
        ),
        Some(Some(run)) => Evidence::new(
            Standing::Missing,
            format!(
                "a timer ran at {}, later than in the original, and within a day of {since}: by \
                 clocks of two zones that may be before or after the restore",
                date_time_to_text(run)
            ),
        ),
        None => Evidence::new(
            Standing::Missing,
            format!(
                "the last timer ran at {shown}, within a day of {since}: by clocks of two zones that \
                 may be before or after the restore"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::date_time_from_text;

    fn runs(of: &[(&str, &str)]) -> LastRuns {
        let moment = |text| date_time_from_text(text).expect(text);
        of.iter().map(|(timer, at)| ((*timer).to_owned(), moment(at))).collect()
    }

    #[test]
    fn a_timer_speaks_against_a_copy_only_where_no_zone_explains_it() {
        let since = "2025-05-10T12:00:00";
        let said = |at: &str, original: Option<&str>| {
            let original = original.map(|at| runs(&[("a", at), ("b", "2025-05-12 00:00:00")]));
            evidence(since, &runs(&[("a", at)]), original.as_ref()).standing
        };
        for (at, original, expected) in [
            // More than a day before: whatever the zones.
            ("2025-05-09 09:00:00", None, Standing::Holds),
            // More than a day after.
            ("2025-05-11 14:00:01", Some("2025-05-12 00:00:00"), Standing::Contradicts),
            // Within a day: what the original says decides.
            ("2025-05-10 18:00:00", Some("2025-05-10 18:00:00"), Standing::Holds),
            ("2025-05-10 18:00:00", Some("2025-05-10 19:00:00"), Standing::Holds),
            ("2025-05-10 18:00:00", Some("2025-05-10 17:00:00"), Standing::Missing),
            ("2025-05-10 18:00:00", None, Standing::Missing),
            ("2025-05-10 11:59:00", None, Standing::Missing),
            ("2025-05-10 11:59:00", Some("2025-05-10 11:58:00"), Standing::Missing),
        ] {
            assert_eq!(said(at, original), expected, "{at} {original:?}");
        }
        assert_eq!(evidence(since, &LastRuns::new(), None).standing, Standing::Holds);
        assert_eq!(evidence("", &runs(&[]), None).standing, Standing::Missing);
    }

    #[test]
    fn a_timer_that_only_one_side_has_is_not_later() {
        let ours = runs(&[("a", "2025-05-10 10:00:00"), ("new", "2025-06-01 00:00:00")]);
        assert_eq!(later(&ours, &runs(&[("a", "2025-05-10 10:00:00")])), None);
        let earlier = runs(&[("a", "2025-05-10 09:59:59")]);
        assert_eq!(later(&ours, &earlier), date_time_from_text("2025-05-10 10:00:00"));
    }
}
