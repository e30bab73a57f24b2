//! What a run will take, by what this machine knows; and the probe that has it known better.

use std::path::PathBuf;

use super::carry::{Ready, clock};
use super::home::{Home, cannot_write, make_private, write_whole};
use super::one_writer::one_writer;
use super::preflight::any_engine;
use super::refused;
use crate::database::{Result, Source};
use crate::migrate::journal::Journal;
use crate::migrate::{
    Control, Fact, Forecast, Known, Probe, ProbeProgress, ProbeRequest, check_pair,
    forecast as forecast_by, probe as probe_by,
};
use crate::plan::{Plan, Purpose};
use crate::report::fact_of;

/// Earlier runs that a forecast is taken from.
const RUNS: usize = 5;
/// Runs that are looked at for them.
const LOOKED_AT: usize = 30;

/// What a plan will take.
pub async fn forecast(
    home: &Home,
    plan: &Plan,
    source: &dyn Source,
    destination: &dyn Source,
) -> Result<Forecast> {
    let place = &destination.facts().place;
    let probe = home.probe_of(&plan.fingerprint, place);
    let runs = if probe.is_some() { Vec::new() } else { home.facts_of(place) };
    forecast_by(plan, source, destination, &Known { probe, runs }).await
}

/// Tries out how fast a plan's rows go, and keeps what was measured for this plan and destination.
///
/// Refused where a run would be: a destination that is, or may be, Production or the source itself,
/// or that something writes to already.
pub async fn probe(
    home: &Home,
    ready: &Ready,
    purpose: Option<Purpose>,
    control: Control,
    told: impl FnMut(ProbeProgress) + Send,
) -> Result<Probe> {
    check_pair(&ready.source_model, &ready.destination_model, purpose)?;
    for facts in [ready.source.facts(), ready.destination.facts()] {
        if facts.stand_in && !any_engine() {
            return Err(refused(format!("{} is no SQL Server: {}", facts.place, facts.version))
                .advise("Rows are tried out, like moved, between SQL Servers only."));
        }
    }
    home.check()?;
    let alone = one_writer(&home.new_run(&jiff::Zoned::now()).1, ready.destination.as_ref())?;
    let request = ProbeRequest {
        plan: ready.plan.clone(),
        source: ready.source.clone(),
        destination: ready.destination.clone(),
        mask_key: ready.mask_key.clone(),
        control,
        at: clock(),
    };
    let made = probe_by(request, told).await?;
    drop(alone);
    home.keep_probe(&made)?;
    Ok(made)
}

impl Home {
    /// Where the probe of a plan in a destination is kept.
    fn probe_file(&self, fingerprint: &str, place: &str) -> PathBuf {
        let hash = blake3::hash(format!("{fingerprint}\n{place}").as_bytes()).to_hex();
        self.folder().join("probes").join(format!("{}.json", &hash[..16]))
    }

    fn keep_probe(&self, probe: &Probe) -> Result<()> {
        let path = self.probe_file(&probe.fingerprint, &probe.destination);
        let folder = self.folder().join("probes");
        let text = serde_json::to_string_pretty(probe)
            .map_err(|error| refused(format!("the probe cannot be kept: {error}")))?;
        make_private(&folder)
            .and_then(|()| write_whole(&path, &text))
            .map_err(|error| cannot_write(&path, &error))
    }

    /// The newest probe of a plan in a destination.
    fn probe_of(&self, fingerprint: &str, place: &str) -> Option<Probe> {
        let text = std::fs::read_to_string(self.probe_file(fingerprint, place)).ok()?;
        // Whatever else lies there is of no use; a probe is made again in a minute.
        let probe: Probe = serde_json::from_str(&text).ok()?;
        (probe.fingerprint == fingerprint && probe.destination == place).then_some(probe)
    }

    /// What the newest runs into a destination took, as far as they say anything of another one.
    fn facts_of(&self, place: &str) -> Vec<(String, Fact)> {
        let Ok(runs) = self.runs() else { return Vec::new() };
        let newest = runs.iter().rev().take(LOOKED_AT);
        let facts = newest.filter_map(|run| {
            // A damaged journal is none of a forecast's business.
            let journal = Journal::open(&run.folder).ok()?;
            let header = journal.header().ok()?;
            if header.destination != place || header.procedure.is_some() {
                return None;
            }
            let fact = fact_of(&journal).ok()??;
            fact.tells_of_others().then(|| (run.id.clone(), fact))
        });
        facts.take(RUNS).collect()
    }
}
