//! The composer on texts: positions, types, anchors, and what is wrong with bad ones.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::value::Key;

fn source(text: &str) -> Arc<Source> {
    Source::new("a.yml", text)
}

fn read(text: &str) -> Node {
    parse_one(&source(text)).unwrap()
}

fn value(text: &str) -> Value {
    read(text).to_value()
}

/// `message` then the hints, as `line:col: message | hint`.
fn fails(text: &str) -> String {
    let problem = parse(&source(text)).unwrap_err();
    let hints: String = problem.hints.iter().map(|hint| format!(" | {hint}")).collect();
    format!("{problem}{hints}").replacen("a.yml:", "", 1)
}

#[test]
fn every_node_knows_its_place() {
    let node = read("# c\na: one two  # c\nb:\n  - 'x y'\n  - {k: v, l: [1, 2]}\nc: \"é\"\nd: z\n");
    let (key, text) = node.entry("a").unwrap();
    assert_eq!((key.span.text(), text.span.text()), ("a", "one two"));
    let items = node.entry("b").unwrap().1;
    assert_eq!(items.span.text(), "- 'x y'\n  - {k: v, l: [1, 2]}");
    let items = items.as_sequence().unwrap();
    assert_eq!(items[0].span.text(), "'x y'");
    let Content::Scalar(Value::Str(text)) = &items[0].content else { panic!("a string") };
    assert_eq!(text.origin().unwrap().text(), "x y");
    assert_eq!(items[1].span.text(), "{k: v, l: [1, 2]}");
    assert_eq!(node.entry("d").unwrap().1.span.to_string(), "a.yml:7:4");
    assert!(node.span.text().starts_with("a: one"));
    assert!(node.span.text().ends_with("d: z"));
}

#[test]
fn plain_words_have_types_and_quoted_ones_are_strings() {
    assert_eq!(
        value("[yes, 'yes', 0644, \"0644\", ~, 1.5, 2024-01-01, a b]"),
        Value::list([
            Value::Bool(true),
            Value::data("yes"),
            Value::Int(420),
            Value::data("0644"),
            Value::Null,
            Value::Float(1.5),
            Value::data("2024-01-01"),
            Value::data("a b"),
        ])
    );
    let map = value("on: 1\n2: 3\n");
    assert_eq!(map.as_map().unwrap().get(&Key::Bool(true)), Some(&Value::Int(1)));
    assert_eq!(map.as_map().unwrap().get(&Key::Int(2)), Some(&Value::Int(3)));
}

#[test]
fn strings_are_templates_unless_unsafe() {
    let is_template = |text: &str| match value(text) {
        Value::Str(text) => text.is_template(),
        other => panic!("{other:?}"),
    };
    assert!(is_template("'{{ a }}'"));
    assert!(!is_template("!unsafe '{{ a }}'"));
    let map = value("!unsafe {a: ['{{ b }}', 5]}");
    let Value::Str(inner) = &map.get("a").unwrap().as_list().unwrap()[0] else {
        panic!("a string")
    };
    assert!(!inner.is_template());
    assert_eq!(value("!unsafe 5"), Value::Int(5));
}

#[test]
fn vaulted_values_are_encrypted() {
    let node = read("a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3031\nb: 1\n");
    let encrypted = node.entry("a").unwrap().1.encrypted().unwrap();
    assert_eq!(encrypted.envelope, "$ANSIBLE_VAULT;1.1;AES256\n3031\n");
    assert_eq!(encrypted.origin.as_ref().unwrap().to_string(), "a.yml:2:3");
    assert_eq!(
        fails("a: !vault x"),
        "1:11: a `!vault` value must start with `$ANSIBLE_VAULT;` | make one with `mxprov vault encrypt-string`, and keep its lines in a `|` block"
    );
}

#[test]
fn merge_keys_give_defaults() {
    let map = value("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  c: 9\n  <<: [*x, *y]\n  d: 5\n");
    let expected =
        Value::map([("a", 1), ("b", 2), ("c", 9), ("d", 5)].map(|(k, v)| (k, Value::Int(v))));
    assert_eq!(map.get("z"), Some(&expected));
    assert!(fails("a: {<<: 5}").starts_with("1:9: `<<` merges mappings"));
}

#[test]
fn block_scalars_keep_their_lines() {
    assert_eq!(value("|\n  a\n   b\n\n"), Value::data("a\n b\n"));
    assert_eq!(value(">-\n  a\n  b\n\n  c\n"), Value::data("a b\nc"));
    assert_eq!(value("a: |\n  x"), Value::map([("a", Value::data("x"))]));
    assert_eq!(value("a: |\n  x\n  "), Value::map([("a", Value::data("x\n"))]));
    assert_eq!(value("a: |\n  x\n# c"), Value::map([("a", Value::data("x\n"))]));
    assert_eq!(value("a: |\r\n  x\r\n  y\r\nb: 1\r\n").get("a"), Some(&Value::data("x\ny\n")));
    let node = read("a: |\n  one\n  {{ two }}\nb: 1\n");
    let Content::Scalar(Value::Str(text)) = &node.entry("a").unwrap().1.content else { panic!() };
    let at = text.as_str().find("two").unwrap();
    assert_eq!(place(text.origin().unwrap(), text.as_str(), at..at + 3).to_string(), "a.yml:3:6");
}

