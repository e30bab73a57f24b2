//! What a comparison says of event tables is what the plan then puts away.

use osferry::migrate::journal::Journal;
use serde_json::Value;

use super::run_id;
use crate::estate::generate;
use crate::estate::recipe::{Feature, Recipe};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(only_tables_that_the_plan_writes_are_said_to_be_put_away);

/// The entities whose event tables have rows, as `osferry compare` says it.
fn told(bench: &Bench) -> Vec<String> {
    let said = bench.osferry(&["compare", "plan.toml", "--json"]);
    let report: Value =
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}\n{}", said.all()));
    let all = report["findings"].as_array().expect("a list").iter();
    let of_events = all.filter(|finding| finding["kind"] == "event-table-not-empty");
    let mut told: Vec<String> =
        of_events.map(|one| one["about"].as_str().expect("a name").to_owned()).collect();
    told.sort();
    told
}

async fn only_tables_that_the_plan_writes_are_said_to_be_put_away(engine: &TestEngine) {
    for (features, writes_users) in
        [(vec![], false), (vec![Feature::MissingUsers, Feature::Groups], true)]
    {
        let mut features = features;
        features.extend([Feature::ExistingRows, Feature::Subscriptions]);
        let pair = generate::pair(&Recipe { seed: 8, size: 2, features, flaw: None });
        let bench = Bench::on(engine, &pair, 8);
        bench.plan(&bench.usual_plan().text());
        let told = told(&bench);
        let said = bench.run();
        assert_eq!(said.code, Some(0), "{}", said.all());
        let run = bench.folder.path().join("home/runs").join(run_id(&bench));
        let plan = Journal::open(&run).and_then(|journal| journal.plan()).expect("a plan");
        let mut put_away: Vec<String> = plan
            .events
            .iter()
            .filter(|table| table.rows > 0)
            .map(|table| table.entity.clone())
            .collect();
        put_away.sort();
        assert_eq!(told, put_away);
        let is_user = |entity: &String| entity.ends_with(".User");
        assert_eq!(told.iter().any(is_user), writes_users, "{told:?}");
        assert!(told.iter().any(|entity| !is_user(entity)), "{told:?}");
    }
}
