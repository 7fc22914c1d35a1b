//! Text in, text out.

use super::{Filter, filter};
use crate::template::arguments::Bound;
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    filter("lower", &[], |_, input, _| Ok(Value::data(python::text(&input)?.to_lowercase()))),
    filter("upper", &[], |_, input, _| Ok(Value::data(python::text(&input)?.to_uppercase()))),
    filter("trim", &["chars"], trim),
];

fn trim(_: &Session<'_>, input: Value, arguments: &Bound) -> Result<Value, Stop> {
    let text = python::text(&input)?;
    Ok(Value::data(match arguments.set(0) {
        Some(characters) => {
            let characters = python::text(characters)?;
            text.trim_matches(|c| characters.contains(c)).to_string()
        }
        None => text.trim().to_string(),
    }))
}
