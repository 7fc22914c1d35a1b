//! The text that is being written, and where in it we are.

use super::Style;

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// The document itself.
    Root,
    /// An item of a list.
    Item,
    /// A key that fits on its line.
    Key,
    /// A value of a mapping, or a key after `?`.
    Entry,
}

/// The text so far.
pub struct Out<'a> {
    pub text: String,
    pub style: &'a Style,
    pub indent: usize,
    pub width: usize,
    /// Characters since the last line break.
    pub column: usize,
    /// Brackets that are open.
    pub flow: usize,
    /// Whether the last thing written needs no blank after it.
    pub whitespace: bool,
    /// Whether the line holds nothing but indentation and `-`, `?`, `:`.
    pub indention: bool,
}

impl<'a> Out<'a> {
    pub fn new(style: &'a Style) -> Self {
        let indent = if (2..=9).contains(&style.indent) { style.indent } else { 2 };
        let width = if style.width > indent * 2 { style.width } else { 80 };
        Self {
            text: String::new(),
            style,
            indent,
            width,
            column: 0,
            flow: 0,
            whitespace: true,
            indention: true,
        }
    }

    /// One level deeper. The first level of a block has no indentation.
    pub fn deeper(&self, indent: Option<usize>, flow: bool, indentless: bool) -> usize {
        match indent {
            None if flow => self.indent,
            None => 0,
            Some(indent) if indentless => indent,
            Some(indent) => indent + self.indent,
        }
    }

    pub fn put(&mut self, c: char) {
        self.text.push(c);
        self.column += 1;
    }

    pub fn put_break(&mut self, c: char) {
        self.text.push(c);
        self.column = 0;
    }

    /// A mark such as `-` or `[`, with a blank before it if one is needed.
    pub fn indicator(&mut self, mark: &str, needs_blank: bool) {
        if needs_blank && !self.whitespace {
            self.put(' ');
        }
        mark.chars().for_each(|c| self.put(c));
        self.whitespace = false;
        self.indention = false;
    }

    /// `-`, `?` or `:` of a block: what follows may stand on the same line.
    pub fn block_indicator(&mut self, mark: &str) {
        let indention = self.indention;
        self.indicator(mark, true);
        self.indention = indention;
    }

    /// An opening bracket: no blank is needed after it.
    pub fn bracket(&mut self, mark: &str) {
        self.indicator(mark, true);
        self.whitespace = true;
    }

    /// Goes to the column of `indent`, on a new line if there is something on this one.
    pub fn break_line(&mut self, indent: Option<usize>) {
        let indent = indent.unwrap_or(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }
}
