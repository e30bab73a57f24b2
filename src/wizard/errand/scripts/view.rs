//! Draws the fields.

use super::super::super::form::Form;
use super::super::super::form::view::draw as draw_form;
use super::super::super::look::{Area, Canvas};

/// Labels of the form.
const LABELS: usize = 15;

pub fn draw(form: &Form, area: Area, canvas: &mut Canvas) {
    draw_form(form, LABELS, area, 1, canvas);
}
