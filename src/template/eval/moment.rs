//! Times and durations: what `now()` and `to_datetime` give. As a value a time is its text.

use std::rc::Rc;

use jiff::Zoned;
use jiff::civil::DateTime;
use jiff::fmt::strtime;

use super::item::Item;
use crate::template::arguments::Arguments;
use crate::template::failure::{Missing, Stop};
use crate::template::time;
use crate::value::Value;

/// Microseconds in a second.
const MICRO: i64 = 1_000_000;

/// `text | to_datetime(format)`, in the zone of `now`.
pub(super) fn parse(text: &str, format: &str, now: &Zoned) -> Result<Rc<Zoned>, Stop> {
    let wrong = |error: jiff::Error| {
        Stop::error(format!("cannot read `{text}` as a time `{format}`: {error}"))
    };
    let parts = strtime::parse(format, text).map_err(wrong)?;
    let at = parts.to_datetime().or_else(|_| parts.to_date().map(DateTime::from)).map_err(wrong)?;
    at.to_zoned(now.time_zone().clone()).map(Rc::new).map_err(wrong)
}

/// `str(time)`
pub(super) fn text(at: &Zoned) -> Value {
    let format =
        if at.subsec_nanosecond() == 0 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S.%6f" };
    Value::data(at.strftime(format).to_string())
}

/// `a - b` in microseconds.
pub(super) fn difference(a: &Zoned, b: &Zoned) -> i64 {
    let micros = |at: DateTime| {
        let since = at.duration_since(DateTime::new(1970, 1, 1, 0, 0, 0, 0).unwrap_or_default());
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    };
    micros(a.datetime()) - micros(b.datetime())
}

/// `str(duration)`
pub(super) fn duration_text(micros: i64) -> Value {
    let (days, seconds) = (micros.div_euclid(86_400 * MICRO), micros.div_euclid(MICRO) % 86_400);
    let seconds = seconds.rem_euclid(86_400);
    let clock = format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = match micros.rem_euclid(MICRO) {
        0 => String::new(),
        rest => format!(".{rest:06}"),
    };
    let days = match days {
        0 => String::new(),
        1 | -1 => format!("{days} day, "),
        _ => format!("{days} days, "),
    };
    Value::data(format!("{days}{clock}{fraction}"))
}

/// `time.year` and its kin.
pub(super) fn attribute(at: &Zoned, name: &str) -> Result<Value, Stop> {
    Ok(Value::Int(match name {
        "year" => i64::from(at.year()),
        "month" => i64::from(at.month()),
        "day" => i64::from(at.day()),
        "hour" => i64::from(at.hour()),
        "minute" => i64::from(at.minute()),
        "second" => i64::from(at.second()),
        "microsecond" => i64::from(at.subsec_nanosecond() / 1000),
        _ => {
            let known = ["year", "month", "day", "hour", "minute", "second", "microsecond"];
            let known = known.map(String::from).to_vec();
            return Err(Stop::missing(Missing::Member(name.to_string(), "datetime", known)));
        }
    }))
}

/// `duration.days` and its kin.
pub(super) fn duration_attribute(micros: i64, name: &str) -> Result<Value, Stop> {
    Ok(Value::Int(match name {
        "days" => micros.div_euclid(86_400 * MICRO),
        "seconds" => micros.rem_euclid(86_400 * MICRO) / MICRO,
        "microseconds" => micros.rem_euclid(MICRO),
        _ => {
            let known = ["days", "seconds", "microseconds"].map(String::from).to_vec();
            return Err(Stop::missing(Missing::Member(name.to_string(), "timedelta", known)));
        }
    }))
}

/// `time.strftime(…)` and its kin, `duration.total_seconds()`.
pub(super) fn method<'a>(
    item: &Item<'a>,
    name: &str,
    arguments: Arguments,
) -> Result<Item<'a>, Stop> {
    let value = match (item, name) {
        (Item::Time(at), "strftime") => {
            Value::data(time::format(at, &arguments.bind(&["format"])?.text(0)?)?)
        }
        (Item::Time(at), "isoformat") => {
            let separator = arguments.bind(&["sep"])?.text_or(0, "T")?;
            let text = text(at);
            Value::data(text.as_str().unwrap_or_default().replacen(' ', &separator, 1))
        }
        (Item::Time(at), "timestamp") => Value::Float(seconds(at.timestamp().as_microsecond())),
        (Item::Time(at), "weekday") => Value::Int(i64::from(at.weekday().to_monday_zero_offset())),
        (Item::Time(at), "isoweekday") => {
            Value::Int(i64::from(at.weekday().to_monday_one_offset()))
        }
        (Item::Time(at), "date") => Value::data(at.date().to_string()),
        (Item::Time(at), "time") => Value::data(at.strftime("%H:%M:%S").to_string()),
        (Item::Duration(micros), "total_seconds") => Value::Float(seconds(*micros)),
        (item, _) => {
            let missing = Missing::Member(format!("{name}()"), item.type_name(), Vec::new());
            return Err(Stop::missing(missing));
        }
    };
    Ok(Item::Value(value))
}

#[expect(clippy::cast_precision_loss, reason = "as Python does")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / MICRO as f64
}
