//! How things look: roles instead of colours, panels, lines cut to fit.
//!
//! Everything is drawn in colour and with line signs; [`finish`] takes both away where the
//! terminal has none, in one place, so that no screen can forget it.

mod finish;
mod lines;
mod panel;
pub mod role;

pub use finish::{Manners, finish};
pub use lines::{Cell, bar, cut, paragraph, put, right, row, text_width, wrap};
pub use panel::{panel, rule};

/// A part of the screen.
pub type Area = ratatui::layout::Rect;

/// What is drawn on.
pub type Canvas = ratatui::buffer::Buffer;
