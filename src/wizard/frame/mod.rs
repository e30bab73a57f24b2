//! The frame around every screen: header, rail, body, status line, footer.

pub mod view;
