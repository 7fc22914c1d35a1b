//! What a template may say about its own syntax.

/// Delimiters and the treatment of white space: the options of the module `template`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "they are the options of a template")]
pub struct Dialect {
    /// The first newline after a block tag is dropped.
    pub trim_blocks: bool,
    /// A backslash in a string literal is just that, as in the strings of playbooks: `'\1'` needs no
    /// doubling. A backslash before a quote still keeps it.
    pub literal_backslashes: bool,
    /// Blanks before a block tag are dropped.
    pub lstrip_blocks: bool,
    /// The last newline stays.
    pub keep_trailing_newline: bool,
    /// `{%` and `%}`.
    pub block: (String, String),
    /// `{{` and `}}`.
    pub variable: (String, String),
    /// `{#` and `#}`.
    pub comment: (String, String),
}

impl Dialect {
    /// The settings for strings of YAML files.
    pub(crate) fn scalar() -> Self {
        Self { literal_backslashes: true, ..Self::default() }
    }
}

impl Default for Dialect {
    /// Ansible's settings for template files.
    fn default() -> Self {
        let pair = |start: &str, end: &str| (start.to_string(), end.to_string());
        Self {
            trim_blocks: true,
            literal_backslashes: false,
            lstrip_blocks: false,
            keep_trailing_newline: true,
            block: pair("{%", "%}"),
            variable: pair("{{", "}}"),
            comment: pair("{#", "#}"),
        }
    }
}
