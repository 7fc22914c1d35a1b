//! `password`: a secret that is made once and kept in a file of the controller.

use std::sync::PoisonError;

use super::{Lookup, lookup};
use crate::template::arguments::Bound;
use crate::template::crypt::{self, Scheme};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::{file, python};
use crate::value::{Str, Unknown, Value};

pub(super) const LOOKUPS: &[Lookup] =
    &[lookup("password", &["*", "length", "chars", "encrypt", "seed", "ident"], password)];

/// What kind of password is wanted.
struct Wish {
    path: String,
    length: usize,
    characters: Vec<char>,
    encrypt: Option<Scheme>,
}

fn password(session: &Session<'_>, arguments: &Bound) -> Result<Vec<Value>, Stop> {
    let texts = arguments.rest.iter().map(|term| {
        let wish = Wish::read(&python::text(term)?, arguments)?;
        let text = wish.fulfil(session)?;
        session.templar.redactor.learn(&text);
        Ok(Value::Str(Str::data(text).secret()))
    });
    texts.collect()
}

impl Wish {
    /// From `path length=… chars=…` and the options of the lookup.
    fn read(term: &str, arguments: &Bound) -> Result<Self, Stop> {
        let mut path = Vec::new();
        let mut length = arguments.integer(1, 20)?;
        let mut spec = match arguments.set(2) {
            Some(Value::List(names)) => names
                .iter()
                .map(|n| Ok(python::text(n)?.to_string()))
                .collect::<Result<_, Stop>>()?,
            Some(other) => split(&python::text(other)?),
            None => split("ascii_letters,digits,.:-_"),
        };
        let mut encrypt = arguments.set(3).map(python::text).transpose()?.map(|e| e.to_string());
        if arguments.set(4).is_some() {
            return Err(Stop::error("`seed` makes guessable passwords and is not supported"));
        }
        for word in term.split(' ') {
            match word.split_once('=') {
                Some(("length", value)) => {
                    length = value
                        .parse()
                        .map_err(|_| Stop::error(format!("`length={value}` is no number")))?;
                }
                Some(("chars", value)) => spec = split(value),
                Some(("encrypt", value)) => encrypt = Some(value.to_string()),
                Some((name @ ("seed" | "ident"), _)) => {
                    return Err(Stop::error(format!("`{name}` is not supported")));
                }
                _ => path.push(word),
            }
        }
        let encrypt = match encrypt.as_deref() {
            None | Some("") => None,
            Some("sha512_crypt" | "sha512") => Some(Scheme::Sha512),
            Some("sha256_crypt" | "sha256") => Some(Scheme::Sha256),
            Some(other) => return Err(Stop::error(format!("`encrypt={other}` is not supported"))),
        };
        let length = usize::try_from(length).ok().filter(|length| (1..=4096).contains(length));
        let length = length.ok_or_else(|| Stop::error("`length` is a number from 1 to 4096"))?;
        Ok(Self { path: path.join(" "), length, characters: characters(&spec), encrypt })
    }

    fn fulfil(&self, session: &Session<'_>) -> Result<String, Stop> {
        if self.characters.is_empty() {
            return Err(Stop::error("`chars` leaves nothing to choose from"));
        }
        // Hosts ask for the same file at the same time, and one answer must win.
        let guard = session.templar.passwords.lock().unwrap_or_else(PoisonError::into_inner);
        let files = session.context.files;
        let path = files.absolute(&self.path);
        let kept = self.path != "/dev/null";
        let known = if kept && files.kind(&path).is_some() {
            Some(file::text(session, &path)?)
        } else {
            None
        };
        let (password, salt, fresh) = match &known {
            Some(text) => {
                let (password, salt) = stored(text.as_str());
                (password.to_string(), salt.map(ToString::to_string), false)
            }
            None if kept && !session.context.may_write => {
                let reason = format!("the password file `{}` is made when applying", self.path);
                return Err(Stop::Unknown(Unknown::new(reason).into()));
            }
            None => (self.generate(), None, true),
        };
        let new_salt = (self.encrypt.is_some() && salt.is_none()).then(|| crypt::random_salt(16));
        if kept && (fresh || new_salt.is_some()) {
            if !session.context.may_write {
                let reason = format!("the salt in `{}` is made when applying", self.path);
                return Err(Stop::Unknown(Unknown::new(reason).into()));
            }
            let tail = new_salt.as_ref().map(|salt| format!(" salt={salt}")).unwrap_or_default();
            files.write_private(&path, &format!("{password}{tail}\n"))?;
        }
        drop(guard);
        session.templar.redactor.learn(&password);
        match (self.encrypt, salt.or(new_salt)) {
            (Some(scheme), Some(salt)) => crypt::hash(scheme, &password, &salt, scheme.rounds()),
            _ => Ok(password),
        }
    }

    fn generate(&self) -> String {
        let choose = |_| self.characters[rand::random_range(0..self.characters.len())];
        (0..self.length).map(choose).collect()
    }
}

fn stored(text: &str) -> (&str, Option<&str>) {
    let line = text.trim_end_matches(['\n', '\r']);
    match line.rsplit_once(" salt=") {
        Some((password, rest)) => (password, Some(rest.split(' ').next().unwrap_or(rest))),
        None => (line, None),
    }
}

/// Names of sets and characters; two commas stand for a comma.
fn split(spec: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let without = if spec.contains(",,") {
        parts.push(",".into());
        spec.replace(",,", ",")
    } else {
        spec.to_string()
    };
    parts.extend(without.split(',').filter(|part| !part.is_empty()).map(ToString::to_string));
    parts
}

fn characters(spec: &[String]) -> Vec<char> {
    let mut all: Vec<char> = Vec::new();
    for part in spec {
        let lower = 'a'..='z';
        let upper = 'A'..='Z';
        match part.as_str() {
            "ascii_letters" => all.extend(lower.chain(upper)),
            "ascii_lowercase" => all.extend(lower),
            "ascii_uppercase" => all.extend(upper),
            "digits" => all.extend('0'..='9'),
            "hexdigits" => all.extend("0123456789abcdefABCDEF".chars()),
            "octdigits" => all.extend('0'..='7'),
            "punctuation" => {
                all.extend((33u8..127).map(char::from).filter(char::is_ascii_punctuation));
            }
            other => all.extend(other.chars()),
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}
