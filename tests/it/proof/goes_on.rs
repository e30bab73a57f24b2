//! A proof that was interrupted goes on where it was, with what is still good.

use osferry::migrate::journal::Recorder;
use osferry::proof::{Keep, Proof, ProofOptions};

use super::bench::{Bench, wrong};
use super::practice::bench;

/// Proves all rows, keeping what is found.
async fn prove(bench: &Bench, begun: &str, model: &str, afresh: bool) -> Option<Proof> {
    let keep = Keep {
        begun: begun.to_owned(),
        models: [model.to_owned(), "destination".to_owned()],
        afresh,
        recorder: Recorder::open(&bench.run_folder()).expect("a journal"),
    };
    bench.prove_with(ProofOptions { keep: Some(keep), ..ProofOptions::default() }).await.ok()
}

fn taken_over(proof: &Proof) -> u64 {
    proof.taken_over.as_ref().map_or(0, |taken| taken.entities)
}

#[tokio::test]
async fn what_was_found_before_an_interruption_is_taken_over_for_a_day() {
    let bench = bench(40).await;
    let (noon, later) = ("2026-03-01 12:00:00+00:00", "2026-03-01 13:00:00+00:00");
    // The table of the last entity is not there for a moment, so that the proof breaks off.
    let last = bench.plan.entities.last().expect("entities").name.clone();
    let table = bench.table(&last);
    let away = format!("ALTER TABLE {table} RENAME TO AWAY");
    let back = format!("ALTER TABLE AWAY RENAME TO {table}");
    let interrupt = async || {
        bench.open("dev").execute_batch(&away).expect("renamed");
        assert!(prove(&bench, noon, "source", true).await.is_none());
        bench.open("dev").execute_batch(&back).expect("renamed");
    };
    let before = bench.plan.entities.len() as u64 - 1;
    let kept = || bench.journal.lock().expect("a journal").proved_entities().expect("read").len();

    let whole = prove(&bench, noon, "source", false).await.expect("a proof");
    assert!(whole.holds() && taken_over(&whole) == 0, "{}", wrong(&whole));
    assert_eq!(kept(), 0, "a proof that has ended forgets");

    interrupt().await;
    assert_eq!(kept() as u64, before);
    let proof = prove(&bench, later, "source", false).await.expect("a proof");
    assert_eq!(taken_over(&proof), before);
    assert_eq!(proof.taken_over.as_ref().map(|taken| taken.begun.as_str()), Some(noon));
    assert_eq!(proof.entities, whole.entities);
    assert_eq!(kept(), 0);

    // Whether something is taken over or looked at shows by harm that was done in between.
    let entity = bench.plan.entities[0].name.clone();
    let (own, key) = (bench.table(&entity), bench.key(&entity));
    let delete = format!("DELETE FROM {own} WHERE {key} = {}", bench.ids(&entity)[0].1);
    for (begun, model, afresh, finds) in [
        (later, "source", false, false),
        ("2026-03-02 12:00:00+00:00", "source", false, true),
        (later, "another model", false, true),
        (later, "source", true, true),
    ] {
        interrupt().await;
        bench.harm("dev", &[&delete]);
        let proof = prove(&bench, begun, model, afresh).await.expect("a proof");
        let found = proof.entities[0].differences > 0;
        assert_eq!((found, taken_over(&proof) > 0), (finds, !finds), "{begun} {model} {afresh}");
        bench.restore();
    }

    // What was wrong may have been put right: it is looked at again.
    bench.harm("dev", &[&delete]);
    interrupt().await;
    bench.restore();
    let proof = prove(&bench, later, "source", false).await.expect("a proof");
    assert!(proof.holds() && taken_over(&proof) > 0, "{}", wrong(&proof));
    assert!(taken_over(&proof) < before);

    // Without being asked to, a proof keeps nothing and takes nothing over.
    interrupt().await;
    assert_eq!(taken_over(&bench.prove(None).await), 0);
}

#[tokio::test]
async fn a_sample_says_how_much_it_is() {
    let bench = bench(40).await;
    let proof = bench.prove(Some(40)).await;
    assert!(proof.holds(), "{}", wrong(&proof));
    let (compared, carried) = (proof.compared(), proof.carried());
    assert!(compared < carried, "{compared} of {carried}");
    let left = format!("{} of {carried} rows carried over", carried - compared);
    assert!(proof.unverified.iter().any(|open| open.what == left), "{:?}", proof.unverified);
    let words = osferry::report::proof_summary(&proof).replace(['\n', ','], " ");
    for said in [compared.to_string(), carried.to_string(), " %)".to_owned()] {
        assert!(words.replace(' ', "").contains(&said.replace(' ', "")), "{said}: {words}");
    }
    // What a proof of all rows leaves open is less.
    let whole = bench.prove(None).await;
    assert!(whole.unverified.len() < proof.unverified.len());
    assert!(whole.unverified.iter().all(|open| !open.what.is_empty() && !open.why.is_empty()));
    let names = |word: &str| whole.unverified.iter().any(|open| open.what.contains(word));
    assert!(names("Claims_CS.ClaimAudit"), "an entity without identifier: {whole:?}");
    assert!(names("created users and groups"));
}

/// Journals of earlier versions have no picture.
#[tokio::test]
async fn without_a_picture_the_proof_says_so() {
    let bench = bench(2000).await;
    let journal = bench.journal_file();
    let journal = rusqlite::Connection::open(journal).expect("the journal");
    journal.execute_batch("DELETE FROM surroundings").expect("deleted");
    let proof = bench.prove(None).await;
    assert!(proof.holds() && proof.surroundings.is_none());
    let open = proof.unverified.iter().find(|open| open.why.contains("no picture"));
    assert!(open.is_some(), "{:?}", proof.unverified);
}
