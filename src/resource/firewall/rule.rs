//! One rule of UFW, and what adding and deleting one does to a list.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// A rule as a `### tuple ###` line of user.rules and user6.rules holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// It is for what the host passes on.
    pub route: bool,
    /// `allow`, `deny`, `reject`, `limit`.
    pub action: String,
    /// Empty, `log` or `log-all`.
    pub log: String,
    /// `tcp`, `udp`, `any` …
    pub protocol: String,
    /// Ports of the destination: `any`, `22`, `80,443`, `1000:2000`.
    pub to_port: String,
    /// The destination: an address, a network, `0.0.0.0/0` for any.
    pub to: String,
    /// Ports of the source.
    pub from_port: String,
    /// The source.
    pub from: String,
    /// The profile that the destination's ports come from.
    pub to_app: String,
    /// The profile that the source's ports come from.
    pub from_app: String,
    /// `in` or `out`.
    pub direction: String,
    /// The interface it comes in by.
    pub interface_in: String,
    /// The interface it goes out by.
    pub interface_out: String,
    /// What people say of it.
    pub comment: String,
}

/// How alike two rules are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likeness {
    Same,
    SameButComment,
    SameButAction,
    Different,
}

impl Rule {
    /// Reads the text after `### tuple ###`; none if it is malformed.
    pub fn parse(line: &str) -> Option<Self> {
        let (line, comment) = line.split_once(" comment=").unwrap_or((line, ""));
        let words: Vec<&str> = line.split_whitespace().collect();
        let [action, protocol, to_port, to, from_port, from, rest @ ..] = &words[..] else {
            return None;
        };
        let (apps, way) = match rest {
            [] => (None, "in"),
            [way] => (None, *way),
            [to_app, from_app] => (Some((to_app, from_app)), "in"),
            [to_app, from_app, way] => (Some((to_app, from_app)), *way),
            _ => return None,
        };
        let (route, action) = match action.split_once(':') {
            Some((_, action)) => (true, action),
            None => (false, *action),
        };
        let (action, log) = action.split_once('_').unwrap_or((action, ""));
        let app = |name: &str| if name == "-" { String::new() } else { name.replace("%20", " ") };
        let (interface_in, interface_out) = interfaces(way);
        Some(Self {
            route,
            action: action.into(),
            log: log.into(),
            protocol: (*protocol).into(),
            to_port: (*to_port).into(),
            to: (*to).into(),
            from_port: (*from_port).into(),
            from: (*from).into(),
            to_app: apps.map(|(name, _)| app(name)).unwrap_or_default(),
            from_app: apps.map(|(_, name)| app(name)).unwrap_or_default(),
            direction: if way.starts_with("out") { "out" } else { "in" }.into(),
            interface_in,
            interface_out,
            comment: decode_hex(comment.trim()),
        })
    }

    fn likeness(&self, other: &Self) -> Likeness {
        let what = |rule: &Self| Self {
            action: String::new(),
            log: String::new(),
            comment: String::new(),
            ..rule.clone()
        };
        if what(self) != what(other) {
            return Likeness::Different;
        }
        match (self.action == other.action && self.log == other.log, self.comment == other.comment)
        {
            (true, true) => Likeness::Same,
            (true, false) => Likeness::SameButComment,
            (false, _) => Likeness::SameButAction,
        }
    }

    fn apps(&self) -> (&str, &str, &str, &str) {
        (&self.to, &self.from, &self.to_app, &self.from_app)
    }
}

/// `in`, `in_eth0`, `out_eth1`, `in_eth0!out_eth1`
fn interfaces(way: &str) -> (String, String) {
    let (mut inward, mut outward) = (String::new(), String::new());
    for part in way.split('!') {
        if let Some(name) = part.strip_prefix("in_") {
            inward = name.into();
        } else if let Some(name) = part.strip_prefix("out_") {
            outward = name.into();
        }
    }
    (inward, outward)
}

fn decode_hex(text: &str) -> String {
    let digits: Vec<u8> = text.bytes().collect();
    let bytes = digits
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
}

