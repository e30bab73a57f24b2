//! Runs the wizard's state with real effects on a practice pair, as the shell does, but in the
//! order of the messages and with a clock that stands still.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use osferry::compare::{Choice, Finding, choice};
use osferry::front::Home;
use osferry::front::practice::make_files;
use osferry::plan::PlanFile;
use osferry::practice::PracticeOptions;
use osferry::terminal::Begin;
use osferry::terminal::worker::Worker;
use osferry::wizard::keys::Key;
use osferry::wizard::look::{Area, Canvas};
use osferry::wizard::message::{Leaving, Now};
use osferry::wizard::{Effect, Manners, Message, Model, Screen, Size, draw, finish, update};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

pub const LARGE: Size = Size { width: 100, height: 30 };
pub const MEDIUM: Size = Size { width: 80, height: 24 };
pub const SMALL: Size = Size { width: 60, height: 18 };

/// The keys that lead on Home to the first of what is saved.
pub const TO_SAVED: &str = "Home Down Down Down Down Down";

/// How long anything may take; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// The wizard with everything it needs, in a folder of its own.
pub struct Driver {
    pub model: Model,
    /// What was copied, last last.
    pub copied: Vec<String>,
    /// Whether it was left.
    pub left: Option<Leaving>,
    /// Whether a run, or an undo, waits in `held` instead of being carried out.
    pub holds_run: bool,
    /// The run that waits.
    pub held: Option<Effect>,
    worker: Worker,
    queue: UnboundedReceiver<Message>,
    runtime: Runtime,
    folder: TempDir,
}

/// A practice pair that is made once and copied for each test.
fn pair() -> &'static Path {
    static PAIR: OnceLock<TempDir> = OnceLock::new();
    PAIR.get_or_init(|| make_pair(Some(300))).path()
}

/// A practice pair with so many rows in its large entities.
pub fn make_pair(rows: Option<u64>) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = Runtime::new().expect("a runtime");
    runtime
        .block_on(make_files(folder.path(), PracticeOptions { rows }, false, |_| {}))
        .map(|_| ())
        .expect("a practice pair");
    folder
}

impl Driver {
    /// At Home, nothing saved.
    pub fn new(size: Size) -> Self {
        Self::on(pair(), size)
    }

    /// The same with a copy of another practice pair.
    pub fn on(pair: &Path, size: Size) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let practice = folder.path().join("home").join("practice");
        std::fs::create_dir_all(&practice).expect("a folder");
        for file in std::fs::read_dir(pair).expect("a pair") {
            let file = file.expect("a file");
            std::fs::copy(file.path(), practice.join(file.file_name())).expect("copied");
        }
        let (sender, queue) = unbounded_channel();
        let worker = Worker::new(Home::at(folder.path().join("home")), Begin::Home, sender);
        let runtime = Runtime::new().expect("a runtime");
        let model = Model::new(size);
        let mut driver = Self {
            model,
            copied: Vec::new(),
            left: None,
            holds_run: false,
            held: None,
            worker,
            queue,
            runtime,
            folder,
        };
        driver.send(Message::Time(Now {
            day: "2026-02-03".to_owned(),
            clock: "14:02:11".to_owned(),
            since_start: Duration::ZERO,
        }));
        let effects = driver.model.start();
        driver.obey(effects);
        driver.settle();
        driver
    }

    /// The program is started anew, on the same machine.
    pub fn start_anew(&mut self) {
        let (sender, queue) = unbounded_channel();
        self.worker = Worker::new(Home::at(self.home()), Begin::Home, sender);
        self.queue = queue;
        self.model = Model::new(self.model.migration.size);
        let effects = self.model.start();
        self.obey(effects);
        self.settle();
    }

    /// On the practice pair, at Connect, both sides tested.
    pub fn practice(size: Size) -> Self {
        let mut driver = Self::new(size);
        driver.press("p");
        driver
    }

    /// The folder of the practice pair.
    pub fn pair(&self) -> PathBuf {
        self.folder.path().join("home").join("practice")
    }

    /// The folder where everything is kept.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Has a message taken in, and what follows carried out.
    pub fn send(&mut self, message: Message) {
        let effects = update(&mut self.model, message);
        self.obey(effects);
    }

    /// Has effects carried out.
    pub fn obey(&mut self, effects: Vec<Effect>) {
        let _inside = self.runtime.enter();
        for effect in effects {
            match effect {
                Effect::Copy(text) => self.copied.push(text),
                Effect::Quit(leaving) => self.left = Some(leaving),
                run @ (Effect::Run { .. } | Effect::Undo { .. }) if self.holds_run => {
                    self.held = Some(run);
                }
                effect => self.worker.perform(effect),
            }
        }
    }

    /// Has the run carried out that was held.
    pub fn release(&mut self) {
        self.holds_run = false;
        let held = self.held.take();
        self.obey(held.into_iter().collect());
        self.settle();
    }

    /// Presses keys, by their names, one after the other: `Ctrl+N Space Down x`. Whatever is
    /// under way ends before and after.
    pub fn press(&mut self, keys: &str) {
        self.settle();
        for name in keys.split_whitespace() {
            self.send(Message::Key(key(name)));
            self.settle();
        }
    }

    /// Types a text, character by character.
    pub fn type_in(&mut self, text: &str) {
        for c in text.chars() {
            self.send(Message::Key(Key::Char(c)));
        }
        self.settle();
    }

    /// Chooses these applications, has the destination's rows replaced, and decides whatever is
    /// found so that it goes on.
    pub fn decide(&mut self, applications: &[&str]) {
        let pair = self.pair();
        let migration = &mut self.model.migration;
        migration.set_scope(|scope| {
            scope.applications = applications.iter().map(|name| (*name).to_owned()).collect();
            scope.replace = Some(true);
        });
        loop {
            // Any message orders what follows from changed answers.
            self.send(Message::Resized(self.model.migration.size));
            self.settle();
            let migration = &mut self.model.migration;
            let findings = migration.findings().iter();
            let open: Vec<_> = findings.filter(|one| migration.is_open(one)).cloned().collect();
            if open.is_empty() {
                return;
            }
            for finding in open {
                let (made, to) = way_on(&pair, &finding);
                migration.decide(&finding, made, to);
            }
        }
    }

    /// At Review of the practice pair, everything decided.
    pub fn at_review(size: Size) -> Self {
        let mut driver = Self::practice(size);
        driver.decide(&["Policies", "Claims"]);
        while driver.step() != "Review" {
            let before = driver.step();
            driver.press("Ctrl+N");
            assert_ne!(driver.step(), before, "{}", driver.screen());
        }
        driver
    }

    /// Waits until something is so, with work going on.
    pub fn until(&mut self, is_so: impl Fn(&Model) -> bool) {
        while !is_so(&self.model) {
            let next = self
                .runtime
                .block_on(async { tokio::time::timeout(PATIENCE, self.queue.recv()).await });
            let Ok(Some(message)) = next else { panic!("it hangs\n{}", self.screen()) };
            self.send(message);
        }
    }

    /// Waits until nothing is under way.
    pub fn settle(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.model.migration.jobs.is_any_running() && self.held.is_none() {
            let next = self.runtime.block_on(async {
                tokio::time::timeout(Duration::from_secs(20), self.queue.recv()).await
            });
            let in_time = next.is_ok() && Instant::now() < deadline;
            assert!(in_time, "something hangs\n{}", self.screen());
            if let Ok(Some(message)) = next {
                self.send(message);
            }
        }
    }

    /// Takes in what was said since, without waiting.
    pub fn take_in(&mut self) {
        while let Ok(message) = self.queue.try_recv() {
            self.send(message);
        }
    }

    /// The name of the step that is shown.
    pub fn step(&self) -> &'static str {
        match self.model.screen {
            Screen::Home => "Home",
            Screen::Step(_) => self.model.step().map_or("", |step| step.name()),
        }
    }

    /// What is on the screen.
    pub fn canvas(&self) -> Canvas {
        canvas(&self.model, Manners { color: true, ascii: false })
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        text(&self.canvas())
    }

    /// Fails unless the screen shows this.
    pub fn shows(&self, wanted: &str) {
        let screen = self.screen();
        assert!(screen.contains(wanted), "{wanted:?} is not on the screen:\n{screen}");
    }
}

