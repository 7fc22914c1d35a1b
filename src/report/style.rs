//! Colours, if there are to be any.

use anstyle::{AnsiColor, Style as Ansi};

/// Whether and how text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether there are colours at all.
    pub colour: bool,
}

impl Style {
    fn paint(self, style: Ansi, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_string()
        }
    }

    fn foreground(self, colour: AnsiColor, text: &str) -> String {
        self.paint(Ansi::new().fg_color(Some(colour.into())), text)
    }

    /// What is added, or done.
    pub fn good(self, text: &str) -> String {
        self.foreground(AnsiColor::Green, text)
    }

    /// What is removed, or failed.
    pub fn bad(self, text: &str) -> String {
        self.foreground(AnsiColor::Red, text)
    }

    /// What changes.
    pub fn change(self, text: &str) -> String {
        self.foreground(AnsiColor::Yellow, text)
    }

    /// What is not known yet.
    pub fn unknown(self, text: &str) -> String {
        self.foreground(AnsiColor::Cyan, text)
    }

    /// What matters less.
    pub fn faint(self, text: &str) -> String {
        self.paint(Ansi::new().dimmed(), text)
    }

    /// What is to be seen first.
    pub fn strong(self, text: &str) -> String {
        self.paint(Ansi::new().bold(), text)
    }

    /// The changed words of a removed line.
    pub fn bad_words(self, text: &str) -> String {
        self.paint(Ansi::new().fg_color(Some(AnsiColor::Red.into())).invert(), text)
    }

    /// The changed words of an added line.
    pub fn good_words(self, text: &str) -> String {
        self.paint(Ansi::new().fg_color(Some(AnsiColor::Green.into())).invert(), text)
    }
}
