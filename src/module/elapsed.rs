//! How long something is to take, and took: arguments and results in seconds.

use std::time::Duration;

use crate::remote::Output;
use crate::value::{Key, Value};

/// Seconds as an argument gives them; what is below zero is none.
pub fn seconds(value: i64) -> Duration {
    Duration::from_secs(u64::try_from(value).unwrap_or(0))
}

/// `elapsed`, out of the output of an action that says how long it waited.
pub fn elapsed_of(outputs: &[Output]) -> (Key, Value) {
    let said = outputs.first().map(|output| String::from_utf8_lossy(&output.stdout));
    let seconds = said.and_then(|said| said.trim().parse().ok()).unwrap_or(0);
    (Key::from("elapsed"), Value::Int(seconds))
}
