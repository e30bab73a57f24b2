//! Pictures compared, without a database.

use super::*;
use crate::proof::surroundings::compare::compare;

fn table(name: &str, class: Class, look: Look) -> TableState {
    TableState {
        name: TableName::new(name),
        class,
        look,
        strangers: None,
        up_to: None,
        passed_over: Vec::new(),
        references: Vec::new(),
        constraints: Vec::new(),
        triggers: Vec::new(),
    }
}

fn digest(rows: u64, digest: &str, columns: &str) -> Look {
    Look::Digest { rows, digest: digest.to_owned(), columns: columns.to_owned() }
}

fn picture(tables: &[TableState]) -> Surroundings {
    Surroundings { tables: tables.to_vec() }
}

fn said(noticed: &[Noticed]) -> Vec<String> {
    noticed.iter().map(|one| format!("{}: {}", one.table, one.what)).collect()
}

/// A table of the plan with one of everything that can be switched off.
fn written() -> TableState {
    let constraint = |name: &str, is_check| ConstraintState {
        name: name.to_owned(),
        is_check,
        disabled: false,
        not_trusted: false,
    };
    let mut written =
        table("OSUSR_A_CLAIM", Class::Replaced, Look::Not("it is replaced".to_owned()));
    written.constraints = vec![constraint("OSFRK_1", false), constraint("CK_1", true)];
    written.triggers =
        vec![TriggerState { name: "OSTRG_1".to_owned(), disabled: false, instead_of: false }];
    written
}

#[test]
fn every_switch_that_was_turned_is_named() {
    let turned = |turn: fn(&mut TableState)| {
        let mut now = written();
        turn(&mut now);
        let proof = compare(&picture(&[written()]), None, &picture(&[now]), true);
        assert_eq!((proof.constraints, proof.triggers), (2, 1));
        assert_eq!(proof.differences, proof.shown.len() as u64);
        said(&proof.shown).join("\n")
    };
    assert_eq!(turned(|_| {}), "");
    for (turn, words) in [
        (
            (|t| t.constraints[0].not_trusted = true) as fn(&mut TableState),
            "foreign key OSFRK_1 is no longer trusted",
        ),
        (|t| t.constraints[0].disabled = true, "foreign key OSFRK_1 is switched off"),
        (|t| t.constraints[1].not_trusted = true, "check constraint CK_1 is no longer trusted"),
        (|t| drop(t.constraints.remove(1)), "check constraint CK_1 is gone"),
        (|t| t.triggers[0].disabled = true, "trigger OSTRG_1 is switched off"),
        (|t| t.triggers[0].instead_of = true, "trigger OSTRG_1 is another one"),
        (|t| t.triggers.clear(), "trigger OSTRG_1 is gone"),
    ] {
        let said = turned(turn);
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }

    // What was off before is not held against the run, and what is better now neither.
    let mut off = written();
    off.constraints[0].not_trusted = true;
    off.constraints[0].disabled = true;
    for now in [off.clone(), written()] {
        let proof = compare(&picture(&[off.clone()]), None, &picture(&[now]), true);
        assert_eq!(said(&proof.shown), Vec::<String>::new());
    }
}

#[test]
fn rows_are_held_against_the_run_where_they_have_to_stay() {
    let before = |class| table("T", class, digest(7, "aa", "cc"));
    for (now, words) in [
        (digest(7, "ab", "cc"), "some of its 7 rows have changed"),
        (digest(8, "aa", "cc"), "7 rows before the run, 8 now"),
        (digest(7, "aa", "cd"), "has other columns than before the run"),
        (Look::Count(12_000), "7 rows before the run, 12000 now"),
    ] {
        for class in [Class::Platform, Class::Outside, Class::Added] {
            let now = picture(&[table("T", class, now.clone())]);
            let proof = compare(&picture(&[before(class)]), None, &now, true);
            assert_eq!(proof.differences, 1);
            assert!(said(&proof.shown)[0].contains(words), "{:?}", proof.shown);
            // It was as before when the run was proved: somebody else has done it.
            let proved = picture(&[before(class)]);
            let proof = compare(&proved, Some(&proved), &now, true);
            assert_eq!(proof.differences, 0);
            assert!(said(&proof.notes)[0].contains("since the run was proved"));
        }
    }
    let same = picture(&[before(Class::Platform)]);
    let proof = compare(&same, None, &same, true);
    assert_eq!((proof.differences, proof.untouched, proof.platform.len()), (0, 1, 1));
    let gone = compare(&same, None, &picture(&[]), true);
    assert_eq!(said(&gone.shown), ["T: is gone"]);
    let new = compare(&picture(&[]), None, &same, true);
    assert_eq!((new.differences, said(&new.notes)), (0, vec!["T: is new".to_owned()]));
}

#[test]
fn what_lives_and_what_nobody_saw_is_only_told() {
    for class in [Class::Queue, Class::Living] {
        let at = |rows| picture(&[table("Q", class, Look::Count(rows))]);
        let proof = compare(&at(1), None, &at(4), true);
        assert_eq!(proof.differences, 0);
        assert!(said(&proof.notes)[0].contains("1 row before the run, 4 now"), "{:?}", proof.notes);
    }
    let unread = picture(&[table("U", Class::Outside, Look::Not("no right".to_owned()))]);
    let seen = picture(&[table("U", Class::Outside, digest(1, "a", "c"))]);
    for (before, now) in [(&unread, &seen), (&seen, &unread)] {
        let proof = compare(before, None, now, true);
        assert_eq!((proof.differences, proof.untouched), (0, 0));
        assert_eq!(said(&proof.unseen), ["U: no right"]);
    }
    let large = picture(&[table("L", Class::Outside, Look::Count(90_000))]);
    let proof = compare(&large, None, &large, true);
    assert_eq!((proof.untouched_by_count, proof.counted_only), (1, vec!["L".to_owned()]));
}

#[test]
fn the_journal_gives_back_what_it_was_given() {
    let mut table = written();
    table.up_to = Some(-4);
    table.passed_over.push("CONTENT".to_owned());
    let taken = picture(&[table, super::tests::table("S", Class::Platform, digest(2, "f", "0"))]);
    let text = taken.to_json().expect("JSON");
    assert_eq!(Surroundings::from_json(&text).expect("a picture"), taken);
    assert!(Surroundings::from_json("{").is_err());
}

#[test]
fn a_table_of_which_some_rows_go_keeps_the_others_and_their_references() {
    let reduced = |rows: Look, references: Look| {
        let mut table = table("AUDIT_NOTE", Class::Reduced, rows);
        table.references = vec![("OF_ROW".to_owned(), references)];
        picture(&[table])
    };
    let before = reduced(digest(3, "aa", "c"), digest(2, "bb", "c"));
    let compared = |now: &Surroundings, proved| compare(&before, proved, now, true);
    assert_eq!(compared(&before, None).differences, 0);
    for (now, words) in [
        (
            reduced(digest(3, "ab", "c"), digest(2, "bb", "c")),
            "AUDIT_NOTE: of the rows that stay, some of its 3 rows have changed",
        ),
        (
            reduced(digest(3, "aa", "c"), digest(1, "bb", "c")),
            "AUDIT_NOTE: of the rows that keep what they have in OF_ROW, 2 rows before the run, 1 now",
        ),
    ] {
        let proof = compared(&now, None);
        assert_eq!(said(&proof.shown), [words]);
        let later = compared(&now, Some(&before));
        assert_eq!((later.differences, later.notes.len()), (0, 1), "it was so when it was proved");
    }
}
