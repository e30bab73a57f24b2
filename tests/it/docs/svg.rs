//! A screen as an SVG picture that looks the same with any monospaced font: every run of text is
//! held to its columns, borders and bars are drawn as shapes.

use std::fmt::Write as _;

use osferry::wizard::look::{Canvas, text_width};
use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// A cell, in pixels.
const WIDTH: f64 = 8.4;
const HEIGHT: f64 = 18.0;
/// Where letters stand in their cell.
const BASELINE: f64 = 13.5;
const MARGIN: f64 = 14.0;

const BACKGROUND: &str = "#14171c";
const FOREGROUND: &str = "#d3d7de";
/// How much of a dim sign's colour is left.
const DIM: &str = "0.62";

/// The 16 colours, as the program names them.
fn rgb(color: Color, otherwise: &'static str) -> &'static str {
    match color {
        Color::Black => "#14171c",
        Color::Red => "#f2777a",
        Color::Green => "#8fca6b",
        Color::Yellow => "#e9c062",
        Color::Blue => "#6cb2f5",
        Color::Magenta => "#d39ae8",
        Color::Cyan => "#5fd0d0",
        Color::Gray => "#d3d7de",
        Color::DarkGray => "#7d848f",
        Color::LightRed => "#ff9a9d",
        Color::LightGreen => "#abe386",
        Color::LightYellow => "#ffd987",
        Color::LightBlue => "#93c9ff",
        Color::LightMagenta => "#e5b8f5",
        Color::LightCyan => "#86e6e6",
        Color::White => "#ffffff",
        // The program uses no others: roles are made of these.
        _ => otherwise,
    }
}

/// How a cell looks once reversal has been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    ink: &'static str,
    paper: &'static str,
    is_bold: bool,
    is_dim: bool,
    is_underlined: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let (mut ink, mut paper) = (rgb(cell.fg, FOREGROUND), rgb(cell.bg, BACKGROUND));
        if cell.modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut ink, &mut paper);
        }
        Self {
            ink,
            paper,
            is_bold: cell.modifier.contains(Modifier::BOLD),
            is_dim: cell.modifier.contains(Modifier::DIM),
            is_underlined: cell.modifier.contains(Modifier::UNDERLINED),
        }
    }

    /// Attributes of what is drawn with it; what is usual goes without saying.
    fn attributes(self, of: &str) -> String {
        let mut text = String::new();
        if self.ink != FOREGROUND {
            let _ = write!(text, " {of}=\"{}\"", self.ink);
        }
        if self.is_dim {
            let _ = write!(text, " opacity=\"{DIM}\"");
        }
        text
    }
}

