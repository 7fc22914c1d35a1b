//! Comparisons, membership, truth.

use std::cmp::Ordering;

use super::{Test, test};
use crate::template::arguments::{Bound, items, list};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::filter::plain_name;
use crate::template::python;
use crate::value::Value;

pub(super) const TESTS: &[Test] = &[
    test("eq", &["other"], equal),
    test("equalto", &["other"], equal),
    test("==", &["other"], equal),
    test("ne", &["other"], |s, v, b| equal(s, v, b).map(|same| !same)),
    test("!=", &["other"], |s, v, b| equal(s, v, b).map(|same| !same)),
    test("sameas", &["other"], same),
    test("gt", &["other"], |_, v, b| order(v, b, &[Ordering::Greater])),
    test("greaterthan", &["other"], |_, v, b| order(v, b, &[Ordering::Greater])),
    test(">", &["other"], |_, v, b| order(v, b, &[Ordering::Greater])),
    test("ge", &["other"], |_, v, b| order(v, b, &[Ordering::Greater, Ordering::Equal])),
    test(">=", &["other"], |_, v, b| order(v, b, &[Ordering::Greater, Ordering::Equal])),
    test("lt", &["other"], |_, v, b| order(v, b, &[Ordering::Less])),
    test("lessthan", &["other"], |_, v, b| order(v, b, &[Ordering::Less])),
    test("<", &["other"], |_, v, b| order(v, b, &[Ordering::Less])),
    test("le", &["other"], |_, v, b| order(v, b, &[Ordering::Less, Ordering::Equal])),
    test("<=", &["other"], |_, v, b| order(v, b, &[Ordering::Less, Ordering::Equal])),
    test("in", &["seq"], |_, v, b| python::contains(b.need(0)?, v)),
    test("contains", &["value"], |_, v, b| python::contains(v, b.need(0)?)),
    test("any", &[], any),
    test("all", &[], all),
    test("subset", &["b"], |_, v, b| subset(v, b.need(0)?)),
    test("issubset", &["b"], |_, v, b| subset(v, b.need(0)?)),
    test("superset", &["b"], |_, v, b| subset(b.need(0)?, v)),
    test("issuperset", &["b"], |_, v, b| subset(b.need(0)?, v)),
    test("even", &[], |_, v, _| remainder(v, 2).map(|rest| rest == 0)),
    test("odd", &[], |_, v, _| remainder(v, 2).map(|rest| rest != 0)),
    test("divisibleby", &["num"], |_, v, b| remainder(v, b.need_integer(0)?).map(|rest| rest == 0)),
    test("truthy", &["convert_bool"], truthy),
    test("falsy", &["convert_bool"], |s, v, b| truthy(s, v, b).map(|holds| !holds)),
    test("filter", &[], |_, v, _| Ok(crate::template::filter::find(&python::text(v)?).is_ok())),
    test("test", &[], |_, v, _| Ok(super::find(plain_name(&python::text(v)?)).is_ok())),
];

fn equal(_: &Session<'_>, value: &Value, arguments: &Bound) -> Result<bool, Stop> {
    python::equal(value, arguments.need(0)?)
}

/// `is` of Python, for the values where it means something: the type counts too.
fn same(_: &Session<'_>, value: &Value, arguments: &Bound) -> Result<bool, Stop> {
    let other = arguments.need(0)?;
    Ok(value.type_name() == other.type_name() && python::equal(value, other)?)
}

fn order(value: &Value, arguments: &Bound, wanted: &[Ordering]) -> Result<bool, Stop> {
    Ok(wanted.contains(&python::order(value, arguments.need(0)?)?))
}

fn any(_: &Session<'_>, value: &Value, _: &Bound) -> Result<bool, Stop> {
    for item in items(value)? {
        if python::truth(&item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn all(_: &Session<'_>, value: &Value, _: &Bound) -> Result<bool, Stop> {
    for item in items(value)? {
        if !python::truth(&item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn subset(small: &Value, large: &Value) -> Result<bool, Stop> {
    for item in list(small)? {
        if !python::contains(large, item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn remainder(value: &Value, divisor: i64) -> Result<i64, Stop> {
    let number = python::integer(value)
        .ok_or_else(|| Stop::error(format!("wants an integer, not a `{}`", value.type_name())))?;
    if divisor == 0 {
        return Err(Stop::error("division by zero"));
    }
    Ok(number.wrapping_rem(divisor))
}

/// Python's truth, or what the filter `bool` makes of it with `convert_bool=true`.
fn truthy(_: &Session<'_>, value: &Value, arguments: &Bound) -> Result<bool, Stop> {
    if arguments.flag(0, false)?
        && let Value::Str(text) = value
    {
        let text = text.as_str().trim().to_lowercase();
        match text.as_str() {
            "yes" | "on" | "1" | "true" | "t" | "y" | "1.0" => return Ok(true),
            "no" | "off" | "0" | "false" | "f" | "n" | "0.0" => return Ok(false),
            _ => {}
        }
    }
    python::truth(value)
}
