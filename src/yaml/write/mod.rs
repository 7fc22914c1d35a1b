//! Values as YAML text, byte for byte as Ansible's `to_yaml` and `to_nice_yaml` print them.
//!
//! The layout rules are those of libyaml 0.2.5 (MIT licence), which Ansible prints with.

mod analysis;
mod collection;
mod number;
mod out;
mod scalar;
#[cfg(test)]
mod tests;

use crate::value::Value;

use out::Out;

/// Which collections stand in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// None but empty ones.
    Never,
    /// Those that hold only scalars: `default_flow_style=None`.
    Leaves,
    /// All.
    Always,
}

/// How YAML is to look.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the options of Ansible's filters")]
pub struct Style {
    /// Blanks per level; 2 to 9, others count as 2.
    pub indent: usize,
    /// The column after which long text is folded; anything not above twice the indent counts as 80.
    pub width: usize,
    /// Whether keys are sorted.
    pub sort_keys: bool,
    /// Which collections stand in brackets.
    pub flow: Flow,
    /// Whether `---` stands before the document.
    pub explicit_start: bool,
    /// Whether `...` stands after the document.
    pub explicit_end: bool,
    /// Whether characters outside ASCII stand as they are.
    pub unicode: bool,
}

impl Style {
    /// As the filter `to_yaml` prints.
    pub fn plain() -> Self {
        Self {
            indent: 2,
            width: 80,
            sort_keys: true,
            flow: Flow::Leaves,
            explicit_start: false,
            explicit_end: false,
            unicode: true,
        }
    }

    /// As the filter `to_nice_yaml` prints.
    pub fn nice() -> Self {
        Self { indent: 4, flow: Flow::Never, ..Self::plain() }
    }

    /// For files that we write: keys in their order, no folding, two blanks per level.
    pub fn file() -> Self {
        Self { flow: Flow::Never, width: usize::MAX, sort_keys: false, ..Self::plain() }
    }
}

/// A value as one YAML document that ends in a newline. Secrets stand in clear; a vaulted value that
/// nobody has opened stays `!vault`; unknown and omitted values are null.
pub fn to_yaml(value: &Value, style: &Style) -> String {
    let mut out = Out::new(style);
    if style.explicit_start {
        out.indicator("---", true);
    }
    out.node(value, out::Context::Root, None);
    out.break_line(None);
    if style.explicit_end {
        out.indicator("...", true);
        out.break_line(None);
    }
    out.text
}
