//! Times as text.

use jiff::Timestamp;

use super::failure::Stop;
use super::python;
use crate::value::Value;

/// Formats a time by Python's directives.
pub(crate) fn format(at: &jiff::Zoned, directives: &str) -> Result<String, Stop> {
    jiff::fmt::strtime::format(directives, at)
        .map_err(|error| Stop::error(format!("cannot format a time with `{directives}`: {error}")))
}

/// A time from seconds since 1970.
pub(crate) fn from_seconds(value: &Value) -> Result<Timestamp, Stop> {
    let wrong = || Stop::error("wants seconds since 1970 as a number");
    let seconds = match value {
        Value::Str(text) => text.as_str().trim().parse().map_err(|_| wrong())?,
        other => python::number(other).ok_or_else(wrong)?,
    };
    #[expect(clippy::cast_possible_truncation, reason = "times are far below 2^63")]
    let milliseconds = (seconds * 1000.0) as i64;
    Timestamp::from_millisecond(milliseconds).map_err(|_| wrong())
}
