//! Scalars: the choice of quotes, escapes, folding.

use super::analysis::{analyze, is_break, is_printable, reads_as_other};
use super::out::{Context, Out};

impl Out<'_> {
    /// Writes a string with the quotes that it needs.
    pub fn string(&mut self, text: &str, context: Context, indent: Option<usize>) {
        let chars: Vec<char> = text.chars().collect();
        let analysis = analyze(&chars, self.style.unicode);
        let key = context == Context::Key;
        let allowed = if self.flow > 0 { analysis.flow_plain } else { analysis.block_plain };
        let empty = chars.is_empty() && (self.flow > 0 || key);
        if allowed && !empty && !reads_as_other(text) {
            self.plain(text, context, indent);
        } else if analysis.single && !(key && analysis.multiline) {
            self.single_quoted(&chars, key, indent);
        } else {
            self.double_quoted(&chars, key, indent);
        }
    }

    /// Writes a text without quotes.
    pub fn plain(&mut self, text: &str, context: Context, indent: Option<usize>) {
        let inner = Some(self.deeper(indent, true, false));
        if !self.whitespace {
            self.put(' ');
        }
        let chars: Vec<char> = text.chars().collect();
        let mut spaces = false;
        for (index, c) in chars.iter().enumerate() {
            if *c == ' ' {
                let fold = context != Context::Key
                    && !spaces
                    && self.column > self.width
                    && chars.get(index + 1) != Some(&' ');
                if fold {
                    self.break_line(inner);
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else {
                self.put(*c);
                self.indention = false;
                spaces = false;
            }
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn single_quoted(&mut self, chars: &[char], key: bool, indent: Option<usize>) {
        let inner = Some(self.deeper(indent, true, false));
        self.indicator("'", true);
        let (mut spaces, mut breaks) = (false, false);
        for (index, c) in chars.iter().enumerate() {
            if *c == ' ' {
                let fold = !key
                    && !spaces
                    && self.column > self.width
                    && index != 0
                    && index + 1 != chars.len()
                    && chars.get(index + 1) != Some(&' ');
                if fold {
                    self.break_line(inner);
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else if is_break(*c) {
                if !breaks && *c == '\n' {
                    self.put_break('\n');
                }
                self.put_break(*c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.break_line(inner);
                }
                self.put(*c);
                if *c == '\'' {
                    self.put('\'');
                }
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
        }
        if breaks {
            self.break_line(inner);
        }
        self.indicator("'", false);
    }

    fn double_quoted(&mut self, chars: &[char], key: bool, indent: Option<usize>) {
        let inner = Some(self.deeper(indent, true, false));
        self.indicator("\"", true);
        let mut spaces = false;
        for (index, c) in chars.iter().enumerate() {
            let raw = is_printable(*c) && !is_break(*c) && (c.is_ascii() || self.style.unicode);
            if !raw || matches!(c, '"' | '\\') {
                self.escape(*c);
                spaces = false;
            } else if *c == ' ' {
                let fold = !key
                    && !spaces
                    && self.column > self.width
                    && index != 0
                    && index + 1 != chars.len();
                if fold {
                    self.break_line(inner);
                    if chars.get(index + 1) == Some(&' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else {
                self.put(*c);
                spaces = false;
            }
        }
        self.indicator("\"", false);
    }

    fn escape(&mut self, c: char) {
        let code = c as u32;
        let text = match c {
            '\0' => "\\0".to_string(),
            '\u{7}' => "\\a".to_string(),
            '\u{8}' => "\\b".to_string(),
            '\t' => "\\t".to_string(),
            '\n' => "\\n".to_string(),
            '\u{b}' => "\\v".to_string(),
            '\u{c}' => "\\f".to_string(),
            '\r' => "\\r".to_string(),
            '\u{1b}' => "\\e".to_string(),
            '"' => "\\\"".to_string(),
            '\\' => "\\\\".to_string(),
            '\u{85}' => "\\N".to_string(),
            '\u{a0}' => "\\_".to_string(),
            '\u{2028}' => "\\L".to_string(),
            '\u{2029}' => "\\P".to_string(),
            _ if code <= 0xff => format!("\\x{code:02X}"),
            _ if code <= 0xffff => format!("\\u{code:04X}"),
            _ => format!("\\U{code:08X}"),
        };
        text.chars().for_each(|c| self.put(c));
    }

    /// A vaulted value as it stands in a file.
    pub fn vaulted(&mut self, envelope: &str, indent: Option<usize>) {
        let inner = Some(self.deeper(indent, true, false));
        self.indicator("!vault", true);
        self.indicator("|", true);
        for line in envelope.lines() {
            self.break_line(inner);
            line.trim().chars().for_each(|c| self.put(c));
            self.indention = false;
            self.whitespace = false;
        }
    }
}
