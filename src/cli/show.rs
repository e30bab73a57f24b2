//! What a command shows: its result on standard output, everything on the way on standard error,
//! as a bar on a terminal and as plain lines otherwise.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::migrate::undo::UndoProgress;
use crate::migrate::{EntityProgress, EntityState, Phase, Progress};
use crate::proof::ProofProgress;
use crate::report::number;

/// Time between two looks at a run's progress.
const LOOK: Duration = Duration::from_millis(100);

/// A line on standard error.
pub(super) fn say(text: &str) {
    // Nobody is left to be told when standard error is closed.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A line on standard output.
pub(super) fn result(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end_matches('\n'));
    let _ = out.flush();
}

fn on_terminal() -> bool {
    std::io::stderr().is_terminal()
}

fn bar(template: &str) -> ProgressBar {
    let bar = if on_terminal() {
        ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10))
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> ").with_key("rate", rate));
    }
    bar
}

fn rate(state: &ProgressState, to: &mut dyn std::fmt::Write) {
    // Nobody is left to be told when the line cannot be written.
    let _ = write!(to, "{} rows/s", number(state.per_sec() as u64));
}

/// Something that takes a while and cannot tell how long.
pub(super) struct Waiting {
    bar: ProgressBar,
}

impl Waiting {
    pub(super) fn new(what: &str) -> Self {
        let bar = bar("{spinner} {msg} {elapsed}");
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(LOOK);
        Self { bar }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Questions being answered, of which there may be many.
pub(super) struct Counting {
    bar: ProgressBar,
    title: &'static str,
    said: bool,
}

impl Counting {
    pub(super) fn new(title: &'static str) -> Self {
        Self { bar: bar("{spinner} {msg}"), title, said: false }
    }

    /// So many are still open.
    pub(super) fn open(&mut self, open: usize) {
        if !self.said && !on_terminal() {
            say(&format!("{}: {open} questions to the databases", self.title));
            self.said = true;
        }
        self.bar.set_message(format!("{}: {open} questions left", self.title));
        self.bar.tick();
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows a run until it ends, and then its proof until nothing more can come.
pub(super) fn follow(
    mut progress: watch::Receiver<Progress>,
    mut proof: watch::Receiver<Option<ProofProgress>>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut shown = RunShown::new();
        loop {
            let now = progress.borrow_and_update().clone();
            shown.look(&now);
            if now.phase == Phase::Ended {
                break;
            }
            tokio::time::sleep(LOOK).await;
            // The sender is gone when a run was refused.
            if progress.changed().await.is_err() {
                break;
            }
        }
        let last = progress.borrow().clone();
        shown.look(&last);
        shown.bar.finish_and_clear();
        let mut said = last.pacing.said;
        let mut shown: Option<ProofShown> = None;
        loop {
            tokio::select! {
                changed = proof.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let now = proof.borrow_and_update().clone();
                    if let Some(now) = now {
                        shown.get_or_insert_with(ProofShown::new).look(&now);
                    }
                }
                Ok(()) = progress.changed() => {
                    let now = progress.borrow_and_update().pacing.said.clone();
                    if let Some(shown) = shown.as_ref().filter(|_| now != said && !now.is_empty()) {
                        shown.line(&format!("  {now}"));
                    }
                    said = now;
                }
            }
        }
    })
}

/// Shows an undo until nothing more can come.
pub(super) fn follow_undo(mut progress: watch::Receiver<UndoProgress>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let shown = bar("{bar:24} {percent:>3}% {human_pos}/{human_len} rows  {msg}");
        let line = |text: &str| match shown.is_hidden() {
            true => say(text),
            false => shown.println(text),
        };
        let (mut doing, mut trouble) = (String::new(), None);
        while progress.changed().await.is_ok() {
            let now = progress.borrow_and_update().clone();
            if now.trouble != trouble {
                trouble.clone_from(&now.trouble);
                if let Some(trouble) = &trouble {
                    line(&format!("  {trouble}"));
                }
            }
            if now.doing != doing {
                doing.clone_from(&now.doing);
                if shown.is_hidden() {
                    say(&doing);
                }
            }
            shown.set_length(now.of);
            shown.set_position(now.done);
            shown.set_message(now.doing);
            tokio::time::sleep(LOOK).await;
        }
        shown.finish_and_clear();
    })
}

