//! Plain mode: the same steps as questions and answers, line by line, for screen readers, dumb
//! terminals and pipes. No cursor movement, no colour, no spinner.
//!
//! The same [`update`] as the full screen: a question is the step's `ask`, or the overlay
//! that is on top; an answer is a message.

mod overlays;

use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::lines::{Lines, list, prompt, say};
use super::worker::Worker;
use super::{Begin, Clock};
use crate::front::Home;
use crate::plan::SourcePace;
use crate::report::{Verdict, number};
use crate::wizard::keys::{Command, Key};
use crate::wizard::message::{Answer, Leaving};
use crate::wizard::running::Running;
use crate::wizard::secret_field::Password;
use crate::wizard::step::{Ask, AskKind};
use crate::wizard::undo::Undoing;
use crate::wizard::{Effect, Message, Model, Screen, Size, home, update};

/// At most so often a line about progress.
const PROGRESS: Duration = Duration::from_secs(10);

/// What can be typed while a run goes on.
const PACES: &str = "While the run goes on a word and Enter say how its source is read: full, gentle, \
                     half, quarter or rest; + and - are a step.";

/// Items of a long list that are read out at once.
const ITEMS: usize = 20;

/// Runs the wizard in lines until the person leaves or the input ends.
pub async fn run(home: Home, begin: Begin) -> std::io::Result<Option<Verdict>> {
    let (sender, queue) = mpsc::unbounded_channel();
    let worker = Worker::new(home, begin.clone(), sender);
    // The room is for texts that are cut to fit; nothing is drawn.
    let mut model = Model::new(Size { width: 200, height: 60 });
    model.migration.offers = worker.offers();
    let mut plain = Plain {
        model,
        worker,
        queue,
        lines: Lines::start()?,
        clock: Clock::start(),
        leaving: None,
        announced: None,
        progress: None,
        told_words: false,
        pacing: String::new(),
    };
    let effects = match begin {
        Begin::Home => plain.model.start(),
        Begin::Practice { .. } | Begin::PracticePair { .. } => plain.model.start_practice(),
    };
    plain.obey(effects);
    plain.go_on().await?;
    let reported = plain.model.migration.report.as_ref();
    if let Some(reported) = reported.filter(|_| plain.leaving == Some(Leaving::WhenTheRunEnds)) {
        // Nobody is asked any more; how the run ended is told all the same.
        say(&reported.report.result)?;
    }
    Ok(plain.model.verdict())
}

struct Plain {
    model: Model,
    worker: Worker,
    queue: UnboundedReceiver<Message>,
    lines: Lines,
    clock: Clock,
    leaving: Option<Leaving>,
    /// The screen that was announced last.
    announced: Option<Screen>,
    /// When a line about progress was said last.
    progress: Option<Instant>,
    /// Whether it was said what can be typed while the run goes on.
    told_words: bool,
    /// What was said last of how the source is read.
    pacing: String,
}

impl Plain {
    fn send(&mut self, message: Message) {
        let now = self.clock.now();
        let mut effects = update(&mut self.model, Message::Time(now));
        effects.extend(update(&mut self.model, message));
        self.obey(effects);
    }

