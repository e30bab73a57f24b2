//! The whole library and the whole program, from outside, in one binary.

mod architecture;
mod bad_input;
mod commands;
mod databases;
mod docs;
mod estate;
mod exact;
mod faults;
mod front;
mod instant;
mod journal;
mod leaving;
mod manual;
mod migration;
mod model_server;
mod never_silent;
mod outside;
mod port;
mod practice;
mod practice_road;
mod practice_server;
mod program;
mod proof;
mod reading;
mod scope;
mod script;
mod strangers;
mod support;
// Windows' pseudo-terminal draws by itself: which bytes the program wrote is not to be seen there.
#[cfg(unix)]
mod terminal;
mod wizard;
