//! What became of a task whose result was registered.

use super::{Test, test};
use crate::template::failure::{Stop, known};
use crate::template::{member, python};
use crate::value::{Key, Value};

pub(super) const TESTS: &[Test] = &[
    test("failed", &[], |_, v, _| failed(v)),
    test("failure", &[], |_, v, _| failed(v)),
    test("success", &[], |_, v, _| failed(v).map(|failed| !failed)),
    test("succeeded", &[], |_, v, _| failed(v).map(|failed| !failed)),
    test("successful", &[], |_, v, _| failed(v).map(|failed| !failed)),
    test("changed", &[], |_, v, _| changed(v)),
    test("change", &[], |_, v, _| changed(v)),
    test("skipped", &[], |_, v, _| flag(v, "skipped")),
    test("skip", &[], |_, v, _| flag(v, "skipped")),
    test("started", &[], |_, v, _| flag(v, "started")),
    test("finished", &[], |_, v, _| flag(v, "finished")),
    test("timedout", &[], |_, v, _| flag(v, "timedout")),
    test("unreachable", &[], |_, v, _| flag(v, "unreachable")),
    test("reachable", &[], |_, v, _| flag(v, "unreachable").map(|unreachable| !unreachable)),
];

fn flag(value: &Value, name: &str) -> Result<bool, Stop> {
    let Value::Map(result) = value else {
        let found = value.type_name();
        return Err(Stop::error(format!("wants the registered result of a task, not a `{found}`")));
    };
    let flag = member::of(result, &Key::from(name))?;
    flag.map_or(Ok(false), |flag| python::truth(&known(flag.clone())?))
}

fn failed(value: &Value) -> Result<bool, Stop> {
    flag(value, "failed")
}

/// The result's own word, or that of any of a loop's results.
fn changed(value: &Value) -> Result<bool, Stop> {
    if value.get("changed").is_some() {
        return flag(value, "changed");
    }
    let Some(Value::List(results)) = value.get("results") else { return flag(value, "changed") };
    for result in results.iter().filter(|result| matches!(result, Value::Map(_))) {
        if flag(result, "changed")? {
            return Ok(true);
        }
    }
    Ok(false)
}
