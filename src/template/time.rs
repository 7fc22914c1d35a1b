//! `strftime`.

use super::failure::Stop;

/// Formats a time by Python's directives.
pub(crate) fn format(at: &jiff::Zoned, directives: &str) -> Result<String, Stop> {
    jiff::fmt::strtime::format(directives, at)
        .map_err(|error| Stop::error(format!("cannot format a time with `{directives}`: {error}")))
}
