//! The proxy's own log: JSON on stdout.

use std::io::Write as _;

use serde_json::json;

/// One line. A stdout that is gone is nobody's loss.
pub fn say(level: &str, message: &str, fields: &[(&str, &str)]) {
    let mut line = json!({ "level": level });
    for (name, value) in fields {
        line[*name] = json!(value);
    }
    line["time"] = json!(jiff::Timestamp::now().to_string());
    line["message"] = json!(message);
    drop(writeln!(std::io::stdout(), "{line}"));
}
