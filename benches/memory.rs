//! How much memory a migration takes at most, with its proof, by the number of its rows.
//!
//! `cargo bench --bench memory [-- 1000000 4000000 16000000] [wide]`, on Linux: the highest that the program's
//! process has held is read from `/proc` while it runs. It should not grow with the rows.

#![expect(clippy::expect_used, reason = "a benchmark says what is wrong by panicking")]
#![expect(clippy::print_stdout, reason = "what it measures is what it prints")]

#[expect(dead_code, reason = "each benchmark uses a part of it")]
mod support;

use std::process::Stdio;
use std::time::{Duration, Instant};

use support::{Pair, narrow, wide};

/// Rows, unless told otherwise.
const ROWS: [u32; 3] = [1_000_000, 4_000_000, 16_000_000];

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(20);

fn main() {
    let told: Vec<u32> =
        std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let all = if told.is_empty() { ROWS.to_vec() } else { told };
    // Narrow rows, unless rows with texts and binaries are asked for.
    let fill = if std::env::args().any(|argument| argument == "wide") { wide } else { narrow };
    let mut first = None;
    println!("      rows   at most        time   of the first");
    for rows in all {
        let pair = Pair::make(Some(300));
        fill(&pair, rows);
        let started = Instant::now();
        let most = most_memory(&pair);
        let first = *first.get_or_insert(most);
        println!(
            "{rows:>10} {:>6.1} MB {:>9.1} s   {:>12.2}",
            most as f64 / 1e6,
            started.elapsed().as_secs_f64(),
            most as f64 / first as f64
        );
    }
}

/// The most bytes that the program has held during a migration.
fn most_memory(pair: &Pair) -> u64 {
    let run = ["run", "pair/practice.toml", "--confirm", "dev", "--decide", "recommended"];
    let mut program =
        pair.command(&run).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let file = format!("/proc/{}/status", program.id());
    let mut most = 0;
    loop {
        let status = std::fs::read_to_string(&file).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        most =
            kilobytes.and_then(|number| number.parse().ok()).map_or(most, |held: u64| held * 1024);
        if let Some(ended) = program.try_wait().expect("its state") {
            assert!(ended.success(), "the migration failed");
            return most;
        }
        std::thread::sleep(LOOK);
    }
}
