//! Draws what is typed on the lower border of a list: the path of maps, or what narrows the list.

use super::super::filter::Filter;
use super::super::look::{Area, Canvas, put, role};
use super::MapPath;

/// What stands on the border for the keys of maps while nothing is typed there.
pub const HINT: &str = " m write maps  i take maps in ";

/// Draws the path or the filter; says whether there was one.
pub fn draw_typed(path: &MapPath, filter: &Filter, area: Area, canvas: &mut Canvas) -> bool {
    let text = filter.text();
    let (title, field, is_typed) = match path.field() {
        Some(path) => (" Maps: ", path, true),
        None if filter.is_typed() || !text.is_empty() => {
            (" Find: ", filter.field(), filter.is_typed())
        }
        None => return false,
    };
    let y = area.bottom().saturating_sub(1);
    let (shown, column) = field.seen(usize::from(area.width).saturating_sub(14));
    put(canvas, area.x + 2, y, &format!("{title}{shown}  "), role::title());
    let x = area.x + 9 + u16::try_from(column).unwrap_or(0);
    if is_typed && x < area.right() && y < canvas.area.bottom() {
        canvas[(x, y)].set_style(role::selected());
    }
    true
}
