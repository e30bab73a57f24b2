//! What a text is, not which colour it has. 16 colours, the terminal's background untouched; what
//! matters has a modifier besides, for terminals without colour.

use ratatui::style::{Color, Modifier, Style};

/// Ordinary text.
#[must_use]
pub fn plain() -> Style {
    Style::new()
}

/// Less important; nothing needed is only this.
#[must_use]
pub fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

/// What stands out: headings, keys.
#[must_use]
pub fn accent() -> Style {
    Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD)
}

/// A heading.
#[must_use]
pub fn title() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// All is well.
#[must_use]
pub fn good() -> Style {
    Style::new().fg(Color::Green)
}

/// To be looked at.
#[must_use]
pub fn warning() -> Style {
    Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD)
}

/// Something stands in the way.
#[must_use]
pub fn bad() -> Style {
    Style::new().fg(Color::Red).add_modifier(Modifier::BOLD)
}

/// The source's.
#[must_use]
pub fn source() -> Style {
    Style::new().fg(Color::Blue)
}

/// The destination's.
#[must_use]
pub fn destination() -> Style {
    Style::new().fg(Color::Magenta)
}

/// A name of Production.
#[must_use]
pub fn production() -> Style {
    Style::new().fg(Color::Red).add_modifier(Modifier::UNDERLINED)
}

/// The selected line, and the field with the focus.
#[must_use]
pub fn selected() -> Style {
    Style::new().add_modifier(Modifier::REVERSED)
}

/// The program is writing.
#[must_use]
pub fn writing() -> Style {
    Style::new().fg(Color::Red).add_modifier(Modifier::BOLD.union(Modifier::REVERSED))
}

/// A lesson.
#[must_use]
pub fn lesson() -> Style {
    Style::new().fg(Color::Cyan)
}

/// A sign's own.
#[must_use]
pub fn of(sign: crate::wizard::message::Sign) -> Style {
    use crate::wizard::message::Sign;
    match sign {
        Sign::Good => good(),
        Sign::Warning | Sign::Recheck | Sign::Stopped => warning(),
        Sign::Bad => bad(),
        Sign::Here => accent(),
        Sign::Later | Sign::Note => plain(),
    }
}
