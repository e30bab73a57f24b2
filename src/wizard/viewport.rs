//! How much room there is: pure functions of the window's size, which state and drawing share.

/// The window, in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Lines.
    pub height: u16,
}

/// How the frame is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Below 60×18: a message only.
    TooSmall,
    /// 60×18: tables keep sign, name and result.
    Small,
    /// 80×24: the rail is one line, side panels open with Enter.
    Medium,
    /// 100×30 and up.
    Large,
}

/// The smallest window that is drawn.
pub const SMALLEST: Size = Size { width: 60, height: 18 };

/// Columns of the rail with its line.
pub const RAIL: u16 = 20;

impl Size {
    /// How the frame is laid out.
    #[must_use]
    pub fn class(self) -> Class {
        let fits = |width, height| self.width >= width && self.height >= height;
        if fits(100, 30) {
            Class::Large
        } else if fits(80, 24) {
            Class::Medium
        } else if fits(SMALLEST.width, SMALLEST.height) {
            Class::Small
        } else {
            Class::TooSmall
        }
    }

    /// The room that a step has for itself, below its first line and above the buttons, with so
    /// many lines taken by a lesson.
    #[must_use]
    pub fn body(self, lesson: u16) -> Self {
        // Large: header, line; line, status, footer. Else the rail's line besides.
        let frame = if self.class() == Class::Large { 5 } else { 6 };
        let rail = if self.class() == Class::Large { RAIL + 2 } else { 2 };
        Self {
            width: self.width.saturating_sub(rail),
            height: self.height.saturating_sub(frame + 2 + lesson),
        }
    }
}
