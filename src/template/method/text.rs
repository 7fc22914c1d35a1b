//! Methods of strings.

use super::unknown;
use crate::template::arguments::Arguments;
use crate::template::failure::Stop;
use crate::value::Value;

const NAMES: &[&str] = &["lower", "upper"];

/// `text.name(arguments)`
pub(super) fn call(text: &str, name: &str, _arguments: Arguments) -> Result<Value, Stop> {
    match name {
        "lower" => Ok(Value::data(text.to_lowercase())),
        "upper" => Ok(Value::data(text.to_uppercase())),
        _ => Err(unknown("str", name, NAMES)),
    }
}
