//! Typed arguments: one declaration gives the struct, the check, the documentation.

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::value::Value;

/// The arguments of a task as they are given to a module, templates already rendered or not.
pub type Passed = IndexMap<String, Given>;

/// One argument as it is given.
#[derive(Debug, Clone)]
pub struct Given {
    /// Where its name stands.
    pub name: Option<Span>,
    /// Its value.
    pub value: Value,
    /// Where its value stands.
    pub span: Option<Span>,
}

/// What is known of an argument: for checks, `mxprov doc`, the editor schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentSpec {
    /// Its name.
    pub name: &'static str,
    /// Its other names.
    pub aliases: &'static [&'static str],
    /// Its type, as documentation says it.
    pub kind: &'static str,
    /// The values it may take; empty if it is free.
    pub choices: Vec<&'static str>,
    /// Whether it must be given.
    pub required: bool,
    /// Its default, as written in the declaration.
    pub default: Option<&'static str>,
    /// Whether people must not see its value.
    pub secret: bool,
    /// What it is for.
    pub doc: String,
}

/// Typed arguments.
pub trait Arguments: Sized {
    /// All arguments in the order of the declaration.
    fn specs() -> Vec<ArgumentSpec>;

    /// The typed arguments; every argument that is unknown, missing or mistyped is an error.
    fn read(passed: &Passed, at: Option<&Span>) -> Result<Self, Vec<Diagnostic>>;

    /// All that is wrong with arguments whose templates are not rendered yet.
    fn check(passed: &Passed, at: Option<&Span>) -> Vec<Diagnostic>;
}

/// A struct of typed arguments, declared with [`arguments!`](crate::arguments).
pub trait Declared: Sized {
    /// As [`Arguments::specs`].
    fn declared() -> Vec<ArgumentSpec>;

    /// The arguments out of those that are passed; none if any of them is missing or wrong, which
    /// the reader keeps.
    fn take(reader: &mut Reader<'_>) -> Option<Self>;
}

impl<T: Declared> Arguments for T {
    fn specs() -> Vec<ArgumentSpec> {
        T::declared()
    }

    fn read(passed: &Passed, at: Option<&Span>) -> Result<Self, Vec<Diagnostic>> {
        let specs = T::declared();
        let mut reader = Reader::new(&specs, passed, at);
        let arguments = T::take(&mut reader);
        reader.finish()?;
        let missing = || vec![Diagnostic::new("an argument is missing").at_maybe(at)];
        arguments.ok_or_else(missing)
    }

