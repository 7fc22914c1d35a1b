//! Traefik's rules (version 3 of their syntax): read, checked and evaluated.
//!
//! The expression is Go's: `!` binds tighter than `&&`, that tighter than `||`; texts are in
//! backticks or double quotes. Paths are compared with their reserved characters still encoded.

use std::net::IpAddr;

use ipnet::IpNet;
use regex::Regex;

use super::request::Request;

/// What a request must be like.
#[derive(Debug, Clone)]
pub enum Rule {
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Host(String),
    HostRegexp(Regex),
    Path(String),
    PathPrefix(String),
    PathRegexp(Regex),
    Method(String),
    Header(String, String),
    HeaderRegexp(String, Regex),
    Query(String, Option<String>),
    QueryRegexp(String, Regex),
    ClientIp(Vec<IpNet>),
}

impl Rule {
    /// Reads a rule; an error says what Traefik would log when it drops the router.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { tokens: tokens(text)?, at: 0 };
        let rule = reader.any()?;
        match reader.tokens.get(reader.at) {
            None => Ok(rule),
            Some(token) => Err(format!("unexpected {token:?} after the rule")),
        }
    }

    pub fn matches(&self, request: &Request) -> bool {
        match self {
            Self::Not(rule) => !rule.matches(request),
            Self::And(left, right) => left.matches(request) && right.matches(request),
            Self::Or(left, right) => left.matches(request) || right.matches(request),
            Self::Host(name) => request.host() == *name,
            Self::HostRegexp(regex) => regex.is_match(&request.host()),
            Self::Path(path) => request.routing_path() == *path,
            Self::PathPrefix(prefix) => request.routing_path().starts_with(prefix),
            Self::PathRegexp(regex) => regex.is_match(&request.routing_path()),
            Self::Method(method) => request.method.eq_ignore_ascii_case(method),
            Self::Header(name, value) => request.header(name).any(|v| v == value),
            Self::HeaderRegexp(name, regex) => request.header(name).any(|v| regex.is_match(v)),
            Self::Query(name, value) => {
                let is_it = |found: &str| value.as_ref().is_none_or(|value| value == found);
                request.query_values(name).any(|found| is_it(&found))
            }
            Self::QueryRegexp(name, regex) => {
                request.query_values(name).any(|v| regex.is_match(&v))
            }
            Self::ClientIp(nets) => {
                request.client.is_some_and(|ip| nets.iter().any(|net| net.contains(&ip)))
            }
        }
    }

    /// The names of the hosts that it asks for: a certificate resolver gets certificates for them.
    pub fn hosts(&self) -> Vec<String> {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                let mut hosts = left.hosts();
                hosts.extend(right.hosts());
                hosts
            }
            Self::Host(name) => vec![name.clone()],
            _ => Vec::new(),
        }
    }

    fn matcher(name: &str, mut values: Vec<String>) -> Result<Self, String> {
        let expected = match name {
            "Header" | "HeaderRegexp" | "QueryRegexp" => 2..=2,
            "Query" => 1..=2,
            _ => 1..=1,
        };
        if !expected.contains(&values.len()) {
            let wanted: Vec<String> = expected.map(|n| n.to_string()).collect();
            return Err(format!(
                "error while adding rule {name}: unexpected number of parameters; got {}, \
                 expected one of [{}]",
                values.len(),
                wanted.join(" ")
            ));
        }
        let first = values.remove(0);
        let second = values.pop();
        let with_second = || second.clone().unwrap_or_default();
        match name {
            "Host" => host(&first).map(Self::Host),
            "HostRegexp" => regex(&format!("(?i){first}")).map(Self::HostRegexp),
            "Path" => path(first).map(Self::Path),
            "PathPrefix" => path(first).map(Self::PathPrefix),
            "PathRegexp" => regex(&first).map(Self::PathRegexp),
            "Method" => Ok(Self::Method(first)),
            "Header" => Ok(Self::Header(first, with_second())),
            "HeaderRegexp" => Ok(Self::HeaderRegexp(first, regex(&with_second())?)),
            "Query" => Ok(Self::Query(first, second)),
            "QueryRegexp" => Ok(Self::QueryRegexp(first, regex(&with_second())?)),
            "ClientIP" => nets([&first]).map(Self::ClientIp),
            _ => Err(format!("unsupported function: {name}")),
        }
    }
}

fn host(text: &str) -> Result<String, String> {
    if text.is_ascii() {
        Ok(text.to_lowercase())
    } else {
        Err(format!(
            "invalid value {text:?} for Host matcher, non-ASCII characters are not allowed"
        ))
    }
}

fn path(text: String) -> Result<String, String> {
    if text.starts_with('/') {
        Ok(text)
    } else {
        Err(format!("path {text:?} does not start with a '/'"))
    }
}

fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| format!("compiling the regular expression: {error}"))
}

