//! The program as people meet it: whole output and exit status of real runs, kept as data files.
#![expect(clippy::disallowed_methods, reason = "tests read their own environment")]

mod case;
mod listener;
mod manual;
mod snapshots;
