//! Taking away what the terminal cannot show: colours, and signs beyond ASCII.

use ratatui::style::Color;

use super::Canvas;

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// Colours. Without, nothing is drawn with any: `NO_COLOR` would have crossterm send resets
    /// instead, which wipe bold and reverse too.
    pub color: bool,
    /// ASCII only.
    pub ascii: bool,
}

/// Gives everything drawn the terminal's manners.
pub fn finish(canvas: &mut Canvas, manners: Manners) {
    if !manners.color {
        for cell in &mut canvas.content {
            cell.fg = Color::Reset;
            cell.bg = Color::Reset;
        }
    }
    if manners.ascii {
        let width = usize::from(canvas.area.width).max(1);
        for place in 0..canvas.content.len() {
            let symbol = canvas.content[place].symbol();
            if symbol.is_ascii() {
                continue;
            }
            let (before, sign) = in_ascii(symbol);
            canvas.content[place].set_char(sign);
            // "✓" is "ok", and takes the blank before it; what follows stays apart.
            // A cut text ends in "..", over its last letter: one dot would end a sentence.
            if let Some(before) = before
                && place % width > 0
                && (before == '.' || canvas.content[place - 1].symbol() == " ")
            {
                canvas.content[place - 1].set_char(before);
            }
        }
    }
}

/// What stands for a sign in ASCII, and what comes before that.
fn in_ascii(symbol: &str) -> (Option<char>, char) {
    let one = match symbol {
        "✓" => return (Some('o'), 'k'),
        "…" => return (Some('.'), '.'),
        "✗" => 'x',
        "▸" | "›" | "→" | "▶" => '>',
        "·" | "•" => '.',
        "‖" => '=',
        "─" | "╌" | "–" | "—" => '-',
        // The box that has the focus.
        "━" => '=',
        "│" | "┃" => '|',
        "█" | "▉" | "▊" | "▋" | "▌" | "▍" | "▎" | "▏" => '#',
        "░" => '.',
        "▁" | "▂" => '_',
        "▃" | "▄" | "▅" => '-',
        "▆" | "▇" => '^',
        "↑" => '^',
        "↓" => 'v',
        "←" | "‹" => '<',
        "≠" => '#',
        "×" => 'x',
        "“" | "”" => '"',
        "‘" | "’" => '\'',
        "▾" => 'v',
        symbol if symbol.chars().all(|c| ('\u{2500}'..'\u{2580}').contains(&c)) => '+',
        _ => '?',
    };
    (None, one)
}
