//! What lies over the screen, as questions: messages, choices, long lists, the undoing of a run.

use super::super::lines::{list, prompt, say};
use super::{Chosen, ITEMS, Plain};
use crate::report::number;
use crate::wizard::Message;
use crate::wizard::keys::Key;
use crate::wizard::overlay::{Overlay, Picker};
use crate::wizard::undo::{Field, Undoing};

impl Plain {
    /// The overlay on top, as a question.
    pub(super) async fn at_overlay(&mut self) -> std::io::Result<bool> {
        let Some(top) = self.model.migration.overlays.last().cloned() else { return Ok(true) };
        match top {
            Overlay::Help { .. } => self.send(Message::Key(Key::Escape)),
            Overlay::Text(reading) => {
                say(&reading.title)?;
                for line in reading.lines {
                    say(&line)?;
                }
                self.send(Message::Key(Key::Escape));
            }
            Overlay::Error(trouble) => {
                say(&trouble.to_text())?;
                if trouble.may_reconnect {
                    list(&["connect again".to_owned(), "leave it".to_owned()])?;
                    match self.choose(2).await? {
                        None => return Ok(false),
                        Some(Chosen::Place(0)) => self.send(Message::Key(Key::Enter)),
                        Some(_) => self.send(Message::Key(Key::Escape)),
                    }
                } else {
                    self.send(Message::Key(Key::Escape));
                }
            }
            Overlay::Question(question) => {
                say(&question.title)?;
                for line in &question.lines {
                    say(line)?;
                }
                let choices: Vec<String> = question
                    .choices
                    .iter()
                    .map(
                        |(name, what)| {
                            if what.is_empty() { name.clone() } else { format!("{name}: {what}") }
                        },
                    )
                    .collect();
                list(&choices)?;
                match self.choose(choices.len()).await? {
                    None => return Ok(false),
                    Some(Chosen::Place(place)) => {
                        for _ in 0..choices.len() {
                            self.send(Message::Key(Key::Up));
                        }
                        for _ in 0..place {
                            self.send(Message::Key(Key::Down));
                        }
                        self.send(Message::Key(Key::Enter));
                    }
                    Some(_) => self.send(Message::Key(Key::Escape)),
                }
            }
            Overlay::Picker(picker) => return self.pick(&picker).await,
            Overlay::Undo(undoing) => return self.undo(&undoing).await,
        }
        Ok(true)
    }

    /// What an undo would do, what may stay, the name; and what it waits for while it is done.
    async fn undo(&mut self, undoing: &Undoing) -> std::io::Result<bool> {
        if undoing.is_busy() {
            let Some(held) = &undoing.progress.held else { return Ok(true) };
            say(&format!("Waiting for you: {held}"))?;
            list(&["go on".to_owned(), "stop".to_owned()])?;
            let key = match self.choose(2).await? {
                None => return Ok(false),
                Some(Chosen::Place(0)) => 'p',
                Some(_) => 's',
            };
            self.send(Message::Key(Key::Char(key)));
            return Ok(true);
        }
        for line in undoing.lines() {
            say(line)?;
        }
        for field in undoing.fields().into_iter().filter(|field| *field != Field::Name) {
            let stays = undoing.words(field);
            list(&["undo nothing".to_owned(), stays])?;
            match self.choose(2).await? {
                None => return Ok(false),
                Some(Chosen::Place(1)) => {
                    self.send(Message::Key(Key::Char(' ')));
                    self.send(Message::Key(Key::Tab));
                }
                Some(_) => {
                    self.send(Message::Key(Key::Escape));
                    return Ok(true);
                }
            }
        }
        loop {
            prompt(&format!("To undo, type {} (/b for back): ", undoing.database))?;
            let Some(line) = self.lines.next(false).await else { return Ok(false) };
            if line.trim() == "/b" {
                self.send(Message::Key(Key::Escape));
                return Ok(true);
            }
            self.send(Message::Key(Key::Control('u')));
            self.send(Message::Pasted(line.trim().to_owned()));
            match self.model.migration.undoing().and_then(Undoing::missing) {
                Some(missing) => say(&format!("Not yet: {missing}."))?,
                None => {
                    self.send(Message::Key(Key::Enter));
                    return Ok(true);
                }
            }
        }
    }

    async fn pick(&mut self, picker: &Picker) -> std::io::Result<bool> {
        let fitting = picker.fitting();
        say(&picker.title)?;
        let shown: Vec<String> =
            fitting.iter().take(ITEMS).map(|place| picker.items[*place].clone()).collect();
        list(&shown)?;
        if fitting.len() > ITEMS {
            say(&format!("{} more fit.", number((fitting.len() - ITEMS) as u64)))?;
        }
        prompt("A number, or part of a name to find it, /b for back: ")?;
        let Some(line) = self.lines.next(false).await else { return Ok(false) };
        match line.trim() {
            "/b" | "b" => self.send(Message::Key(Key::Escape)),
            typed => match typed.parse::<usize>() {
                Ok(number) if (1..=shown.len()).contains(&number) => {
                    for _ in 1..number {
                        self.send(Message::Key(Key::Down));
                    }
                    self.send(Message::Key(Key::Enter));
                }
                _ => {
                    self.send(Message::Key(Key::Control('u')));
                    self.send(Message::Pasted(typed.to_owned()));
                }
            },
        }
        Ok(true)
    }
}
