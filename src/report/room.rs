//! The room that before-images take, in words.

use super::text::{bytes, counted};
use crate::migrate::Room;

/// `about 2.1 GB`, as far as it is known.
fn needed(room: &Room) -> String {
    match room.unknown.len() as u64 {
        0 => format!("about {}", bytes(room.bytes)),
        unknown if room.bytes == 0 => {
            format!(
                "unknown room (the database does not tell how long rows of {} are)",
                counted(unknown, "table", "tables")
            )
        }
        unknown => format!(
            "about {} and what rows of {} take, which the database does not tell",
            bytes(room.bytes),
            counted(unknown, "table", "tables")
        ),
    }
}

/// What the before-images take, in a few words: `about 2.1 GB`; nothing where none are kept.
#[must_use]
pub fn room_short(room: &Room) -> String {
    match (room.is_kept && room.rows > 0, room.unknown.is_empty()) {
        (false, _) => String::new(),
        (true, true) => format!("about {}", bytes(room.bytes)),
        (true, false) if room.bytes == 0 => "size not known".to_owned(),
        (true, false) => format!("over {}", bytes(room.bytes)),
    }
}

/// What is kept of deleted rows and what that takes, in one sentence without a full stop.
#[must_use]
pub fn room_words(room: &Room) -> String {
    if room.rows == 0 {
        return "no undo file: nothing is deleted".to_owned();
    }
    let rows = format!("the {} to be deleted", counted(room.rows, "row", "rows"));
    if !room.is_kept {
        return format!("no undo file: of {rows} an undo brings none back");
    }
    let needed = format!("{} on this machine", needed(room));
    match room.free {
        // How much is free changes all the time, so it is not part of what is accepted.
        Some(_) if room.is_short() => {
            format!("undo file does not fit: {needed}, more than is free; it keeps {rows}")
        }
        Some(free) if room.unknown.is_empty() => {
            format!("undo file fits: {needed}, {} free; it keeps {rows}", bytes(free))
        }
        Some(free) => format!("undo file: {needed}, {} free; it keeps {rows}", bytes(free)),
        None => format!("undo file: {needed}; it keeps {rows}"),
    }
}

/// What to do where there is too little room; empty where there is enough.
#[must_use]
pub fn room_advice(room: &Room) -> String {
    let Some(free) = room.free.filter(|_| room.is_short()) else { return String::new() };
    format!(
        "{} are free. Make room, set OSFERRY_HOME to a folder on a larger disk, or do without \
         them on Options (in a plan file: keep_before_images = false); then an undo brings no \
         deleted row back.",
        bytes(free)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_as_disks_are_sold() {
        for (size, shown) in [
            (0, "0 KB"),
            (1, "1 KB"),
            (999, "1 KB"),
            (1_000, "1 KB"),
            (2_140, "2.1 KB"),
            (350_001, "351 KB"),
            (999_999, "999 KB"),
            (2_100_000_000, "2.1 GB"),
            (61_000_000_000, "61 GB"),
            (3_000_000_000_000, "3 TB"),
        ] {
            assert_eq!(bytes(size), shown, "{size}");
        }
    }

    #[test]
    fn too_little_room_is_told_with_what_to_do() {
        let mut room = Room {
            is_kept: true,
            rows: 2,
            bytes: 5_000_000,
            free: Some(4_999_999),
            ..Room::default()
        };
        assert!(room_words(&room).contains("about 5 MB on this machine, more than is free"));
        assert!(room_advice(&room).contains("4.9 MB are free. Make room"));
        room.free = Some(5_000_000);
        assert!(!room.is_short() && room_advice(&room).is_empty());
        room.unknown.push("T".to_owned());
        assert!(room_words(&room).contains("and what rows of 1 table take"));
        room.is_kept = false;
        assert!(room_words(&room).contains("an undo brings none back"));
    }
}
