//! What becomes of the lock of a run whose connection breaks.

#![expect(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::time::Duration;

use osferry::database::sqlserver::{Limits, open_destination, open_destination_within};
use osferry::database::{ConnectionSpec, FaultKind, ServerSpec};

use crate::support::engine::TestEngine;
use crate::support::wire::Wire;

crate::on_sqlserver!(a_run_that_lost_its_lock_to_another_writes_no_more);

async fn a_run_that_lost_its_lock_to_another_writes_no_more(engine: &TestEngine) {
    let TestEngine::SqlServer(server, _) = engine else { return };
    let ConnectionSpec::SqlServer(direct) = engine.scratch().await else { return };
    let wire = Wire::to(server, None, 0).await;
    let by_wire = ServerSpec { server: wire.address().to_owned(), ..direct.clone() };
    let limits = Limits { fence: Duration::from_secs(2), ..Limits::default() };
    let ours = open_destination_within(&by_wire, limits).await.expect("opened");
    let lock = ours.lock_run("ours").await.expect("the lock");
    drop(ours.writer("ours:1").await.expect("a writer"));
    // Nobody else came: the lock is taken again.
    wire.cut();
    drop(ours.writer("ours:2").await.expect("a writer"));
    let theirs = open_destination(&direct).await.expect("opened");
    let refused = theirs.lock_run("theirs").await.err().expect("refused");
    assert_eq!(refused.kind, FaultKind::Busy, "{refused}");
    // Somebody was quicker.
    wire.cut();
    let mut taken = theirs.lock_run("theirs").await;
    for _ in 0..50 {
        if taken.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        taken = theirs.lock_run("theirs").await;
    }
    let _taken = taken.expect("the lock of a lost connection is free");
    let refused = ours.writer("ours:3").await.err().expect("refused");
    assert_eq!(refused.kind, FaultKind::Busy, "{refused}");
    drop(lock);
}
