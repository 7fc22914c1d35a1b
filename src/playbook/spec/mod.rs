//! Specifications of the arguments that a role takes (`meta/argument_specs.yml`), and the check of arguments against them.

mod option;

pub use option::{EntryPoint, Kind, Opt, Options};
