//! What kind of value it is.

use super::{Test, test};
use crate::template::python;
use crate::value::Value;

pub(super) const TESTS: &[Test] = &[
    test("none", &[], |_, v, _| Ok(*v == Value::Null)),
    test("string", &[], |_, v, _| Ok(matches!(v, Value::Str(_) | Value::Encrypted(_)))),
    test("boolean", &[], |_, v, _| Ok(matches!(v, Value::Bool(_)))),
    test("integer", &[], |_, v, _| Ok(matches!(v, Value::Int(_)))),
    test("float", &[], |_, v, _| Ok(matches!(v, Value::Float(_)))),
    test("number", &[], |_, v, _| {
        Ok(matches!(v, Value::Bool(_) | Value::Int(_) | Value::Float(_)))
    }),
    test("mapping", &[], |_, v, _| Ok(matches!(v, Value::Map(_)))),
    test("sequence", &[], |_, v, _| Ok(walkable(v))),
    test("iterable", &[], |_, v, _| Ok(walkable(v))),
    test("true", &[], |_, v, _| Ok(*v == Value::Bool(true))),
    test("false", &[], |_, v, _| Ok(*v == Value::Bool(false))),
    test("escaped", &[], |_, _, _| Ok(false)),
    test("lower", &[], |_, v, _| {
        let text = python::text(v)?;
        Ok(cased(&text) && !text.chars().any(char::is_uppercase))
    }),
    test("upper", &[], |_, v, _| {
        let text = python::text(v)?;
        Ok(cased(&text) && !text.chars().any(char::is_lowercase))
    }),
];

fn walkable(value: &Value) -> bool {
    matches!(value, Value::Str(_) | Value::List(_) | Value::Map(_))
}

fn cased(text: &str) -> bool {
    text.chars().any(|c| c.is_uppercase() || c.is_lowercase())
}
