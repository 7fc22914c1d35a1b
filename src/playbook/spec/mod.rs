//! Specifications of the arguments that a role takes (`meta/argument_specs.yml`), and the check of arguments against them.

mod check;
mod convert;
mod option;
mod read;
mod relations;

pub use check::{Problem, validate};
pub use option::{EntryPoint, Kind, Opt, Options, RequiredIf};
pub use read::{Specs, read, read_options, read_value};
