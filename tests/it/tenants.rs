//! Which tenant of the destination is which, where nothing but a person can say it: rows of a tenant
//! that is nowhere, several tenants of one name, modules that take their users from elsewhere.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use osferry::outsystems::Side;

use crate::estate::model::{Entity, Pair, Tenant};
use crate::estate::recipe::Feature;
use crate::identifiers::undone;
use crate::never_silent::{asks, bench, choices, comes_to, decide, found, pair};
use crate::program::Bench;
use crate::support::engine::TestEngine;

crate::on_both_engines!(
    rows_of_a_tenant_that_is_nowhere_go_where_somebody_says,
    one_of_several_tenants_of_one_name_is_named_by_its_id,
    another_user_provider_stops_a_run,
);

/// Ids that no tenant has.
const GONE: [i64; 2] = [4711, 4712];

fn tenant(pair: &Pair, side: Side, name: &str) -> i64 {
    let of = match side {
        Side::Source => &pair.source,
        Side::Destination => &pair.destination,
    };
    of.tenants.iter().find(|tenant| tenant.name == name).expect("a tenant").id
}

/// A pair of which rows of the source belong to tenants that are gone, in an entity whose rows no
/// index tells apart.
fn of_gone_tenants() -> Pair {
    let features = [Feature::MultiTenant, Feature::ExistingRows];
    let of_tenants =
        |entity: &&Entity| entity.multitenant && entity.active && entity.rows.len() > 3;
    let (mut pair, entity) = (111..)
        .find_map(|seed| {
            let (pair, _) = pair(seed, &features);
            let entity = pair.source.entities.iter().find(of_tenants)?.clone();
            Some((pair, entity))
        })
        .expect("some pair has such an entity");
    for side in [&mut pair.source, &mut pair.destination] {
        side.entity_mut(&entity.full_key()).expect("on both sides").uniques.clear();
    }
    let rows = &mut pair.source.entity_mut(&entity.full_key()).expect("there").rows;
    for (row, gone) in rows.iter_mut().zip([GONE[0], GONE[0], GONE[1]]) {
        row.tenant = Some(gone);
    }
    pair
}

async fn rows_of_a_tenant_that_is_nowhere_go_where_somebody_says(engine: &TestEngine) {
    let mut pair = of_gone_tenants();
    let bench = bench(engine, &pair, 111);
    let findings = GONE.map(|gone| asks(&bench, "tenant-missing", &format!("tenant {gone}")));
    for (finding, gone) in findings.iter().zip(GONE) {
        assert_eq!(choices(finding), ["stop", "map"], "{finding}");
        assert_eq!(finding["about"], format!("tenant {gone}"), "{finding}");
        let what = finding["what"].as_str().expect("a sentence");
        assert!(what.contains("the source has no tenant of this id"), "{finding}");
    }
    let [one, other] = &findings;
    // What is said of one says nothing of the other.
    decide(&bench, &[(one, "map", Some("Acme"))]);
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("tenant 4712"), "{}", said.all());
    assert!(!said.err.contains("tenant 4711"), "{}", said.all());
    decide(&bench, &[(one, "map", Some("Nowhere")), (other, "map", Some("Acme"))]);
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("\"Nowhere\" is no active tenant"), "{}", said.all());
    assert!(bench.destination_unchanged(), "{}", said.all());

    let (acme, sons) = ("Acme", "Größe & Söhne of Users");
    decide(&bench, &[(one, "map", Some(acme)), (other, "map", Some(sons))]);
    let to = [acme, "Größe & Söhne"].map(|name| tenant(&pair, Side::Destination, name));
    pair.decided.tenants.extend(GONE.into_iter().zip(to));
    comes_to(&bench, &pair);
    undone(&bench);
    // One tenant may stand for several; what a run has brought, a further one replaces.
    decide(&bench, &[(one, "map", Some(acme)), (other, "map", Some(acme))]);
    pair.decided.tenants.extend(GONE.map(|gone| (gone, to[0])));
    comes_to(&bench, &pair);
    let once = bench.databases.read(Side::Destination);
    let said = bench.run();
    assert_eq!(said.code, Some(0), "{}", said.all());
    let twice = bench.databases.read(Side::Destination);
    for (table, rows) in &once.tables {
        assert_eq!(rows.len(), twice.tables[table].len(), "{table}\n{}", said.all());
    }
}

/// The platform keeps blanks around a name; they do not tell tenants apart.
async fn one_of_several_tenants_of_one_name_is_named_by_its_id(engine: &TestEngine) {
    let (mut pair, _) = pair(112, &[Feature::MultiTenant, Feature::ExistingRows]);
    let acme = tenant(&pair, Side::Destination, "Acme");
    let provider = pair.destination.tenant(acme).expect("there").espace.clone();
    pair.destination.tenants.push(Tenant { id: 66, name: " ACME".into(), espace: provider });
    let bench = bench(engine, &pair, 112);
    let finding = asks(&bench, "tenant-missing", "tenant Acme of Users");
    assert_eq!(choices(&finding), ["stop", "map"], "{finding}");
    let what = finding["what"].as_str().expect("a sentence");
    assert!(what.contains("several active tenants"), "{finding}");
    decide(&bench, &[(&finding, "map", Some("Acme"))]);
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("\"Acme\" is several tenants"), "{}", said.all());
    assert!(bench.destination_unchanged(), "{}", said.all());

    decide(&bench, &[(&finding, "map", Some(&acme.to_string()))]);
    pair.decided.tenants.insert(tenant(&pair, Side::Source, "Acme"), acme);
    comes_to(&bench, &pair);
}

fn provide(bench: &Bench, module: &str, provider: &str) {
    let sql = format!(
        "UPDATE [OSSYS_ESPACE] SET [USER_PROVIDER_KEY] = '{provider}' WHERE [NAME] = '{module}'"
    );
    bench.databases.execute(Side::Source, &sql);
}

async fn another_user_provider_stops_a_run(engine: &TestEngine) {
    let (pair, _) = pair(113, &[Feature::Outsiders]);
    let bench = bench(engine, &pair, 113);
    let users = pair.source.espace_named("Users").key.clone();
    let another = "5d0f1a2b-0000-4000-8000-00000000cafe";
    // What is not of the scope takes its users from wherever it likes.
    provide(&bench, "Outer", another);
    assert!(found(&bench, "user-provider-differs", "").is_none());
    provide(&bench, "Core_CS", another);
    let finding = asks(&bench, "user-provider-differs", "Core_CS");
    assert_eq!(choices(&finding), ["stop"], "{finding}");
    // Nothing that is said in a plan lets it through.
    decide(&bench, &[(&finding, "map", Some("Users"))]);
    let said = bench.run();
    assert_eq!(said.code, Some(2), "{}", said.all());
    assert!(said.err.contains("Core_CS") && bench.destination_unchanged(), "{}", said.all());
    decide(&bench, &[]);
    // One side that does not say it is no other provider.
    provide(&bench, "Core_CS", "");
    assert!(found(&bench, "user-provider-differs", "").is_none());
    provide(&bench, "Core_CS", &users.to_uppercase());
    comes_to(&bench, &pair);
}
