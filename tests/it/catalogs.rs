//! Environments whose tables lie in several databases, each espace's in the one that its side
//! says: the run, its undo and its proof find them all.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use osferry::outsystems::Side;

use crate::databases::Databases;
use crate::estate::model::{Environment, Pair};
use crate::estate::recipe::Feature;
use crate::identifiers::{comes_to_after_a_stop, undone};
use crate::never_silent::{bench, comes_to, pair};
use crate::program::Bench;
use crate::support::engine::{TestEngine, wait};

crate::on_both_engines!(
    tables_of_several_databases_are_carried_over,
    a_run_goes_on_in_several_databases,
    another_database_on_each_side,
    a_database_that_is_not_there_is_named,
);

const FEATURES: [Feature; 9] = [
    Feature::OtherTables,
    Feature::ExistingRows,
    Feature::SelfReference,
    Feature::TwoCycle,
    Feature::Extension,
    Feature::ManyToMany,
    Feature::MultiTenant,
    Feature::TextIdentifier,
    Feature::UserExtension,
];

/// Puts the tables of an espace into another database.
fn put(environment: &mut Environment, espace: &str, catalog: &str) {
    let found = environment.espaces.iter_mut().find(|one| one.name == espace);
    found.expect("an espace").catalog = Some(catalog.to_owned());
}

fn spread(seed: u64) -> Pair {
    let (mut pair, _) = pair(seed, &FEATURES);
    put(&mut pair.source, "Core", "ProdMore");
    put(&mut pair.destination, "Core", "DevMore");
    pair
}

async fn tables_of_several_databases_are_carried_over(engine: &TestEngine) {
    let pair = spread(71);
    let bench = bench(engine, &pair, 71);
    comes_to(&bench, &pair);
    let verified = bench.osferry(&["verify", "estate"]);
    assert_eq!(verified.code, Some(0), "{}", verified.all());
    undone_where_possible(&bench);
}

async fn a_run_goes_on_in_several_databases(engine: &TestEngine) {
    let pair = spread(72);
    let bench = bench(engine, &pair, 72);
    let plan = bench.usual_plan().text();
    comes_to_after_a_stop(&bench, &plan, &pair).await;
}

/// A module's catalog is a matter of each environment (`metamodel.md` §3.9).
async fn another_database_on_each_side(engine: &TestEngine) {
    let (mut pair, _) = pair(73, &FEATURES);
    put(&mut pair.source, "Core", "ProdMore");
    put(&mut pair.destination, "Core_CS", "DevMore");
    put(&mut pair.destination, "Base_CS", "DevBase");
    let bench = bench(engine, &pair, 73);
    comes_to(&bench, &pair);
    undone_where_possible(&bench);
}

/// Takes the run back, where the server can do that: not every one that speaks the protocol puts
/// rows back under their identifiers in another database than the session's, as SQL Server does.
fn undone_where_possible(bench: &Bench) {
    if let Databases::OnServer(server, _) = &bench.databases {
        let ask = |sql: &str| bench.databases.ask(Side::Destination, sql);
        let catalogs = ask("SELECT CAST([NAME] AS nvarchar(128)) FROM OSSYS_DBCATALOG ORDER BY ID");
        let with_identity = |catalog: &String| {
            let tables = ask(&format!(
                "SELECT CAST(t.[name] AS nvarchar(128)) FROM [{catalog}].sys.identity_columns AS i \
                 JOIN [{catalog}].sys.tables AS t ON t.[object_id] = i.[object_id]"
            ));
            Some((catalog.clone(), tables.into_iter().next()?))
        };
        let mut others = catalogs.iter().skip(1);
        let (catalog, table) = others.find_map(with_identity).expect("a table with an identity");
        let tried = format!(
            "SET IDENTITY_INSERT [{catalog}].[dbo].[{table}] ON; \
             SET IDENTITY_INSERT [{catalog}].[dbo].[{table}] OFF"
        );
        let own = bench.databases.name(Side::Destination);
        if wait(server.try_query(&own, &tried)).is_err() {
            return;
        }
    }
    undone(bench);
}

async fn a_database_that_is_not_there_is_named(engine: &TestEngine) {
    let pair = spread(74);
    let bench = bench(engine, &pair, 74);
    let sql = "UPDATE [OSSYS_DBCATALOG] SET [NAME] = 'osferry_nowhere' WHERE [ID] = 2";
    bench.databases.execute(Side::Destination, sql);
    let said = bench.run();
    assert!(!said.panicked(), "{}", said.all());
    assert_ne!(said.code, Some(0), "{}", said.all());
    assert!(said.err.to_lowercase().contains("osferry_nowhere"), "{}", said.all());
}
