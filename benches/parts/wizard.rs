//! Frames of the wizard, and its keys, with lists as long as there are any.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use osferry::wizard::{Message, Size, update};

use crate::driver::{self, Driver};
use crate::is_wanted;
use crate::models::{Extent, enlarged};

/// As much as the lists of the wizard ever hold.
const LISTED: Extent = Extent { entities: 10_000, attributes: 1, records: 0, users: 100_000 };

/// How often each key is pressed.
const ROUNDS: usize = 5;

/// Steps with long lists, and keys for each that leave it as it was: they move, fold, find, choose,
/// look at details and at help.
const STEPS: [(&str, &str); 2] = [
    (
        "Scope",
        "Down Up PgDn PgUp End Home Right Left / p 1 Backspace Backspace Esc Enter Esc Space Space a \
         a ? Esc",
    ),
    (
        "Users",
        "Down Up PgDn PgUp End Home / p 1 Backspace Backspace Esc s s Enter Esc Tab Esc a Esc ? Esc",
    ),
];

pub(crate) fn measure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wizard");
    let mut driver = None;
    for (step, keys) in STEPS {
        let (frame, all) = (format!("{step}: a frame"), format!("{step}: keys"));
        if is_wanted(&format!("wizard/{frame}")) {
            let driver = at(step, &mut driver);
            group.bench_function(&frame, |bencher| {
                bencher.iter(|| black_box(driver.canvas()));
            });
        }
        if is_wanted(&format!("wizard/{all}")) {
            say_keys(step, keys, at(step, &mut driver));
        }
    }
    group.finish();
}

/// The wizard at a step, on a pair with long lists, everything decided.
fn at<'a>(step: &str, driver: &'a mut Option<Driver>) -> &'a mut Driver {
    let driver = driver.get_or_insert_with(|| {
        let pair = enlarged(LISTED);
        let mut driver = Driver::on(&pair.path(""), Size { width: 160, height: 50 });
        driver.press("p");
        driver.decide(&["Policies", "Claims"]);
        driver
    });
    while driver.step() != step {
        let before = driver.step();
        driver.press("Ctrl+N");
        assert_ne!(driver.step(), before, "{}", driver.screen());
    }
    driver
}

/// Presses keys one after the other, and prints how long the wizard took to take each in. What it
/// orders then is done before the next.
fn say_keys(step: &str, keys: &str, driver: &mut Driver) {
    let mut taken: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        for name in keys.split_whitespace() {
            driver.settle();
            let message = Message::Key(driver::key(name));
            let started = Instant::now();
            let effects = update(&mut driver.model, message);
            taken.entry(name).or_default().push(started.elapsed());
            driver.obey(effects);
        }
        driver.settle();
        assert_eq!(driver.step(), step, "{}", driver.screen());
    }
    let mut medians: Vec<(Duration, &str)> = taken
        .into_iter()
        .map(|(name, mut times)| {
            times.sort_unstable();
            (times[times.len() / 2], name)
        })
        .collect();
    medians.sort_unstable();
    let said: Vec<String> =
        medians.iter().rev().map(|(time, name)| format!("{name} {time:.2?}")).collect();
    println!("wizard/{step}: keys, the slowest first: {}\n", said.join(", "));
}