/// A picture of a screen; `title` is read out to those who cannot see it.
pub fn picture(canvas: &Canvas, title: &str) -> String {
    let (columns, lines) = (canvas.area.width, canvas.area.height);
    let width = f64::from(columns) * WIDTH + 2.0 * MARGIN;
    let height = f64::from(lines) * HEIGHT + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" \
         height=\"{h}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n\
         <rect width=\"{w}\" height=\"{h}\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\" fill=\"{FOREGROUND}\" \
         stroke-width=\"1.1\" font-size=\"14\" font-family=\"ui-monospace,'Cascadia Mono',Menlo,\
         'DejaVu Sans Mono',Consolas,'Liberation Mono',monospace\">\n",
        w = pixels(width),
        h = pixels(height),
        title = escaped(title),
    );
    for y in 0..lines {
        let cells: Vec<&Cell> = (0..columns).map(|x| &canvas[(x, y)]).collect();
        papers(&cells, y, &mut svg);
        shapes(&cells, y, &mut svg);
        texts(&cells, y, &mut svg);
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// The background of what has one.
fn papers(cells: &[&Cell], y: u16, svg: &mut String) {
    for (from, to) in runs(cells, |cell| Look::of(cell).paper) {
        let paper = Look::of(cells[from]).paper;
        if paper != BACKGROUND {
            let _ = writeln!(
                svg,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{HEIGHT}\" fill=\"{paper}\"/>",
                column(from),
                pixels(f64::from(y) * HEIGHT),
                column(to - from)
            );
        }
    }
}

/// Borders and bars.
fn shapes(cells: &[&Cell], y: u16, svg: &mut String) {
    let top = f64::from(y) * HEIGHT;
    let is_shape = |cell: &Cell| Arms::of(cell.symbol()).is_some();
    for (from, to) in runs(cells, |cell| (is_shape(cell), cell.symbol().to_owned(), Look::of(cell)))
    {
        let look = Look::of(cells[from]);
        let symbol = cells[from].symbol();
        if let Some((x, dy, w, h, strength)) = block(symbol) {
            // Those that fill the whole width make one bar.
            let is_wide = (w - 1.0).abs() < f64::EPSILON;
            let (times, wide) = if is_wide { (1, to - from) } else { (to - from, 1) };
            for n in 0..times {
                let faint = if strength < 1.0 {
                    format!(" fill-opacity=\"{strength}\"")
                } else {
                    String::new()
                };
                let _ = writeln!(
                    svg,
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{}{faint}/>",
                    pixels((from + n) as f64 * WIDTH + x * WIDTH),
                    pixels(top + dy * HEIGHT),
                    pixels(w * WIDTH * wide as f64),
                    pixels(h * HEIGHT),
                    look.attributes("fill")
                );
            }
        } else if let Some(arms) = Arms::of(symbol) {
            let path = arms.path(from, to, top);
            let ink = if look.ink == FOREGROUND {
                format!(" stroke=\"{FOREGROUND}\"")
            } else {
                String::new()
            };
            let heavy = if arms.is_heavy { " stroke-width=\"2.4\"" } else { "" };
            let _ = writeln!(
                svg,
                "<path d=\"{path}\" fill=\"none\"{ink}{}{heavy}/>",
                look.attributes("stroke")
            );
        }
    }
}

/// Letters, digits and signs.
fn texts(cells: &[&Cell], y: u16, svg: &mut String) {
    let baseline = pixels(f64::from(y) * HEIGHT + BASELINE);
    let mut x = 0;
    while x < cells.len() {
        if is_blank(cells[x]) {
            x += 1;
            continue;
        }
        let look = Look::of(cells[x]);
        let mut text = String::new();
        let mut end = x;
        // A sign that fonts may lack or draw wider stands alone.
        while end < cells.len() && Look::of(cells[end]) == look {
            let symbol = cells[end].symbol();
            let ends_here =
                is_blank(cells[end]) && (end + 1 >= cells.len() || is_blank(cells[end + 1]));
            if ends_here || is_drawn(symbol) || (is_odd(symbol) && end > x) {
                break;
            }
            text.push_str(symbol);
            end += text_width(symbol).max(1);
            if is_odd(symbol) {
                break;
            }
        }
        let trimmed = text.trim_end();
        let columns = text_width(trimmed);
        let mut attributes = look.attributes("fill");
        if look.is_bold {
            attributes.push_str(" font-weight=\"bold\"");
        }
        if look.is_underlined {
            attributes.push_str(" text-decoration=\"underline\"");
        }
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{baseline}\" textLength=\"{}\" \
             lengthAdjust=\"spacingAndGlyphs\"{attributes}>{}</text>",
            column(x),
            column(columns),
            escaped(trimmed)
        );
        x = end.max(x + 1);
    }
}

fn is_blank(cell: &Cell) -> bool {
    cell.symbol().trim().is_empty() || is_drawn(cell.symbol())
}

fn is_drawn(symbol: &str) -> bool {
    block(symbol).is_some() || Arms::of(symbol).is_some()
}

fn is_odd(symbol: &str) -> bool {
    symbol.chars().any(|c| c > '\u{ff}' && !matches!(c, '…' | '–' | '—' | '‘' | '’' | '“' | '”'))
}

/// From and to of the neighbours that are alike.
fn runs<T: PartialEq>(cells: &[&Cell], of: impl Fn(&Cell) -> T) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut from = 0;
    for to in 1..=cells.len() {
        if to == cells.len() || of(cells[to]) != of(cells[from]) {
            runs.push((from, to));
            from = to;
        }
    }
    runs
}

/// A bar's part of a cell: x, y, width, height, and how strong it is.
fn block(symbol: &str) -> Option<(f64, f64, f64, f64, f64)> {
    let eighths = |n: u32| f64::from(n) / 8.0;
    // A bar leaves a little room to the lines above and below.
    let across = |part: f64| Some((0.0, 0.14, part, 0.72, 1.0));
    let up = |part: f64| Some((0.0, 0.9 - 0.8 * part, 1.0, 0.8 * part, 1.0));
    let c = symbol.chars().next()?;
    match c {
        '█' => across(1.0),
        '▉'..='▏' => across(eighths(8 - (c as u32 - '█' as u32))),
        '▁'..='▇' => up(eighths(c as u32 - '▀' as u32)),
        '░' => Some((0.0, 0.14, 1.0, 0.72, 0.22)),
        '▒' => Some((0.0, 0.14, 1.0, 0.72, 0.45)),
        '▓' => Some((0.0, 0.14, 1.0, 0.72, 0.7)),
        _ => None,
    }
}

