//! Expressions and templates: Ansible's Jinja2 with its filters, tests and lookups, and values that
//! are not known yet. The only code that sees the template parser.

mod address;
mod arguments;
mod bcrypt;
mod check;
mod condition;
mod context;
mod crypt;
mod eval;
mod failure;
mod file;
mod filter;
mod function;
mod header;
mod json_text;
mod lookup;
mod mersenne;
mod method;
mod overlay;
mod place;
mod program;
mod python;
mod regex;
mod secret;
mod syntax;
mod templar;
mod test;
mod text_format;
mod time;

pub use context::{Contents, Context, Decrypt, Files, Folder, Kind, Scope};
pub use failure::Failure;
pub use syntax::Dialect;
pub use templar::Templar;

/// The names of all filters, tests and lookups, for documentation and completion.
pub fn names() -> Names {
    Names {
        filters: filter::names(),
        tests: test::names(),
        lookups: lookup::names(),
        functions: function::FUNCTIONS.to_vec(),
    }
}

/// The names of what templates may use.
#[derive(Debug, Clone)]
pub struct Names {
    /// Filters.
    pub filters: Vec<&'static str>,
    /// Tests.
    pub tests: Vec<&'static str>,
    /// Lookups.
    pub lookups: Vec<&'static str>,
    /// Functions.
    pub functions: Vec<&'static str>,
}

#[cfg(test)]
mod harness;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