/// A line above a bar, or in its place.
fn line(bar: &ProgressBar, text: &str) {
    if bar.is_hidden() {
        say(text);
    } else {
        bar.println(text);
    }
}

struct RunShown {
    bar: ProgressBar,
    phase: Phase,
    ended: Vec<bool>,
    troubles: Vec<Option<String>>,
    /// What was said of how the source is read.
    pacing: String,
}

impl RunShown {
    fn new() -> Self {
        Self {
            bar: bar("{bar:24} {percent:>3}% {human_pos}/{human_len} rows  {rate}  {msg}"),
            phase: Phase::Checking,
            ended: Vec::new(),
            troubles: Vec::new(),
            pacing: String::new(),
        }
    }

    fn look(&mut self, now: &Progress) {
        self.ended.resize(now.entities.len(), false);
        self.troubles.resize(now.entities.len(), None);
        if now.phase != self.phase {
            self.phase = now.phase;
            if now.phase != Phase::Ended {
                line(&self.bar, now.phase.label());
            }
        }
        if now.pacing.said != self.pacing {
            self.pacing.clone_from(&now.pacing.said);
            line(&self.bar, &format!("  {}", self.pacing));
        }
        for (place, entity) in now.entities.iter().enumerate() {
            if entity.trouble != self.troubles[place] {
                self.troubles[place].clone_from(&entity.trouble);
                if let Some(trouble) = &entity.trouble {
                    line(&self.bar, &format!("  {}: {trouble}", entity.name));
                }
            }
            let ended = matches!(entity.state, EntityState::Done | EntityState::SecondPass);
            if ended && !self.ended[place] {
                self.ended[place] = true;
                line(&self.bar, &format!("  {}: {}", entity.name, told(entity)));
            }
        }
        let (read, total) = now.totals();
        self.bar.set_length(total);
        self.bar.set_position(read);
        self.bar.set_message(at_work(now));
    }
}

/// What became of an entity's rows.
fn told(entity: &EntityProgress) -> String {
    let mut parts = vec![format!("{} written", number(entity.written))];
    for (rows, what) in [
        (entity.recognised, "were there already"),
        (entity.left_out, "left out by decision"),
        (entity.rejected, "refused by the server"),
        (entity.deleted, "old ones deleted"),
    ] {
        if rows > 0 {
            parts.push(format!("{} {what}", number(rows)));
        }
    }
    parts.join(", ")
}

/// The entities that are being written, with the time left of the longest.
fn at_work(now: &Progress) -> String {
    let writing: Vec<&EntityProgress> = now
        .entities
        .iter()
        .filter(|entity| matches!(entity.state, EntityState::Writing | EntityState::Deleting))
        .collect();
    let names: Vec<&str> = writing.iter().map(|entity| entity.name.as_str()).take(3).collect();
    let left = writing.iter().filter_map(|entity| entity.time_left()).max();
    match left.filter(|left| left.as_secs() > 0) {
        Some(left) => format!("{} ({} s left)", names.join(", "), number(left.as_secs())),
        None => names.join(", "),
    }
}

/// Shows a proof.
pub(super) struct ProofShown {
    bar: ProgressBar,
}

impl ProofShown {
    pub(super) fn new() -> Self {
        say("proving: every row of ours against what the source had");
        Self { bar: bar("{bar:24} {pos}/{len} entities  {msg}") }
    }

    fn line(&self, text: &str) {
        line(&self.bar, text);
    }

    pub(super) fn look(&self, now: &ProofProgress) {
        self.bar.set_length(now.entities as u64);
        self.bar.set_position(now.entity as u64);
        self.bar.set_message(format!("{} {}/{}", now.name, number(now.rows), number(now.of)));
    }
}

impl Drop for ProofShown {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