#[test]
fn a_leading_byte_order_mark_and_several_documents_are_read() {
    assert_eq!(parse(&source("\u{feff}a: 1\n---\nb: 2\n")).unwrap().len(), 2);
    assert_eq!(read("\u{feff}a: 1\n").entry("a").unwrap().1.span.text(), "1");
    assert!(
        parse_one(&source("a: 1\n---\nb: 2\n")).unwrap_err().to_string().starts_with("a.yml:3:1: ")
    );
    assert!(read("").is_null());
    assert!(read("# only a comment\n").is_null());
}

#[test]
fn json_is_read() {
    assert_eq!(
        value("{\n\t\"a\": [true, null, \"x\\/y\"],\n\t\"b\": {}\n}"),
        Value::map([
            ("a", Value::list([Value::Bool(true), Value::Null, Value::data("x/y")])),
            ("b", Value::map::<&str>([])),
        ])
    );
}

#[test]
fn duplicate_keys_are_refused_at_the_second() {
    let problem = parse(&source("a:\n  b: 1\n  c: 2\n  b: 3\n")).unwrap_err();
    assert_eq!(problem.to_string(), "a.yml:4:3: the key `b` is defined twice");
    assert_eq!(problem.labels[0].span.to_string(), "a.yml:2:3");
}

#[test]
fn unquoted_templates_are_told_so() {
    let expected = "a value that starts with a template needs quotes | write `\"{{ b }}\"`";
    assert_eq!(fails("x: 1\na: {{ b }}\n"), format!("2:4: {expected}"));
    assert_eq!(fails("- {{ b }}\n"), format!("1:3: {expected}"));
    let rest = "a value that starts with a template needs quotes | write `\"{{ b }}/c\"`";
    assert_eq!(fails("a: {{ b }}/c\nd: 1\n"), format!("1:4: {rest}"));
    assert!(fails("a: {{ b['c'] }}\n").contains("needs quotes"));
    assert!(fails("a: {{ b }}: c\n").contains("needs quotes"));
}

#[test]
fn tabs_and_odd_characters_are_named() {
    assert_eq!(fails("a:\n\tb: 1\n"), "2:1: a tab cannot indent YAML | replace the tab by spaces");
    let second = fails("a:\n  b: 1\n\tc: 1\n");
    assert!(second.starts_with("3:1: a tab cannot indent YAML"), "{second}");
    assert!(fails("a: b\0c\n").starts_with("1:5: the file holds a NUL byte"));
    assert!(fails("a: b\u{7}c\n").starts_with("1:5: the control character U+0007"));
    assert!(fails("a: 1\n\u{feff}b: 2\n").starts_with("2:1: a byte order mark"));
}

#[test]
fn broken_texts_say_where_and_what() {
    let colon = fails("msg: done: now\n");
    assert_eq!(
        colon,
        "1:6: this value holds `: `, which YAML takes for another key | put the whole value in quotes"
    );
    assert!(
        fails("a: 'x\n").starts_with("1:4: a quote is opened and not closed"),
        "{}",
        fails("a: 'x\n")
    );
    assert!(fails("a: [1, 2\n").contains("never closed"), "{}", fails("a: [1, 2\n"));
    assert!(
        fails("a: @b\n").starts_with("1:4: a value cannot start with `@`"),
        "{}",
        fails("a: @b\n")
    );
    assert!(fails("a: !nope x\n").starts_with("1:4: the tag `!nope` is not supported here"));
    assert!(fails("a: *b\n").starts_with("1:4: this alias has no anchor before it"));
    assert!(fails("a: &a [*a]\n").starts_with("1:8: this alias stands inside its own anchor"));
    assert!(fails("[a]: 1\n").starts_with("1:1: a key must be"));
    assert!(fails("a: 1\n  b: 2\n").starts_with("2:"), "{}", fails("a: 1\n  b: 2\n"));
    assert!(fails("a:\n  - 1\n  b: 2\n").starts_with("3:"), "{}", fails("a:\n  - 1\n  b: 2\n"));
}

#[test]
fn an_open_quote_is_found_where_it_starts() {
    let problem = fails("a: \"x\nb: 'c'\nd: 1\n");
    assert!(problem.starts_with("1:4: a quote is opened and not closed"), "{problem}");
}

#[test]
fn attacks_are_stopped() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_string();
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert!(fails(&laughs).contains("aliases blow this document up"));
    assert!(fails(&"[".repeat(5000)).contains("nested too deeply"));
    assert!(fails(&"- ".repeat(5000)).contains("nested too deeply"));
}

proptest! {
    /// Whatever the text, it is read or refused with a place; nothing panics.
    #[test]
    fn any_text_is_read_or_refused(
        text in prop_oneof![
            "[a-c0-9 \\n\\t\\r:#,'\"\\-\\[\\]{}?!&*|>%@`~<é\u{feff}\\\\]{0,60}",
            "(- |  |\n|a: |\\{\\{ b \\}\\}|!vault |<<: |&a |\\*a|\\||'|\"|\\t){0,20}",
            any::<String>(),
        ]
    ) {
        if let Err(problem) = parse(&source(&text)) {
            prop_assert!(problem.span.is_some(), "{:?}", problem);
            let _ = problem.span.unwrap().line_column();
        }
    }
}
