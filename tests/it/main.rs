//! The whole library and the whole program, from outside, in one binary.

mod alike;
mod architecture;
mod bad_input;
mod commands;
mod databases;
mod docs;
mod estate;
mod exact;
mod faults;
mod foretold;
mod front;
mod instant;
mod journal;
mod keep;
mod leaving;
mod manual;
mod maps;
mod masking;
mod migration;
mod mismatches;
mod model_server;
mod never_silent;
mod outside;
mod port;
mod practice;
mod practice_road;
mod practice_server;
mod preflight;
mod program;
mod proof;
mod reading;
mod rejects;
mod scope;
mod script;
mod soft_keys;
mod strangers;
mod support;
// Windows' pseudo-terminal draws by itself: which bytes the program wrote is not to be seen there.
#[cfg(unix)]
mod terminal;
mod uniques;
mod updates;
mod user_rows;
mod user_strategies;
mod way_back;
mod wizard;
