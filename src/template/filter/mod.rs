//! Filters, one family per file. A filter is one entry of its family's table.

mod comment;
mod conversion;
mod encoding;
mod json;
mod mapping;
pub(crate) mod network;
mod number;
mod order;
mod password;
mod path;
mod pick;
mod random;
mod regex;
mod sequence;
mod set;
pub(crate) mod text;
mod time;
pub(crate) mod together;
mod url;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::arguments::Bound;
use super::eval::Session;
use super::failure::Stop;
use crate::diagnostic::Diagnostic;
use crate::value::Value;

/// What a filter does.
pub(crate) type Run = fn(&Session<'_>, &Value, &Bound) -> Result<Value, Stop>;

/// A filter.
pub(crate) struct Filter {
    /// Its name without a collection.
    pub name: &'static str,
    /// Its parameters after the input; `*` and `**` as in [`Bound`].
    pub parameters: &'static [&'static str],
    /// Whether unknown values inside of its input are none of its business.
    pub partial: bool,
    /// What it does.
    pub run: Run,
}

/// A filter that needs all of its input.
const fn filter(name: &'static str, parameters: &'static [&'static str], run: Run) -> Filter {
    Filter { name, parameters, partial: false, run }
}

/// A filter that moves values around without looking into them.
const fn structural(name: &'static str, parameters: &'static [&'static str], run: Run) -> Filter {
    Filter { name, parameters, partial: true, run }
}

static FILTERS: LazyLock<HashMap<&'static str, &'static Filter>> = LazyLock::new(|| {
    let families = [
        comment::FILTERS,
        conversion::FILTERS,
        encoding::FILTERS,
        json::FILTERS,
        mapping::FILTERS,
        network::FILTERS,
        number::FILTERS,
        order::FILTERS,
        password::FILTERS,
        path::FILTERS,
        pick::FILTERS,
        random::FILTERS,
        regex::FILTERS,
        sequence::FILTERS,
        set::FILTERS,
        text::FILTERS,
        time::FILTERS,
        together::FILTERS,
        url::FILTERS,
    ];
    families.into_iter().flatten().map(|filter| (filter.name, filter)).collect()
});

/// Filters that the evaluator itself knows, since they look at undefined values.
static SPECIAL: [Filter; 3] = [
    structural("default", &["default_value", "boolean"], unchanged),
    structural("d", &["default_value", "boolean"], unchanged),
    structural("mandatory", &["msg"], unchanged),
];

#[expect(clippy::unnecessary_wraps, reason = "filters have one type")]
fn unchanged(_: &Session<'_>, input: &Value, _: &Bound) -> Result<Value, Stop> {
    Ok(input.clone())
}

/// Collections whose filters, tests and lookups are looked up without their prefix.
const COLLECTIONS: [&str; 6] = [
    "ansible.builtin.",
    "ansible.legacy.",
    "ansible.utils.",
    "ansible.netcommon.",
    "ansible.posix.",
    "community.general.",
];

/// A name without its collection.
pub(crate) fn plain_name(name: &str) -> &str {
    COLLECTIONS.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// Filters of Ansible that are not supported, and what to do in their place.
const REFUSED: [(&str, &str); 3] = [
    ("json_query", "write it with `selectattr`, `map(attribute=…)` and `dict2items`"),
    ("unvault", "vaulted values are decrypted when they are used"),
    ("vault", "encrypt with `mxprov vault`"),
];

/// All names.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = FILTERS.keys().copied().collect();
    names.extend(SPECIAL.iter().map(|filter| filter.name));
    names.sort_unstable();
    names
}

/// The filter of a name.
pub(crate) fn find(name: &str) -> Result<&'static Filter, Stop> {
    let plain = plain_name(name);
    let special = || SPECIAL.iter().find(|filter| filter.name == plain);
    if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == plain) {
        return Err(Stop::error(format!("the filter `{name}` is not supported")).hint(*why));
    }
    FILTERS.get(plain).copied().or_else(special).ok_or_else(|| {
        Diagnostic::new(format!("there is no filter `{name}`")).suggest(plain, names()).into()
    })
}
