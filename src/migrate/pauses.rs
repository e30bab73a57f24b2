//! Pauses, told in the run's story: what a run takes is told without them.

use std::convert::Infallible;

use super::control::Control;
use super::story::Note;
use crate::database::Result;

/// What the story says when a run is paused.
pub(super) const PAUSED: &str = "paused";
/// And when it goes on after that.
pub(super) const WENT_ON: &str = "went on after the pause";

/// Tells the story of every pause, for as long as somebody may ask for one.
pub(super) async fn tell(mut control: Control, note: Note) -> Result<Infallible> {
    loop {
        control.pausing().await;
        note(PAUSED)?;
        control.going_on().await;
        // What ends a run in its pause is told as its end.
        if !control.is_ending() {
            note(WENT_ON)?;
        }
    }
}

/// Seconds of pauses among these lines of a story, each with its time in seconds, up to the last.
pub(super) fn paused<'s>(lines: impl Iterator<Item = (i64, &'s str)>) -> i64 {
    let (mut all, mut since) = (0, None);
    for (at, text) in lines {
        if let Some(since) = since {
            all += at - since;
        }
        since = match text {
            PAUSED => Some(at),
            WENT_ON => None,
            _ => since.map(|_| at),
        };
    }
    all
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::super::control::{Command, Controller};
    use super::*;

    #[test]
    fn pauses_are_counted_to_their_end_or_to_that_of_the_run() {
        let of = |lines: &[(i64, &str)]| paused(lines.iter().copied());
        assert_eq!(of(&[(10, "started"), (30, "A finished")]), 0);
        assert_eq!(of(&[(10, "started"), (12, PAUSED), (20, WENT_ON), (30, "A finished")]), 8);
        // A batch that was under way ends in the pause.
        let two = [(12, PAUSED), (13, "A finished"), (20, WENT_ON), (25, PAUSED), (26, WENT_ON)];
        assert_eq!(of(&two), 9);
        assert_eq!(of(&[(12, PAUSED), (20, "the run was stopped")]), 8);
    }

    #[tokio::test]
    async fn a_pause_is_told_when_it_begins_and_when_it_ends() {
        let (controller, control) = Controller::new();
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let lines = Arc::clone(&told);
        let note: Note = Arc::new(move |text| {
            lines.lock().expect("nobody panics").push(text.to_owned());
            Ok(())
        });
        let commands = async {
            for command in [Command::Pause, Command::Run, Command::Pause, Command::Stop] {
                controller.say(command);
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            ended = tell(control, note) => panic!("it ended: {ended:?}"),
            () = commands => {}
        }
        assert_eq!(*told.lock().expect("nobody panics"), [PAUSED, WENT_ON, PAUSED]);
    }
}