/// The plan that lies beside a practice pair.
pub fn sample(pair: &Path) -> PlanFile {
    let text = std::fs::read_to_string(pair.join("practice.toml")).expect("a plan");
    PlanFile::parse(&text, "practice").expect("a plan")
}

/// What that plan says of a finding.
pub fn decided_in(plan: &PlanFile, finding: &Finding) -> Option<(&'static str, Option<String>)> {
    let made = plan.decisions.get(&finding.key)?;
    let choice = finding.choices.iter().find(|choice| choice.name == made.choice)?;
    Some((choice.name, made.to.clone()))
}

/// What somebody decides who wants to get on: as recommended, else what neither stops nor needs
/// another row, else as the plan beside the pair has it. Masks want a key, so nobody takes them.
pub fn way_on(pair: &Path, finding: &Finding) -> (&'static str, Option<String>) {
    let stays = |name: &str| name == choice::STOP || name == choice::MASK;
    let fits = |made: &&Choice| !stays(made.name) && !made.needs_target;
    let recommended = finding.recommended.filter(|name| !stays(name));
    let first = || finding.choices.iter().find(fits).map(|made| made.name);
    match recommended.or_else(first) {
        Some(made) => (made, None),
        None => decided_in(&sample(pair), finding).expect("a choice"),
    }
}

/// What the model draws.
pub fn canvas(model: &Model, manners: Manners) -> Canvas {
    let size = model.migration.size;
    let mut canvas = Canvas::empty(Area::new(0, 0, size.width, size.height));
    draw(model, &mut canvas);
    finish(&mut canvas, manners);
    canvas
}

/// A canvas as lines of text.
pub fn text(canvas: &Canvas) -> String {
    let mut text = String::new();
    for y in 0..canvas.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..canvas.area.width {
            let symbol = canvas[(x, y)].symbol();
            if skip > 0 {
                skip -= 1;
                continue;
            }
            line.push_str(symbol);
            skip = osferry::wizard::look::text_width(symbol).saturating_sub(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The key of that name.
pub fn key(name: &str) -> Key {
    match name {
        "Space" => Key::Char(' '),
        "Enter" => Key::Enter,
        "Esc" => Key::Escape,
        "Tab" => Key::Tab,
        "Shift+Tab" => Key::BackTab,
        "Backspace" => Key::Backspace,
        "Del" => Key::Delete,
        "Up" => Key::Up,
        "Down" => Key::Down,
        "Left" => Key::Left,
        "Right" => Key::Right,
        "Home" => Key::Home,
        "End" => Key::End,
        "PgUp" => Key::PageUp,
        "PgDn" => Key::PageDown,
        name => {
            let mut letters = name.strip_prefix("Ctrl+").unwrap_or(name).chars();
            let letter = letters.next().expect("a key");
            assert!(letters.next().is_none(), "there is no key {name}");
            if name.starts_with("Ctrl+") {
                Key::Control(letter.to_ascii_lowercase())
            } else {
                Key::Char(letter)
            }
        }
    }
}
