//! The program as people meet it: whole output and exit status of real runs, kept as data files.

mod case;
mod listener;
mod manual;
mod snapshots;