/// Addresses and networks, as in `ClientIP` and in allow lists.
pub fn nets<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Result<Vec<IpNet>, String> {
    let one = |text: &str| {
        let single = text.parse::<IpAddr>().map(IpNet::from);
        single.or_else(|_| text.parse()).map_err(|_| format!("invalid CIDR address: {text}"))
    };
    texts.into_iter().map(|text| one(text.as_ref())).collect()
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    /// `(`, `)`, `,`, `!`, `&&` or `||`.
    Sign(&'static str),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(sign) = ["(", ")", ",", "!", "&&", "||"].iter().find(|s| rest.starts_with(**s))
        {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if first == '`' || first == '"' {
            let (inside, behind) =
                rest[1..].split_once(first).ok_or_else(|| format!("{first} is not closed"))?;
            tokens.push(Token::Text(inside.to_owned()));
            rest = behind;
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("unexpected `{first}` in the rule"));
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn take(&mut self, sign: &'static str) -> bool {
        let is_it = self.tokens.get(self.at) == Some(&Token::Sign(sign));
        self.at += usize::from(is_it);
        is_it
    }

    fn any(&mut self) -> Result<Rule, String> {
        let mut rule = self.all()?;
        while self.take("||") {
            rule = Rule::Or(Box::new(rule), Box::new(self.all()?));
        }
        Ok(rule)
    }

    fn all(&mut self) -> Result<Rule, String> {
        let mut rule = self.one()?;
        while self.take("&&") {
            rule = Rule::And(Box::new(rule), Box::new(self.one()?));
        }
        Ok(rule)
    }

    fn one(&mut self) -> Result<Rule, String> {
        if self.take("!") {
            return Ok(Rule::Not(Box::new(self.one()?)));
        }
        if self.take("(") {
            let rule = self.any()?;
            return if self.take(")") { Ok(rule) } else { Err("`)` is missing".to_owned()) };
        }
        let Some(Token::Word(name)) = self.tokens.get(self.at).cloned() else {
            return Err("a matcher is missing".to_owned());
        };
        self.at += 1;
        let values = self.values()?;
        Rule::matcher(&name, values)
    }

    fn values(&mut self) -> Result<Vec<String>, String> {
        if !self.take("(") {
            return Err("`(` is missing after a matcher's name".to_owned());
        }
        let mut values = Vec::new();
        while let Some(Token::Text(value)) = self.tokens.get(self.at).cloned() {
            self.at += 1;
            values.push(value);
            if !self.take(",") {
                break;
            }
        }
        if self.take(")") { Ok(values) } else { Err("a matcher takes texts".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(rule: &str, request: &Request) -> bool {
        Rule::parse(rule).expect("a right rule").matches(request)
    }

    fn get(target: &str) -> Request {
        Request::new("GET", "Chat.Example.org:8448", target)
    }

    #[test]
    fn each_matcher_looks_at_its_part() {
        let mut request = get("/_matrix/client/v3/sync?timeout=3&a+b=%2Fx");
        request.client = Some("10.1.2.3".parse().expect("an address"));
        request.headers.push(("X-Kind".to_owned(), "lab".to_owned()));
        for (rule, expected) in [
            ("Host(`chat.example.org`)", true),
            ("Host(`example.org`)", false),
            ("HostRegexp(`^.+\\.example\\.org$`)", true),
            ("Path(`/_matrix/client/v3/sync`)", true),
            ("Path(`/_matrix/client/v3/sync/`)", false),
            ("PathPrefix(`/_matrix/cli`)", true),
            ("PathRegexp(`^/_matrix/client/(r0|v3)/sync$`)", true),
            ("PathRegexp(`sync`)", true),
            ("PathRegexp(`^sync`)", false),
            ("Method(`GET`)", true),
            ("Method(`POST`)", false),
            ("Query(`timeout`)", true),
            ("Query(`timeout`, `3`)", true),
            ("Query(`timeout`, `4`)", false),
            ("Query(`a b`, `/x`)", true),
            ("Header(`x-kind`, `lab`)", true),
            ("HeaderRegexp(\"X-Kind\", \"^l\")", true),
            ("ClientIP(`10.0.0.0/8`)", true),
            ("ClientIP(`10.1.2.4`)", false),
        ] {
            assert_eq!(is_match(rule, &request), expected, "{rule}");
        }
    }

    #[test]
    fn not_binds_tighter_than_and_that_tighter_than_or() {
        let (yes, no) = ("Method(`GET`)", "Method(`PUT`)");
        for (rule, expected) in [
            (format!("{yes} || {yes} && {no}"), true),
            (format!("({yes} || {yes}) && {no}"), false),
            (format!("!{no} && {yes}"), true),
            (format!("!({no} || {yes})"), false),
            (format!("!{yes} || {yes}"), true),
        ] {
            assert_eq!(is_match(&rule, &get("/")), expected, "{rule}");
        }
    }

    #[test]
    fn reserved_characters_stay_encoded_and_others_do_not() {
        let request = get("/rooms/%23a%3Ab/st%61te");
        assert!(is_match("Path(`/rooms/%23a%3Ab/state`)", &request));
        assert!(is_match("PathRegexp(`^/rooms/[^/]+/state$`)", &request));
        assert!(!is_match("PathRegexp(`^/rooms/[^/]+$`)", &get("/rooms/a/b")));
        assert!(is_match("PathRegexp(`^/rooms/[^/]+$`)", &get("/rooms/a%2Fb")));
    }

    #[test]
    fn what_traefik_refuses_is_refused() {
        for (rule, reason) in [
            ("PathPrefix(`/a`, `/b`)", "got 2, expected one of [1]"),
            ("Host()", "got 0, expected one of [1]"),
            ("Header(`a`)", "got 1, expected one of [2]"),
            ("PathPrefix(`a`)", "does not start with a '/'"),
            ("PathRegexp(`^(?!x)`)", "regular expression"),
            ("Pfad(`/a`)", "unsupported function: Pfad"),
            ("Host('a')", "unexpected `'`"),
            ("Host(`a`) Host(`b`)", "after the rule"),
            ("Host(`a`", "takes texts"),
            ("(Host(`a`)", "`)` is missing"),
            ("ClientIP(`nobody`)", "invalid CIDR address"),
            ("", "a matcher is missing"),
        ] {
            let problem = Rule::parse(rule).expect_err(rule);
            assert!(problem.contains(reason), "{rule}: {problem}");
        }
    }
}
