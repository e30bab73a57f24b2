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
        for place in 0..canvas.content.len() {
            let symbol = canvas.content[place].symbol();
            if symbol.is_ascii() {
                continue;
            }
            let (first, second) = in_ascii(symbol);
            canvas.content[place].set_char(first);
            // "✓" is "ok" where a blank follows.
            if let Some(second) = second
                && let Some(next) = canvas.content.get_mut(place + 1)
                && next.symbol() == " "
            {
                next.set_char(second);
            }
        }
    }
}

/// What stands for a sign in ASCII.
fn in_ascii(symbol: &str) -> (char, Option<char>) {
    let one = match symbol {
        "✓" => return ('o', Some('k')),
        "✗" => 'x',
        "▸" | "›" | "→" | "▶" => '>',
        "·" | "…" | "•" => '.',
        "‖" => '=',
        "─" | "━" | "╌" | "–" | "—" => '-',
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
    (one, None)
}
