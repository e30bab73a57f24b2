//! What lies over the screen, as questions: messages, choices, long lists, the undoing of a run.

use super::super::lines::{list, prompt, say};
use super::{Chosen, ITEMS, Plain};
use crate::report::number;
use crate::wizard::Message;
use crate::wizard::keys::Key;
use crate::wizard::overlay::{Overlay, Picker};
use crate::wizard::sheet::{Blank, Sheet};
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
            Overlay::Sheet(sheet) => return self.fill_in(&sheet).await,
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

    /// A sheet, field by field; nothing comes of it unless all are answered.
    async fn fill_in(&mut self, sheet: &Sheet) -> std::io::Result<bool> {
        say(&sheet.title)?;
        for line in &sheet.lines {
            say(line)?;
        }
        for blank in &sheet.blanks {
            let is_answered = match blank {
                Blank::Tick { text, wanted, .. } => self.tick(text, wanted.is_some()).await?,
                blank => self.type_into(blank).await?,
            };
            match is_answered {
                None => return Ok(false),
                Some(false) => {
                    self.send(Message::Key(Key::Escape));
                    return Ok(true);
                }
                Some(true) => self.send(Message::Key(Key::Tab)),
            }
        }
        self.send(Message::Key(Key::Enter));
        Ok(true)
    }

    /// Something to be ticked: whether the sheet goes on; `None` at the end of the input.
    async fn tick(&mut self, text: &str, is_wanted: bool) -> std::io::Result<Option<bool>> {
        let no = if is_wanted { "leave it, and do nothing" } else { "no" };
        list(&[no.to_owned(), text.to_owned()])?;
        Ok(match self.choose(2).await? {
            None => None,
            Some(Chosen::Place(1)) => {
                self.send(Message::Key(Key::Char(' ')));
                Some(true)
            }
            Some(Chosen::Place(_)) => Some(!is_wanted),
            Some(_) => Some(false),
        })
    }

    /// Something to be typed, until it is what is wanted.
    async fn type_into(&mut self, blank: &Blank) -> std::io::Result<Option<bool>> {
        let (label, current) = match blank {
            Blank::Tick { .. } => return Ok(Some(true)),
            Blank::Text { label, field, .. } => (label.clone(), field.text().to_owned()),
            Blank::Name { name, .. } => (format!("Type {name}"), String::new()),
            Blank::MaskKey { .. } => ("Key of masks, not shown".to_owned(), String::new()),
        };
        let is_secret = matches!(blank, Blank::MaskKey { .. });
        let keeps = if current.is_empty() { String::new() } else { format!(" [{current}]") };
        loop {
            prompt(&format!("{label}{keeps} (/b for back): "))?;
            let Some(line) = self.lines.next(is_secret).await else { return Ok(None) };
            let typed = line.trim();
            if typed == "/b" {
                return Ok(Some(false));
            }
            if !typed.is_empty() || current.is_empty() {
                self.send(Message::Key(Key::Control('u')));
                self.send(Message::Pasted(typed.to_owned()));
            }
            let Some(Overlay::Sheet(now)) = self.model.migration.overlays.last() else {
                return Ok(Some(false));
            };
            match now.focused().and_then(Blank::missing) {
                Some(missing) => say(&format!("Not yet: {missing}."))?,
                None => return Ok(Some(true)),
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