    fn check(passed: &Passed, at: Option<&Span>) -> Vec<Diagnostic> {
        let specs = T::declared();
        let mut reader = Reader::lenient(&specs, passed, at);
        // Whether they are complete shows only once they are rendered.
        let _: Option<T> = T::take(&mut reader);
        reader.finish().err().unwrap_or_default()
    }
}

/// Declares a struct of typed arguments.
///
/// `name: Type` is required unless the type is an `Option`; `name: Type = default` is not;
/// `name as "type"` gives it another name in YAML; `name | "alias"` adds other names.
/// `includes { field: Type, … }` after the struct: the arguments of another such struct are taken
/// too, into this field. `refuses { name, … }` after that: Ansible has them, this program says that
/// it has not.
#[macro_export]
macro_rules! arguments {
    (
        $(#[doc = $struct_doc:literal])*
        $visibility:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $field:ident $(as $yaml:literal)? $(| $alias:literal)* : $kind:ty $(= $default:expr)?
            ),* $(,)?
        }
        $(includes { $($set:ident : $set_kind:ty),* $(,)? })?
        $(refuses { $($refused:ident $(| $other:literal)*),* $(,)? })?
    ) => {
        $(#[doc = $struct_doc])*
        #[derive(Debug, Clone)]
        $visibility struct $name {
            $($(#[doc = $doc])* pub $field: $kind,)*
            $($(
                #[doc = concat!("See [`", stringify!($set_kind), "`].")]
                pub $set: $set_kind,
            )*)?
        }

        impl $crate::module::arguments::Declared for $name {
            fn declared() -> Vec<$crate::module::ArgumentSpec> {
                let own = vec![$($crate::module::ArgumentSpec {
                    name: $crate::arguments!(@name $field $($yaml)?),
                    aliases: &[$($alias),*],
                    kind: <$kind as $crate::module::Argument>::KIND,
                    choices: <$kind as $crate::module::Argument>::choices(),
                    required: $crate::arguments!(@required $kind $(, $default)?),
                    default: $crate::arguments!(@default $($default)?),
                    secret: <$kind as $crate::module::Argument>::SECRET,
                    doc: [$($doc),*].join("\n").trim().to_string(),
                },)*];
                let refused = vec![$($($crate::module::ArgumentSpec {
                    name: stringify!($refused),
                    aliases: &[$($other),*],
                    kind: <$crate::module::Unsupported as $crate::module::Argument>::KIND,
                    choices: vec![],
                    required: false,
                    default: None,
                    secret: false,
                    doc: "Not supported by mxprov.".to_string(),
                },)*)?];
                [
                    own,
                    $($(<$set_kind as $crate::module::arguments::Declared>::declared(),)*)?
                    refused,
                ]
                .concat()
            }

            fn take(reader: &mut $crate::module::arguments::Reader<'_>) -> Option<Self> {
                // All are looked at before any that is missing ends it.
                $(
                    let $field: Option<$kind> = reader.take($crate::arguments!(@name $field $($yaml)?))
                        $(.or_else(|| Some(<$kind as From<_>>::from($default))))?
                        .or_else(<$kind as $crate::module::Argument>::missing);
                )*
                $($(let $set = <$set_kind as $crate::module::arguments::Declared>::take(reader);)*)?
                $($(let _: Option<$crate::module::Unsupported> = reader.take(stringify!($refused));)*)?
                Some(Self { $($field: $field?,)* $($($set: $set?,)*)? })
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $yaml:literal) => { $yaml };
    (@required $kind:ty) => { <$kind as $crate::module::Argument>::missing().is_none() };
    (@required $kind:ty, $default:expr) => { false };
    (@default) => { None };
    (@default $default:expr) => { Some(stringify!($default)) };
}

/// Takes arguments one by one and collects all that is wrong with them.
pub struct Reader<'a> {
    specs: &'a [ArgumentSpec],
    passed: &'a Passed,
    at: Option<&'a Span>,
    lenient: bool,
    errors: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    /// Reads arguments whose templates are rendered.
    pub fn new(specs: &'a [ArgumentSpec], passed: &'a Passed, at: Option<&'a Span>) -> Self {
        let mut reader = Self { specs, passed, at, lenient: false, errors: vec![] };
        reader.refuse_unknown();
        reader
    }

    /// Reads arguments in which a template may stand for any value.
    pub fn lenient(specs: &'a [ArgumentSpec], passed: &'a Passed, at: Option<&'a Span>) -> Self {
        let mut reader = Self { specs, passed, at, lenient: true, errors: vec![] };
        reader.refuse_unknown();
        reader
    }

    /// The typed argument, if it is given and right.
    pub fn take<T: super::Argument>(&mut self, name: &'static str) -> Option<T> {
        let spec = self.specs.iter().find(|spec| spec.name == name)?;
        let Some((written, given)) = self.given(spec) else {
            if spec.required {
                let error = Diagnostic::new(format!("required argument `{name}` is missing"));
                self.errors.push(error.at_maybe(self.at));
            }
            return None;
        };
        if self.lenient && may_change(&given.value) {
            return None;
        }
        match T::read(&given.value) {
            Ok(value) => Some(value),
            Err(problem) => {
                let place = given.span.as_ref().or(given.name.as_ref()).or(self.at);
                let error = Diagnostic::new(format!("argument `{written}`: {problem}"));
                let error = match given.value.as_str() {
                    Some(text) if !spec.secret => error.suggest(text, spec.choices.iter().copied()),
                    _ => error,
                };
                self.errors.push(error.at_maybe(place));
                None
            }
        }
    }

    /// All that was wrong.
    pub fn finish(self) -> Result<(), Vec<Diagnostic>> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }

    fn given(&self, spec: &ArgumentSpec) -> Option<(&'a str, &'a Given)> {
        std::iter::once(&spec.name)
            .chain(spec.aliases)
            .find_map(|name| self.passed.get_key_value(*name))
            .filter(|(_, given)| !matches!(given.value, Value::Omit))
            .map(|(name, given)| (name.as_str(), given))
    }

    fn refuse_unknown(&mut self) {
        let names =
            || self.specs.iter().flat_map(|spec| std::iter::once(&spec.name).chain(spec.aliases));
        for (name, given) in self.passed {
            if !names().any(|known| known == name) {
                let error = Diagnostic::new(format!("unknown argument `{name}`"))
                    .at_maybe(given.name.as_ref().or(self.at))
                    .suggest(name, names().copied());
                self.errors.push(match error.hints.is_empty() {
                    true => error.hint(format!(
                        "it takes {}",
                        crate::diagnostic::list_or(self.specs.iter().map(|spec| spec.name))
                    )),
                    false => error,
                });
            }
        }
        for spec in self.specs {
            let written: Vec<&str> = std::iter::once(&spec.name)
                .chain(spec.aliases)
                .filter(|name| self.passed.contains_key(**name))
                .copied()
                .collect();
            if let [first, second, ..] = written[..] {
                let error =
                    Diagnostic::new(format!("`{first}` and `{second}` are the same argument"));
                let place = self.passed.get(second).and_then(|given| given.name.as_ref());
                self.errors.push(error.at_maybe(place.or(self.at)));
            }
        }
    }
}

/// Whether a value holds something that only rendering tells.
fn may_change(value: &Value) -> bool {
    match value {
        Value::Str(text) => text.is_template(),
        Value::List(items) => items.iter().any(may_change),
        Value::Map(map) => map.values().any(may_change),
        Value::Encrypted(_) | Value::Unknown(_) | Value::Omit => true,
        _ => false,
    }
}
