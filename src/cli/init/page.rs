//! YAML for people: values with what they are for, and offers that are commented out.

use crate::value::Value;
use crate::yaml::{Flow, Style, to_yaml};

/// Lines of YAML, at one depth.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
    depth: usize,
}

impl Page {
    /// Starts with these lines.
    pub fn begin(text: &str) -> Self {
        Self { text: text.to_owned(), depth: 0 }
    }

    /// What follows stands this deep.
    pub fn at(&mut self, depth: usize) -> &mut Self {
        self.depth = depth;
        self
    }

    /// A comment; an empty line stands before it.
    pub fn say(&mut self, comment: &str) -> &mut Self {
        self.text.push('\n');
        for line in comment.lines() {
            self.line(&format!("# {line}"));
        }
        self
    }

    /// A key whose value follows deeper.
    pub fn open(&mut self, key: &str) -> &mut Self {
        self.line(&format!("{key}:"));
        self.depth += 1;
        self
    }

    /// A key with its value on the same line.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) -> &mut Self {
        let entry = entry(key, &value.into());
        self.line(&entry);
        self
    }

    /// The same, commented out.
    pub fn offer(&mut self, text: &str) -> &mut Self {
        for line in text.lines() {
            self.line(&format!("# {line}"));
        }
        self
    }

    /// The whole text.
    pub fn text(self) -> String {
        self.text
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(&"  ".repeat(self.depth));
        self.text.push_str(line);
        self.text.push('\n');
    }
}

fn entry(key: &str, value: &Value) -> String {
    let style = Style { flow: Flow::Always, width: usize::MAX, sort_keys: false, ..Style::plain() };
    let value = to_yaml(value, &style);
    format!("{key}: {}", value.trim_end().trim_end_matches("\n..."))
}
