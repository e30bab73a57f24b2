//! The practice pair in two databases of a server.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use osferry::database::ConnectionSpec;

use crate::program::osferry;
use crate::support::engine::TestEngine;

async fn the_pair_is_made_migrated_and_proved(engine: &TestEngine) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut pair = Vec::new();
    for _ in 0..2 {
        let ConnectionSpec::SqlServer(spec) = engine.scratch().await else {
            panic!("no server");
        };
        pair.push(spec);
    }
    let TestEngine::SqlServer(server, _) = engine else { panic!("no server") };
    let password = [("OSFERRY_DESTINATION_PASSWORD".to_owned(), server.password.clone())];
    let arguments = [
        "practice",
        "--dir",
        "pair",
        "--rows",
        "60",
        "--unattended",
        "--sqlserver",
        &server.address,
        "--source",
        &pair[0].database,
        "--destination",
        &pair[1].database,
        "--user",
        &server.user,
        "--trust-certificate",
    ];
    let home = folder.path().join("home");
    let said = osferry(folder.path(), &home, &arguments, &password);
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(said.out.contains("Done and proved"), "{}", said.all());
    let runs = osferry(folder.path(), &home, &["runs"], &[]);
    assert!(runs.out.contains("done and proved"), "{}", runs.all());

    // What is there now is left alone.
    let again = osferry(folder.path(), &home, &arguments, &password);
    assert_eq!(again.code, Some(2), "{}", again.all());
    assert!(again.err.contains("already holds tables"), "{}", again.all());
}

crate::on_sqlserver!(the_pair_is_made_migrated_and_proved);
