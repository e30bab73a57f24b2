//! The text that narrows a list: `/` begins it, Esc clears it.

use super::keys::Command;
use super::step::Event;
use super::text_field::TextField;

/// What a list is narrowed by, and whether that is being typed.
#[derive(Debug, Default)]
pub struct Filter {
    field: TextField,
    is_typed: bool,
}

impl Filter {
    /// The field, to be drawn.
    #[must_use]
    pub fn field(&self) -> &TextField {
        &self.field
    }

    /// The text; empty where nothing is narrowed.
    #[must_use]
    pub fn text(&self) -> &str {
        self.field.text()
    }

    /// Whether keys are typed into it.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        self.is_typed
    }

    /// Keys are typed into it from now on.
    pub fn begin(&mut self) {
        self.is_typed = true;
    }

    /// No key is typed into it any more; it narrows on.
    pub fn end(&mut self) {
        self.is_typed = false;
    }

    /// Nothing is narrowed any more.
    pub fn clear(&mut self) {
        self.end();
        self.field.set("");
    }

    /// Takes what is typed or pasted while it has the focus; says whether the list is to be
    /// narrowed anew.
    pub fn take(&mut self, event: &Event<'_>) -> bool {
        match event {
            Event::Typed(c) if self.is_typed => self.field.type_in(*c),
            Event::Pasted(text) if self.is_typed => self.field.paste(text),
            _ => return false,
        }
        true
    }

    /// Obeys a command while it has the focus, some of which end the typing; says whether the list
    /// is to be narrowed anew.
    pub fn obey(&mut self, command: Command, ending: &[Command]) -> bool {
        match command {
            Command::Close => {
                self.clear();
                true
            }
            command if ending.contains(&command) => {
                self.end();
                false
            }
            command => self.field.obey(command),
        }
    }
}
