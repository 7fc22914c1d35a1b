//! What real Ansible prints stands in `tests/yaml/emit.json`; `observe.py` beside it renews it.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Source;
use crate::value::Key;

/// A value in the cases: JSON, and `{"!pairs": [[key, value], …]}` for keys that JSON cannot have.
fn value(json: &serde_json::Value) -> Value {
    if let Some(items) = json.as_array() {
        return Value::list(items.iter().map(value));
    }
    let Some(map) = json.as_object() else { return Value::from_json(json) };
    match map.get("!float").and_then(serde_json::Value::as_str) {
        Some(text) => return Value::Float(text.parse().unwrap()),
        None if map.contains_key("!pairs") => {}
        None => return Value::map(map.iter().map(|(key, inner)| (key.as_str(), value(inner)))),
    }
    let pairs = map["!pairs"].as_array().unwrap();
    let pair =
        |pair: &serde_json::Value| (Key::from_value(&value(&pair[0])).unwrap(), value(&pair[1]));
    Value::Map(pairs.iter().map(pair).collect::<crate::value::Map>().into())
}

#[test]
fn yaml_is_printed_as_ansible_prints_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/yaml/emit.json");
    let cases: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = cases.as_array().unwrap();
    assert!(cases.len() > 100, "the cases are not there");
    let mut wrong = Vec::new();
    for case in cases {
        let data = value(&case["value"]);
        let options = &case["options"];
        for (name, style) in [("to_yaml", Style::plain()), ("to_nice_yaml", Style::nice())] {
            let mut style = style;
            if let Some(width) = options["width"].as_u64() {
                style.width = usize::try_from(width).unwrap();
            }
            if let Some(indent) = options["indent"].as_u64() {
                style.indent = usize::try_from(indent).unwrap();
            }
            style.sort_keys = options["sort_keys"].as_bool().unwrap_or(true);
            style.explicit_start = options["explicit_start"].as_bool().unwrap_or(false);
            style.explicit_end = options["explicit_end"].as_bool().unwrap_or(false);
            if let Some(flow) = options["default_flow_style"].as_bool() {
                style.flow = if flow { Flow::Always } else { Flow::Never };
            }
            let (ours, theirs) = (to_yaml(&data, &style), case[name].as_str().unwrap());
            if ours != theirs {
                wrong.push(format!(
                    "{name} {options} of {data:?}\n ours   {ours:?}\n theirs {theirs:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[a-c \\n:#,'\"\\-\\[\\]{}?!&*|>%@`]{0,20}",
        any::<String>().prop_map(|text| text
            .chars()
            .filter(|c| !matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'))
            .collect()),
        "[a-z ]{60,200}",
        "[0-9:.eE_+\\-x]{1,8}",
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any_text().prop_map(Value::data),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::list),
            proptest::collection::vec((any_text(), inner), 0..5).prop_map(Value::map),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(value in any_value()) {
        for style in [Style::plain(), Style::nice(), Style::file()] {
            let text = to_yaml(&value, &style);
            let read = crate::yaml::parse_data(&Source::new("printed", text.clone()));
            match read {
                Ok(read) => prop_assert_eq!(&read, &value, "{}", text),
                Err(problem) => prop_assert!(false, "{}\n{}", problem, text),
            }
        }
    }
}