impl fmt::Display for Rule {
    /// Much as `ufw show added` says it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let any = |address: &str| {
            if address == "0.0.0.0/0" || address == "::/0" {
                "any".into()
            } else {
                address.to_string()
            }
        };
        write!(f, "{}{} {}", if self.route { "route " } else { "" }, self.action, self.direction)?;
        if !self.interface_in.is_empty() {
            write!(f, " on {}", self.interface_in)?;
        }
        if !self.interface_out.is_empty() {
            write!(f, " out on {}", self.interface_out)?;
        }
        if !self.log.is_empty() {
            write!(f, " {}", self.log)?;
        }
        write!(f, " from {}", any(&self.from))?;
        if !self.from_app.is_empty() {
            write!(f, " app {}", self.from_app)?;
        } else if self.from_port != "any" {
            write!(f, " port {}", self.from_port)?;
        }
        write!(f, " to {}", any(&self.to))?;
        if !self.to_app.is_empty() {
            write!(f, " app {}", self.to_app)?;
        } else if self.to_port != "any" {
            write!(f, " port {}", self.to_port)?;
        }
        if self.protocol != "any" {
            write!(f, " proto {}", self.protocol)?;
        }
        if !self.comment.is_empty() {
            write!(f, " # {}", self.comment)?;
        }
        Ok(())
    }
}

/// The list after `ufw [delete] [insert position] rule`; none if it stays as it is.
///
/// A rule that differs from an old one in action, log or comment takes its place; an inserted one
/// never lands amid the rules of one profile. Position 0 is the end.
pub fn set_rule(rules: &[Rule], rule: &Rule, position: usize, delete: bool) -> Option<Vec<Rule>> {
    let (mut new, mut found, mut modified, mut inserted) = (Vec::new(), false, false, false);
    let (mut position, mut matches) = (position, 0);
    let mut last = ("", "", "", "");
    for (index, old) in rules.iter().enumerate() {
        let current = old.apps();
        if position > 0 && index + 1 == position {
            let free = (last.2.is_empty() && last.3.is_empty() && index > 0)
                || (current.2.is_empty() && current.3.is_empty())
                || last != current;
            if free {
                inserted = true;
                new.push(rule.clone());
            } else {
                position += 1;
            }
        }
        last = current;
        let likeness = old.likeness(rule);
        if likeness != Likeness::Different {
            matches += 1;
        }
        match likeness {
            Likeness::Same if !found && !inserted => {
                found = true;
                if !delete {
                    new.push(rule.clone());
                }
            }
            Likeness::SameButComment if delete && rule.comment.is_empty() => found = true,
            Likeness::SameButComment | Likeness::SameButAction if !delete && !inserted => {
                found = true;
                modified = true;
                new.push(rule.clone());
            }
            _ => new.push(old.clone()),
        }
    }
    if inserted {
        return (matches == 0).then_some(new);
    }
    match (found, delete) {
        (false, true) => None,
        (true, false) if !modified => None,
        (false, false) => {
            new.push(rule.clone());
            Some(new)
        }
        _ => Some(new),
    }
}

/// The place in `theirs` of the rule that stands at `position` (from 1) in `ours`, but for the
/// family of its addresses; 0 if there is none.
pub fn other_position(ours: &[Rule], theirs: &[Rule], position: usize) -> usize {
    let Some(rule) = position.checked_sub(1).and_then(|index| ours.get(index)) else { return 0 };
    let plain = |rule: &Rule| {
        let any = |address: &str| {
            if matches!(address, "0.0.0.0/0" | "::/0") {
                String::new()
            } else {
                address.to_string()
            }
        };
        Rule { from: any(&rule.from), to: any(&rule.to), ..rule.clone() }
    };
    theirs
        .iter()
        .position(|other| plain(other).likeness(&plain(rule)) != Likeness::Different)
        .map_or(0, |index| index + 1)
}

/// An address as UFW writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Any of either family.
    Any,
    /// One of the fourth version.
    V4(String),
    /// One of the sixth.
    V6(String),
}

impl Address {
    /// `any`, an address, a network with its prefix or its mask.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() || text == "any" {
            return Ok(Self::Any);
        }
        let wrong = || format!("`{text}` is neither an address nor a network");
        let network = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => with_mask(text).or_else(|| text.parse().ok()).ok_or_else(wrong)?,
        };
        let network = network.trunc();
        let shown = if network.prefix_len() == network.max_prefix_len() {
            network.addr().to_string()
        } else {
            network.to_string()
        };
        Ok(if network.addr().is_ipv4() { Self::V4(shown) } else { Self::V6(shown) })
    }
}

