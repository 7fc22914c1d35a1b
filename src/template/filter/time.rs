//! Times.

use super::{Filter, filter};
use crate::template::arguments::Bound;
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::{python, time};
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    filter("strftime", &["second", "utc"], strftime),
    filter("to_datetime", &["format"], to_datetime),
];

/// The input is the format; the time is given in seconds since 1970, or is now.
fn strftime(session: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let zone = if arguments.flag(1, false)? {
        jiff::tz::TimeZone::UTC
    } else {
        session.context.now.time_zone().clone()
    };
    let at = match arguments.set(0) {
        Some(seconds) => time::from_seconds(seconds)?.to_zoned(zone),
        None => session.context.now.with_time_zone(zone),
    };
    time::format(&at, &python::text(input)?).map(Value::data)
}

/// The evaluator itself knows it, since a time is no value. It is not known to `map`.
fn to_datetime(_: &Session<'_>, _: &Value, _: &Bound) -> Result<Value, Stop> {
    Err(Stop::error("`to_datetime` cannot be applied by another filter"))
}
