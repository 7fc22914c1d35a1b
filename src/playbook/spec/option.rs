//! The options of a specification.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostic::Span;
use crate::value::Value;

/// One entry point of a role: `main`, or the name of a file for `tasks_from`.
#[derive(Debug)]
pub struct EntryPoint {
    /// `short_description`.
    pub short_description: Option<String>,
    /// `description`, one paragraph each.
    pub description: Vec<String>,
    /// Its options.
    pub options: Arc<Options>,
}

/// Options by name, and what must hold between them.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// By name.
    pub by_name: IndexMap<String, Opt>,
    /// `required_one_of`
    pub required_one_of: Vec<Vec<String>>,
    /// `required_together`
    pub required_together: Vec<Vec<String>>,
    /// `mutually_exclusive`
    pub mutually_exclusive: Vec<Vec<String>>,
    /// `required_if`
    pub required_if: Vec<RequiredIf>,
    /// `required_by`: option to what it needs.
    pub required_by: Vec<(String, Vec<String>)>,
}

impl Options {
    /// The names under which options may be given, aliases included.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.by_name.iter().flat_map(|(name, option)| std::iter::once(name).chain(&option.aliases))
    }
}

/// "If the option has the value, these must be there".
#[derive(Debug, Clone)]
pub struct RequiredIf {
    /// The option.
    pub option: String,
    /// Its value.
    pub value: Value,
    /// What must be there then.
    pub needed: Vec<String>,
    /// Whether one of them is enough.
    pub any: bool,
}

/// One option.
#[derive(Debug, Clone)]
pub struct Opt {
    /// Where it stands.
    pub span: Span,
    /// `type`; `str` if not written.
    pub kind: Kind,
    /// `elements`, for lists.
    pub elements: Option<Kind>,
    /// `required`.
    pub required: bool,
    /// `default`.
    pub default: Option<Value>,
    /// `choices`.
    pub choices: Option<Vec<Value>>,
    /// `aliases`.
    pub aliases: Vec<String>,
    /// `no_log`: the value is a secret.
    pub no_log: bool,
    /// `description`, one paragraph each.
    pub description: Vec<String>,
    /// `options`, for `dict` and lists of `dict`.
    pub options: Option<Arc<Options>>,
}

/// The types of options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `str`
    Str,
    /// `list`
    List,
    /// `dict`
    Dict,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `float`
    Float,
    /// `path`
    Path,
    /// `raw`
    Raw,
    /// `jsonarg`
    JsonArg,
    /// `json`
    Json,
    /// `bytes`
    Bytes,
    /// `bits`
    Bits,
}

impl Kind {
    /// All names, in the order of Ansible's documentation.
    pub const NAMES: [&str; 12] = [
        "str", "list", "dict", "bool", "int", "float", "path", "raw", "jsonarg", "json", "bytes",
        "bits",
    ];

    /// The name.
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|name| Self::from_name(name) == Some(self)).unwrap_or("raw")
    }

    /// The type of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "str" => Self::Str,
            "list" => Self::List,
            "dict" => Self::Dict,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "float" => Self::Float,
            "path" => Self::Path,
            "raw" => Self::Raw,
            "jsonarg" => Self::JsonArg,
            "json" => Self::Json,
            "bytes" => Self::Bytes,
            "bits" => Self::Bits,
            _ => return None,
        })
    }
}