/// `10.0.0.0/255.0.0.0`
fn with_mask(text: &str) -> Option<IpNet> {
    let (address, mask) = text.split_once('/')?;
    let mask: IpAddr = mask.contains('.').then(|| mask.parse().ok()).flatten()?;
    IpNet::with_netmask(address.parse().ok()?, mask).ok()
}

/// Ports as UFW writes them, sorted; the error says what is wrong.
pub fn port(text: &str, service: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text == "any" {
        return Ok("any".into());
    }
    let wrong = |part: &str| format!("`{part}` is not a port");
    let number = |part: &str| part.parse::<u16>().ok().filter(|port| *port > 0);
    let mut parts: Vec<(u16, String)> = Vec::new();
    for part in text.split(',').map(str::trim) {
        match part.split_once(':') {
            Some((from, to)) => match (number(from), number(to)) {
                (Some(low), Some(high)) if low < high => parts.push((low, format!("{low}:{high}"))),
                _ => return Err(wrong(part)),
            },
            None => {
                let known = number(part).or_else(|| service(part).and_then(|port| number(&port)));
                let known = known.ok_or_else(|| wrong(part))?;
                parts.push((known, known.to_string()));
            }
        }
    }
    parts.sort();
    let parts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
    Ok(parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by ufw 0.36.2 of Debian 13.
    const WRITTEN: [&str; 5] = [
        "deny any any 0.0.0.0/0 any 1.2.3.4 in",
        "allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in comment=612062",
        "allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 OpenSSH - in",
        "route:allow any 53 10.1.1.1 any 0.0.0.0/0 in_eth0!out_eth1",
        "allow_log any 8080 0.0.0.0/0 any 0.0.0.0/0 in",
    ];

    fn rules() -> Vec<Rule> {
        WRITTEN.iter().map(|line| Rule::parse(line).expect("is right")).collect()
    }

    #[test]
    fn tuples_are_read() {
        let shown: Vec<String> = rules().iter().map(ToString::to_string).collect();
        assert_eq!(shown[0], "deny in from 1.2.3.4 to any");
        assert_eq!(shown[1], "allow in from any to any port 22 proto tcp # a b");
        assert_eq!(shown[2], "allow in from any to any app OpenSSH proto tcp");
        assert_eq!(shown[3], "route allow in on eth0 out on eth1 from any to 10.1.1.1 port 53");
        assert_eq!(shown[4], "allow in log from any to any port 8080");
    }

    #[test]
    fn rules_are_added_replaced_inserted_and_deleted() {
        let rules = rules();
        let same = rules[1].clone();
        assert_eq!(set_rule(&rules, &same, 0, false), None);
        assert_eq!(set_rule(&rules, &same, 1, false), None);
        let other = Rule { action: "limit".into(), ..same.clone() };
        let changed = set_rule(&rules, &other, 0, false).expect("changes");
        assert_eq!((changed.len(), changed[1].action.as_str()), (5, "limit"));
        let new = Rule { to_port: "25".into(), comment: String::new(), ..same.clone() };
        assert_eq!(set_rule(&rules, &new, 0, false).expect("changes")[5], new);
        assert_eq!(set_rule(&rules, &new, 2, false).expect("changes")[1], new);
        let plain = Rule { comment: String::new(), ..same };
        assert_eq!(set_rule(&rules, &plain, 0, true).expect("changes").len(), 4);
        assert_eq!(set_rule(&rules, &new, 0, true), None);
        assert_eq!(other_position(&rules, &rules[1..], 3), 2);
    }

    #[test]
    fn addresses_and_ports_are_written_as_ufw_writes_them() {
        assert_eq!(Address::parse("10.1.2.3/8"), Ok(Address::V4("10.0.0.0/8".into())));
        assert_eq!(Address::parse("10.1.2.3/255.0.0.0"), Ok(Address::V4("10.0.0.0/8".into())));
        assert_eq!(Address::parse("1.2.3.4/32"), Ok(Address::V4("1.2.3.4".into())));
        assert_eq!(Address::parse("2001:DB8::/32"), Ok(Address::V6("2001:db8::/32".into())));
        assert!(Address::parse("host").is_err());
        assert_eq!(port("443,80", |_| None), Ok("80,443".into()));
        assert_eq!(port("1000:2000", |_| None), Ok("1000:2000".into()));
        assert_eq!(port("ssh", |_| Some("22".into())), Ok("22".into()));
        assert!(port("0", |_| None).is_err() && port("2:1", |_| None).is_err());
    }
}
