//! Chance. With a seed the results are those of Python's `random.Random(seed)`, so that a value
//! derived from a host's name is the same in Ansible.

use super::{Filter, filter};
use crate::template::arguments::{Bound, items};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::mersenne::Mersenne;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    filter("random", &["start", "step", "seed"], random),
    filter("shuffle", &["seed"], shuffle),
    filter("random_mac", &["seed"], random_mac),
];

/// Where numbers come from.
enum Source {
    Seeded(Box<Mersenne>),
    System,
}

impl Source {
    fn of(seed: Option<&Value>) -> Result<Self, Stop> {
        Ok(match seed {
            None => Self::System,
            Some(Value::Int(seed)) => {
                Self::Seeded(Box::new(Mersenne::from_integer(seed.unsigned_abs())))
            }
            Some(seed) => Self::Seeded(Box::new(Mersenne::from_text(&python::text(seed)?))),
        })
    }

    /// A number below `limit`, which is not 0.
    fn below(&mut self, limit: u64) -> u64 {
        match self {
            Self::Seeded(mersenne) => mersenne.below(limit),
            Self::System => rand::random_range(0..limit),
        }
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap_or(1))).unwrap_or(0)
    }
}

fn random(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let mut source = Source::of(arguments.set(2))?;
    if let Value::Int(end) = input {
        let (start, step) = (arguments.integer(0, 0)?, arguments.integer(1, 1)?);
        let width = end.checked_sub(start).filter(|width| *width > 0 && step > 0);
        let Some(width) = width else {
            return Err(Stop::error(format!("there is no number from {start} below {end}")));
        };
        let count = u64::try_from((width + step - 1) / step).unwrap_or(1);
        let chosen = i64::try_from(source.below(count)).unwrap_or(0);
        return Ok(Value::Int(start + step * chosen));
    }
    let values = items(input)?;
    if values.is_empty() {
        return Err(Stop::error("cannot choose from nothing"));
    }
    Ok(values[source.index(values.len())].clone())
}

fn shuffle(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let mut source = Source::of(arguments.set(0))?;
    let mut values = items(input)?;
    for last in (1..values.len()).rev() {
        let other = source.index(last + 1);
        values.swap(last, other);
    }
    Ok(Value::list(values))
}

fn random_mac(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let mut source = Source::of(arguments.set(0))?;
    let prefix = python::text(input)?.to_lowercase();
    let given: Vec<&str> = prefix.split(':').filter(|part| !part.is_empty()).collect();
    if given.len() > 5 || given.iter().any(|part| u8::from_str_radix(part, 16).is_err()) {
        return Err(Stop::error(format!("`{prefix}` is no start of a MAC address")));
    }
    // Ten hexadecimal digits, of which the first is not 0.
    let digits = format!("{:x}", 0x10_0000_0000 + source.below(0xf0_0000_0000));
    let pairs = (0..6 - given.len()).map(|pair| &digits[pair * 2..pair * 2 + 2]);
    Ok(Value::data(given.iter().copied().chain(pairs).collect::<Vec<_>>().join(":")))
}