    fn obey(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Quit(leaving) => self.leaving = Some(leaving),
                effect => self.worker.perform(effect),
            }
        }
    }

    async fn go_on(&mut self) -> std::io::Result<()> {
        loop {
            self.wait().await?;
            if let Some(said) = self.model.migration.said.take() {
                say(&said)?;
            }
            match self.leaving {
                Some(Leaving::AsItIs) => return Ok(()),
                Some(Leaving::WhenTheRunEnds) if !self.model.migration.is_under_way() => {
                    return Ok(());
                }
                _ => {}
            }
            let answered = if self.model.migration.overlays.is_empty() {
                match self.model.screen {
                    Screen::Home => self.at_home().await?,
                    Screen::Step(place) => self.at_step(place).await?,
                }
            } else {
                self.at_overlay().await?
            };
            if !answered {
                // The input has ended: what runs finishes its batches.
                self.send(Message::AskedToEnd);
                self.wait().await?;
                return Ok(());
            }
        }
    }

    /// Waits until nothing is under way, with a line about progress now and then.
    async fn wait(&mut self) -> std::io::Result<()> {
        while self.model.migration.jobs.is_any_running() && self.model.migration.held().is_none() {
            let is_running = self.model.migration.is_running();
            if is_running && !std::mem::replace(&mut self.told_words, true) {
                say(PACES)?;
            }
            let message = tokio::select! {
                message = self.queue.recv() => message,
                line = self.lines.typed.overhear(), if is_running => {
                    self.overheard(line)?;
                    continue;
                }
                () = self.lines.signals.next() => {
                    self.asked_to_end()?;
                    if !self.model.migration.is_under_way() {
                        return Ok(());
                    }
                    continue;
                }
            };
            let Some(message) = message else { return Ok(()) };
            self.send(message);
            self.say_pacing()?;
            let migration = &self.model.migration;
            let is_undo = migration.undoing().is_some_and(Undoing::is_busy);
            if !migration.overlays.is_empty() && !migration.is_running() && !is_undo {
                return Ok(());
            }
            if self.progress.is_none_or(|at| at.elapsed() >= PROGRESS) {
                self.say_progress()?;
            }
        }
        Ok(())
    }

    /// A line was typed while a run goes on: how its source is to be read, or else what is meant for
    /// the next question.
    fn overheard(&mut self, line: String) -> std::io::Result<()> {
        let Some(pace) = self.model.migration.run.as_ref().map(Running::pace) else {
            self.lines.typed.keep(line);
            return Ok(());
        };
        let pace = match line.trim() {
            "+" => pace.faster(),
            "-" => pace.slower(),
            word => match SourcePace::ALL.into_iter().find(|pace| pace.name() == word) {
                Some(pace) => pace,
                None => {
                    self.lines.typed.keep(line);
                    return Ok(());
                }
            },
        };
        self.model.migration.choose_pace(pace);
        self.send(Message::Time(self.clock.now()));
        match self.model.migration.said.take() {
            Some(said) => say(&said),
            None => Ok(()),
        }
    }

    /// Says at once when the source is read otherwise than before.
    fn say_pacing(&mut self) -> std::io::Result<()> {
        let Some(run) = self.model.migration.run.as_ref() else { return Ok(()) };
        let said = run.pacing().said;
        if said != self.pacing {
            self.pacing.clone_from(&said);
            if !said.is_empty() {
                say(&format!("{said}."))?;
            }
        }
        Ok(())
    }

    /// The system wants the program to end: a run finishes its batches, and at the second time
    /// rolls them back, as `osferry run` does.
    fn asked_to_end(&mut self) -> std::io::Result<()> {
        if !self.model.migration.is_under_way() {
            say("")?;
            self.send(Message::AskedToEnd);
        } else if self.leaving.is_none() {
            say("Stopping after the current batches; a second Ctrl+C rolls them back.")?;
            self.send(Message::AskedToEnd);
        } else {
            say("Rolling the current batches back.")?;
            self.model.migration.tell(crate::migrate::Command::Cancel);
            self.model.migration.tell_undo(crate::migrate::Command::Cancel);
            self.send(Message::Time(self.clock.now()));
        }
        Ok(())
    }

    fn say_progress(&mut self) -> std::io::Result<()> {
        let migration = &self.model.migration;
        let line = if let Some(run) = migration.run.as_ref().filter(|run| !run.ended) {
            match (&run.proving, &run.progress) {
                (Some(proof), _) => Some(format!(
                    "Proving: {} of {} entities, {}.",
                    proof.entity, proof.entities, proof.name
                )),
                (None, Some(progress)) => {
                    let (read, total) = progress.totals();
                    Some(format!(
                        "{}: {} of {} rows.",
                        progress.phase.label(),
                        number(read),
                        number(total)
                    ))
                }
                (None, None) => None,
            }
        } else if let Some(undoing) = migration.undoing().filter(|undoing| undoing.is_busy()) {
            let progress = &undoing.progress;
            let done = match progress.of {
                0 => String::new(),
                of => format!("{} of {} rows. ", number(progress.done), number(of)),
            };
            (!progress.doing.is_empty()).then(|| format!("Undo: {done}{}.", progress.doing))
        } else if migration.counting > 0 {
            Some(format!("Counting rows: {} questions left.", number(migration.counting as u64)))
        } else {
            None
        };
        if let Some(line) = line {
            self.progress = Some(Instant::now());
            say(&line)?;
        }
        Ok(())
    }

    /// A number from 1 to `choices`, or what stands for leaving the question; `None` at the end.
    async fn choose(&mut self, choices: usize) -> std::io::Result<Option<Chosen>> {
        loop {
            prompt(&format!("Choose 1 to {choices}, b for back, q to leave, ? for help: "))?;
            let Some(line) = self.lines.next(false).await else { return Ok(None) };
            let chosen = match line.trim().trim_start_matches('/') {
                "b" => Chosen::Back,
                "q" => Chosen::Leave,
                "?" => Chosen::Help,
                "n" | "" => Chosen::Next,
                number => match number.parse::<usize>() {
                    Ok(number) if (1..=choices).contains(&number) => Chosen::Place(number - 1),
                    _ => {
                        say(&format!("{number:?} is not one of them."))?;
                        continue;
                    }
                },
            };
            return Ok(Some(chosen));
        }
    }

    async fn at_home(&mut self) -> std::io::Result<bool> {
        self.announced = Some(Screen::Home);
        say(
            "Home. Nothing is written to any database until you type the destination's name on Review.",
        )?;
        let mut choices: Vec<String> =
            home::STARTS.iter().map(|(name, what)| format!("{name}: {what}")).collect();
        for saved in self.model.migration.saved.iter().take(ITEMS) {
            choices.push(format!("{}, {}: {}", saved.name, saved.changed, saved.next));
        }
        list(&choices)?;
        match self.choose(choices.len()).await? {
            None => return Ok(false),
            Some(Chosen::Place(2)) => {
                prompt("Path of the plan file: ")?;
                let Some(path) = self.lines.next(false).await else { return Ok(false) };
                self.at_line(2);
                self.send(Message::Key(Key::Enter));
                self.send(Message::Pasted(path));
                self.send(Message::Key(Key::Enter));
            }
            Some(Chosen::Place(place)) => {
                self.at_line(place);
                self.send(Message::Commanded(Command::Open));
            }
            Some(other) => self.leave_question(other)?,
        }
        Ok(true)
    }

    /// Moves Home's cursor to a line.
    fn at_line(&mut self, line: usize) {
        self.send(Message::Commanded(Command::First));
        for _ in 0..line {
            self.send(Message::Commanded(Command::Down));
        }
    }

    async fn at_step(&mut self, place: usize) -> std::io::Result<bool> {
        if self.announced != Some(self.model.screen) {
            self.announced = Some(self.model.screen);
            self.announce(place)?;
        }
        let step = &self.model.steps[place];
        let Some(Ask { text, kind }) = step.ask(&self.model.migration) else {
            return self.at_end_of_step(place).await;
        };
        for line in &text {
            say(line)?;
        }
        match kind {
            AskKind::Wait => {
                // Nothing is under way that could still report: then the step itself is done.
                if self.model.migration.jobs.is_any_running() {
                    return Ok(true);
                }
                return self.at_end_of_step(place).await;
            }
            AskKind::Choice(choices) => {
                list(&choices)?;
                match self.choose(choices.len()).await? {
                    None => return Ok(false),
                    Some(Chosen::Place(place)) => {
                        self.send(Message::Answered(Answer::Chosen(place)));
                    }
                    Some(other) => self.leave_question(other)?,
                }
            }
            AskKind::Text { label, current } => {
                let keeps =
                    if current.is_empty() { String::new() } else { format!(" [{current}]") };
                prompt(&format!("{label}{keeps} (/b back, /q leave, /? help): "))?;
                let Some(line) = self.lines.next(false).await else { return Ok(false) };
                match line.trim() {
                    "/b" => self.leave_question(Chosen::Back)?,
                    "/q" => self.leave_question(Chosen::Leave)?,
                    "/?" => self.leave_question(Chosen::Help)?,
                    "" => self.send(Message::Answered(Answer::Text(current))),
                    typed => self.send(Message::Answered(Answer::Text(typed.to_owned()))),
                }
            }
            AskKind::Secret { label } => {
                prompt(&format!("{label}, not shown: "))?;
                let Some(line) = self.lines.next(true).await else { return Ok(false) };
                self.send(Message::Answered(Answer::Secret(Password::from(line.as_str()))));
            }
        }
        Ok(true)
    }

    /// Says where the person is: the step, what it is for, its lesson, what is to be known.
    fn announce(&self, place: usize) -> std::io::Result<()> {
        let step = &self.model.steps[place];
        let migration = &self.model.migration;
        say("")?;
        say(&format!("Step {} of {}, {}.", place + 1, self.model.steps.len(), step.name()))?;
        say(&step.purpose(migration))?;
        if let Some(lesson) = migration.step_lesson(step.name()) {
            say(&format!("Lesson: {lesson}"))?;
        }
        if let Some(notice) = step.notice(migration) {
            say(&notice.text)?;
        }
        Ok(())
    }

    /// Nothing is left to ask on a step: on, back, or leave.
    async fn at_end_of_step(&mut self, place: usize) -> std::io::Result<bool> {
        let step = &self.model.steps[place];
        let reasons = step.gate(&self.model.migration);
        for reason in &reasons {
            say(&format!("Not yet: {reason}."))?;
        }
        let next = self.model.steps.get(place + 1).map(|step| step.name());
        match next.filter(|_| step.offers_next(&self.model.migration)) {
            Some(next) => {
                prompt(&format!("Enter for {next}, b for back, q to leave, ? for help: "))?;
            }
            None => prompt("b for back, q to leave, ? for help: ")?,
        }
        let Some(line) = self.lines.next(false).await else { return Ok(false) };
        let chosen = match line.trim().trim_start_matches('/') {
            "b" => Chosen::Back,
            "q" => Chosen::Leave,
            "?" => Chosen::Help,
            _ => Chosen::Next,
        };
        self.leave_question(chosen)?;
        Ok(true)
    }

    fn leave_question(&mut self, chosen: Chosen) -> std::io::Result<()> {
        match chosen {
            Chosen::Back => self.send(Message::Commanded(Command::Back)),
            Chosen::Next => self.send(Message::Commanded(Command::Next)),
            Chosen::Leave => self.send(Message::Commanded(Command::Leave)),
            Chosen::Help => {
                if let Screen::Step(place) = self.model.screen {
                    self.announce(place)?;
                    let migration = &self.model.migration;
                    for (what, text) in self.model.steps[place].summary(migration) {
                        say(&format!("{what}: {text}"))?;
                    }
                } else {
                    say("Type the number of a line and press Enter; q leaves.")?;
                }
            }
            Chosen::Place(_) => {}
        }
        Ok(())
    }
}

/// What stands for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chosen {
    Place(usize),
    Back,
    Next,
    Leave,
    Help,
}
