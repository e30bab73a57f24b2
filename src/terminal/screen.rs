//! The full screen: one loop, messages before signals before keys, drawn when something changed.

use std::io::{Stdout, stdout};
use std::mem::ManuallyDrop;
use std::time::{Duration, Instant};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{Event, EventStream};
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate, SetTitle};
use crossterm::{Command, execute, queue};
use futures::StreamExt as _;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use super::signals::Signals;
use super::worker::Worker;
use super::{Begin, Clock, Wishes, input, life, manners};
use crate::front::Home;
use crate::report::Verdict;
use crate::wizard::message::Leaving;
use crate::wizard::{Effect, Manners, Message, Model, Size, draw, finish, update};

/// Time between two looks at the clock: what is shown of it are seconds.
const TICK: Duration = Duration::from_millis(500);

/// At most so often is drawn while nothing but reports comes in.
const FRAME: Duration = Duration::from_millis(100);

type Screen = Terminal<CrosstermBackend<Stdout>>;

/// Runs the wizard until the person leaves; returns the verdict of the last run, if there was one.
/// When the system ends it before there is one, it was stopped.
pub async fn run(home: Home, begin: Begin, wishes: Wishes) -> std::io::Result<Option<Verdict>> {
    // What is drawn has colours or has none: nobody else has to leave them out. Told by NO_COLOR to do
    // so, crossterm would, whatever was asked for.
    crossterm::style::force_color_output(true);
    life::enter()?;
    let ended = shown(home, begin, manners(wishes)).await;
    life::restore();
    ended
}

async fn shown(home: Home, begin: Begin, manners: Manners) -> std::io::Result<Option<Verdict>> {
    // Never dropped: it would show the cursor, which is `life`'s, and complain on standard error
    // where that fails. With the window closed there is none, and complaining panics.
    let mut terminal = ManuallyDrop::new(Terminal::new(CrosstermBackend::new(stdout()))?);
    let (sender, mut queue) = mpsc::unbounded_channel();
    let mut worker = Worker::new(home, begin.clone(), sender);
    let mut model = Model::new(size_of(&terminal)?);
    model.migration.offers = worker.offers();
    let clock = Clock::start();
    update(&mut model, Message::Time(clock.now()));
    let effects = match begin {
        Begin::Home => model.start(),
        Begin::Practice { .. } | Begin::PracticePair { .. } => model.start_practice(),
    };
    let mut shell = Shell {
        worker: &mut worker,
        terminal: &mut terminal,
        clock,
        leaving: None,
        is_torn: false,
        is_gone: false,
        was_ended: false,
    };
    shell.obey(effects);
    shell.draw(&mut model, manners);

    let mut keys = EventStream::new();
    let mut signals = Signals::new()?;
    let mut tick = tokio::time::interval(TICK);
    let mut drawn = Instant::now();
    let mut is_stale = false;
    loop {
        if shell.is_gone && !shell.was_ended {
            shell.end(&mut model);
        }
        if shell.is_done(&model) {
            break;
        }
        let until_frame = FRAME.saturating_sub(drawn.elapsed());
        tokio::select! {
            biased;
            Some(message) = queue.recv() => {
                shell.take(&mut model, message);
                // Everything that waits is taken in before anything is drawn.
                while let Ok(message) = queue.try_recv() {
                    shell.take(&mut model, message);
                }
                is_stale = true;
            }
            () = signals.next() => {
                shell.end(&mut model);
                is_stale = true;
            }
            event = keys.next(), if !shell.is_gone => {
                match event {
                    Some(Ok(event)) => {
                        shell.is_torn |= matches!(event, Event::Resize(..));
                        if let Some(message) = input::message(event) {
                            shell.take(&mut model, message);
                            shell.draw(&mut model, manners);
                            drawn = Instant::now();
                            is_stale = false;
                        }
                    }
                    Some(Err(_)) | None => shell.is_gone = true,
                }
            }
            () = tokio::time::sleep(until_frame), if is_stale => {
                shell.draw(&mut model, manners);
                drawn = Instant::now();
                is_stale = false;
            }
            _ = tick.tick() => {
                let effects = update(&mut model, Message::Time(clock.now()));
                shell.obey(effects);
                is_stale = true;
            }
        }
    }
    Ok(model.verdict().or(shell.was_ended.then_some(Verdict::Stopped)))
}

fn size_of(terminal: &Screen) -> std::io::Result<Size> {
    let size = terminal.size()?;
    Ok(Size { width: size.width, height: size.height })
}

struct Shell<'a> {
    worker: &'a mut Worker,
    terminal: &'a mut Screen,
    clock: Clock,
    leaving: Option<Leaving>,
    /// Whether what was drawn last may no longer be on the screen: all of it is drawn again.
    is_torn: bool,
    /// Whether there is no terminal any more, as its window was closed. What runs finishes its
    /// batches: nobody sees it, and the journal has it.
    is_gone: bool,
    /// Whether the system, not the person, has ended the program.
    was_ended: bool,
}

impl Shell<'_> {
    /// Has the model take a message in, at this time, and obeys.
    fn take(&mut self, model: &mut Model, message: Message) {
        let mut effects = update(model, Message::Time(self.clock.now()));
        effects.extend(update(model, message));
        self.obey(effects);
    }

    /// The system wants the program to end.
    fn end(&mut self, model: &mut Model) {
        self.was_ended = true;
        self.take(model, Message::AskedToEnd);
    }

    fn obey(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Copy(text) => self.say(CopyToClipboard::to_clipboard_from(text)),
                Effect::Title(title) => self.say(SetTitle(title)),
                Effect::Redraw => self.is_torn = true,
                Effect::Quit(leaving) => self.leaving = Some(leaving),
                effect => self.worker.perform(effect),
            }
        }
    }

    /// Tells the terminal something besides what is drawn.
    fn say(&mut self, command: impl Command) {
        if !self.is_gone && execute!(stdout(), command).is_err() {
            self.is_gone = true;
        }
    }

    /// Whether the program can end: a run that was told to stop is waited for.
    fn is_done(&self, model: &Model) -> bool {
        match self.leaving {
            None => false,
            Some(Leaving::AsItIs) => true,
            Some(Leaving::WhenTheRunEnds) => !model.migration.is_under_way(),
        }
    }

    fn draw(&mut self, model: &mut Model, manners: Manners) {
        if !self.is_gone && self.try_to_draw(model, manners).is_err() {
            self.is_gone = true;
        }
    }

    fn try_to_draw(&mut self, model: &mut Model, manners: Manners) -> std::io::Result<()> {
        // The news of another size may have come before anybody listened for it.
        let size = size_of(self.terminal)?;
        if size != model.migration.size {
            self.take(model, Message::Resized(size));
        }
        queue!(stdout(), BeginSynchronizedUpdate)?;
        if std::mem::take(&mut self.is_torn) {
            // Resizing to the same size clears the screen without asking the terminal where its
            // cursor is, which some take two seconds to answer.
            self.terminal.resize(Rect::new(0, 0, size.width, size.height))?;
        }
        self.terminal.draw(|frame| {
            let area = frame.area();
            // When it has changed just now, the next drawing is right.
            if (area.width, area.height) == (size.width, size.height) {
                draw(model, frame.buffer_mut());
                finish(frame.buffer_mut(), manners);
            }
        })?;
        execute!(stdout(), EndSynchronizedUpdate)
    }
}