/// A border: where its arms lead from the middle of the cell.
#[derive(Clone, Copy, Debug)]
struct Arms {
    up: bool,
    down: bool,
    left: bool,
    right: bool,
    is_heavy: bool,
}

impl Arms {
    fn of(symbol: &str) -> Option<Self> {
        let (arms, is_heavy) = match symbol {
            "─" | "╌" => ("lr", false),
            "━" => ("lr", true),
            "│" => ("ud", false),
            "┃" => ("ud", true),
            "┌" => ("rd", false),
            "┐" => ("ld", false),
            "└" => ("ru", false),
            "┘" => ("lu", false),
            "├" => ("udr", false),
            "┤" => ("udl", false),
            "┬" => ("lrd", false),
            "┴" => ("lru", false),
            "┼" => ("lrud", false),
            "┏" => ("rd", true),
            "┓" => ("ld", true),
            "┗" => ("ru", true),
            "┛" => ("lu", true),
            _ => return None,
        };
        let has = |arm: char| arms.contains(arm);
        Some(Self { up: has('u'), down: has('d'), left: has('l'), right: has('r'), is_heavy })
    }

    /// The lines of so many equal cells beside each other.
    fn path(self, from: usize, to: usize, top: f64) -> String {
        let middle = pixels(top + HEIGHT / 2.0);
        if self.left && self.right && !self.up && !self.down {
            return format!("M{} {middle}H{}", column(from), column(to));
        }
        let mut path = String::new();
        for place in from..to {
            let x = place as f64 * WIDTH + WIDTH / 2.0;
            let above = if self.up { top } else { top + HEIGHT / 2.0 };
            let below = if self.down { top + HEIGHT } else { top + HEIGHT / 2.0 };
            let (left, right) = (
                if self.left { x - WIDTH / 2.0 } else { x },
                if self.right { x + WIDTH / 2.0 } else { x },
            );
            if self.up || self.down {
                let _ = write!(path, "M{} {}V{}", pixels(x), pixels(above), pixels(below));
            }
            if self.left || self.right {
                let _ = write!(path, "M{} {middle}H{}", pixels(left), pixels(right));
            }
        }
        path
    }
}

fn column(columns: usize) -> String {
    pixels(columns as f64 * WIDTH)
}

/// A number with no more digits than it needs.
fn pixels(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use osferry::wizard::look::{Area, put};
    use ratatui::style::Style;

    use super::*;

    fn drawn(text: &str, style: Style) -> String {
        let mut canvas = Canvas::empty(Area::new(0, 0, 20, 1));
        put(&mut canvas, 1, 0, text, style);
        picture(&canvas, "a test")
    }

    #[test]
    fn a_text_is_escaped_and_held_to_its_columns() {
        let svg = drawn("a <b> & c", Style::new());
        assert!(svg.contains("textLength=\"75.6\""), "{svg}");
        assert!(svg.contains(">a &lt;b&gt; &amp; c</text>"), "{svg}");
    }

    #[test]
    fn signs_and_what_stands_far_apart_are_placed_alone() {
        let svg = drawn("✓ ok   9", Style::new());
        for part in [">✓</text>", ">ok</text>", ">9</text>", "x=\"67.2\""] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
    }

    #[test]
    fn reversed_dim_and_bold_are_seen() {
        let svg = drawn("x", Style::new().add_modifier(Modifier::REVERSED));
        assert!(svg.contains(&format!("height=\"18\" fill=\"{FOREGROUND}\"")), "{svg}");
        assert!(svg.contains(&format!("fill=\"{BACKGROUND}\">x<")), "{svg}");
        assert!(drawn("x", Style::new().add_modifier(Modifier::DIM)).contains("opacity"));
        assert!(drawn("x", Style::new().add_modifier(Modifier::BOLD)).contains("bold"));
        assert!(drawn("x", Style::new().fg(Color::Red)).contains("#f2777a"));
    }

    #[test]
    fn borders_and_bars_are_shapes() {
        let svg = drawn("┌──┐█░", Style::new());
        assert!(!svg.contains("<text"), "{svg}");
        assert!(svg.contains("<path") && svg.contains("fill-opacity=\"0.22\""), "{svg}");
    }
}
