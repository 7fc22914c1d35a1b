//! `community.general.ufw`: the firewall by way of UFW.

use std::sync::Arc;

use crate::resource::firewall::{
    Address, AppProfiles, ChangeFirewall, FirewallState, Rule, other_position, port, set_rule,
};
use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::{Call, Module, Plan};

choice! {
    /// What the firewall is to be.
    pub enum State {
        /// Off.
        Disabled = "disabled",
        /// On, also after the next start.
        Enabled = "enabled",
        /// Its rules read anew.
        Reloaded = "reloaded",
        /// Off and without rules.
        Reset = "reset",
    }
}

choice! {
    /// What happens to traffic.
    pub enum Verdict {
        /// It passes.
        Allow = "allow",
        /// It vanishes.
        Deny = "deny",
        /// It is turned away.
        Reject = "reject",
        /// It passes unless there is too much of it.
        Limit = "limit",
    }
}

choice! {
    /// The way traffic goes.
    pub enum Direction {
        /// To the host.
        In = "in",
        /// To the host.
        Incoming = "incoming",
        /// From the host.
        Out = "out",
        /// From the host.
        Outgoing = "outgoing",
        /// Through the host.
        Routed = "routed",
    }
}

choice! {
    /// What is logged.
    pub enum Logging {
        /// As much as before, or little.
        On = "on" | "yes" | "true",
        /// Nothing.
        Off = "off" | "no" | "false",
        /// What is blocked.
        Low = "low",
        /// More.
        Medium = "medium",
        /// Much more.
        High = "high",
        /// Everything.
        Full = "full",
    }
}

choice! {
    /// What `insert` counts from.
    pub enum Origin {
        /// The first rule is 1.
        Zero = "zero",
        /// The first rule of the fourth version.
        FirstIpv4 = "first-ipv4",
        /// The last rule of the fourth version.
        LastIpv4 = "last-ipv4",
        /// The first rule of the sixth version.
        FirstIpv6 = "first-ipv6",
        /// The last rule of the sixth version.
        LastIpv6 = "last-ipv6",
    }
}

arguments! {
    /// Arguments of `ufw`.
    pub struct Args {
        /// What the firewall is to be.
        state: Option<State>,
        /// What happens to what no rule is for.
        default | "policy": Option<Verdict>,
        /// The way that `default` or the rule is for.
        direction: Option<Direction>,
        /// What is logged.
        logging: Option<Logging>,
        /// What happens to what the rule is for.
        rule: Option<Verdict>,
        /// The rule is for what the host passes on.
        route: bool = false,
        /// Log what the rule is for.
        log: bool = false,
        /// The address or network it comes from.
        from_ip | "from" | "src": String = "any",
        /// The port it comes from.
        from_port: Option<String>,
        /// The address or network it goes to.
        to_ip | "to" | "dest": String = "any",
        /// The port it goes to: one, several with commas, or a range `from:to`.
        to_port | "port": Option<String>,
        /// The protocol: `tcp`, `udp`, `esp` …
        proto | "protocol": Option<String>,
        /// A profile of /etc/ufw/applications.d.
        name | "app": Option<String>,
        /// The interface of the rule's direction.
        interface | "if": Option<String>,
        /// The interface it comes in by.
        interface_in | "if_in": Option<String>,
        /// The interface it goes out by.
        interface_out | "if_out": Option<String>,
        /// What people say of the rule.
        comment: Option<String>,
        /// Remove the rule.
        delete: bool = false,
        /// The place of a new rule, the first is 1.
        insert: Option<i64>,
        /// What `insert` counts from.
        insert_relative_to: Origin = Origin::Zero,
    }
}

/// The module.
pub struct Ufw;

impl Module for Ufw {
    type Args = Args;
    const NAME: &'static str = "community.general.ufw";
    const SUMMARY: &'static str = "firewall rules and policies";

    fn plan(args: &Args, _: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        if args.state.is_none()
            && args.default.is_none()
            && args.rule.is_none()
            && args.logging.is_none()
        {
            return Err(Suspend::failed(
                "one of `state`, `default`, `rule` and `logging` must be given",
            ));
        }
        if args.default.is_some() && args.rule.is_some() {
            return Err(Suspend::failed("only one of `default` and `rule` can be given"));
        }
        let mut task = Task { now: host.firewall()?, plan: Plan::new(), changed: false };
        if let Some(state) = args.state {
            task.state(state);
        }
        if let Some(policy) = args.default {
            task.policy(policy, args.direction)?;
        }
        if let Some(rule) = args.rule {
            task.rule(rule, args, host)?;
        }
        if let Some(logging) = args.logging {
            task.logging(logging);
        }
        task.plan.changed = Some(task.changed);
        let commands = task.plan.actions.iter().map(|action| Value::data(action.summary()));
        let commands: Vec<Value> = commands.collect();
        task.plan.set("commands", Value::list(commands));
        Ok(task.plan)
    }
}

struct Task {
    now: Arc<FirewallState>,
    plan: Plan,
    changed: bool,
}

impl Task {
    fn act(&mut self, words: &[&str], after: FirewallState) {
        self.changed |= after != *self.now;
        let after = Arc::new(after);
        self.plan.act(ChangeFirewall {
            summary: format!("ufw {}", words.join(" ")),
            words: words.iter().map(|word| (*word).to_string()).collect(),
            before: Arc::clone(&self.now),
            after: Arc::clone(&after),
        });
        self.now = after;
    }

    fn state(&mut self, state: State) {
        let now = (*self.now).clone();
        match state {
            State::Enabled if !now.enabled || now.running == Some(false) => {
                self.act(&["enable"], FirewallState { enabled: true, running: None, ..now });
            }
            State::Disabled if now.enabled => {
                self.act(&["disable"], FirewallState { enabled: false, running: None, ..now });
            }
            State::Reloaded if now.enabled => self.act(&["reload"], now),
            State::Reset if now.enabled || !now.rules4.is_empty() || !now.rules6.is_empty() => {
                let after = FirewallState {
                    enabled: false,
                    running: None,
                    rules4: vec![],
                    rules6: vec![],
                    ..now
                };
                self.act(&["reset"], after);
            }
            _ => {}
        }
    }

    fn policy(&mut self, policy: Verdict, direction: Option<Direction>) -> Result<(), Suspend> {
        if policy == Verdict::Limit {
            return Err(Suspend::failed("`default` is `allow`, `deny` or `reject`"));
        }
        let (index, way) = match direction {
            None | Some(Direction::In | Direction::Incoming) => (0, "incoming"),
            Some(Direction::Out | Direction::Outgoing) => (1, "outgoing"),
            Some(Direction::Routed) => (2, "routed"),
        };
        let mut after = (*self.now).clone();
        if after.policies[index] != word(policy) {
            word(policy).clone_into(&mut after.policies[index]);
            self.act(&["default", word(policy), way], after);
        }
        Ok(())
    }

    fn logging(&mut self, logging: Logging) {
        let (given, level) = match logging {
            Logging::On if self.now.logging == "off" => ("on", "low"),
            Logging::On => return,
            Logging::Off => ("off", "off"),
            Logging::Low => ("low", "low"),
            Logging::Medium => ("medium", "medium"),
            Logging::High => ("high", "high"),
            Logging::Full => ("full", "full"),
        };
        if self.now.logging != level {
            let after = FirewallState { logging: level.into(), ..(*self.now).clone() };
            self.act(&["logging", given], after);
        }
    }

    fn rule(&mut self, verdict: Verdict, args: &Args, host: &Host<'_>) -> Result<(), Suspend> {
        let wanted = Wanted::new(verdict, args, host)?;
        let mut after = (*self.now).clone();
        let position = if args.delete { 0 } else { position(args, &after)? };
        let mut changed = false;
        let (count4, count6) = (after.rules4.len(), after.rules6.len());
        for rule in wanted.rules(false) {
            let at = match position {
                at if at > count4 => other_position(&after.rules6, &after.rules4, at - count4),
                at => at,
            };
            if let Some(rules) = set_rule(&after.rules4, &rule, at, args.delete) {
                after.rules4 = rules;
                changed = true;
            }
        }
        if self.now.ipv6 {
            for rule in wanted.rules(true) {
                let at = match position {
                    0 => 0,
                    at if at <= count4 => other_position(&self.now.rules4, &after.rules6, at),
                    at => (at - count4).min(count6),
                };
                if let Some(rules) = set_rule(&after.rules6, &rule, at, args.delete) {
                    after.rules6 = rules;
                    changed = true;
                }
            }
        }
        if changed {
            let words = wanted.words(args, position);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            self.act(&words, after);
        }
        Ok(())
    }
}

/// The place to insert at, counted over both lists as UFW counts; 0 for the end.
fn position(args: &Args, now: &FirewallState) -> Result<usize, Suspend> {
    let Some(insert) = args.insert else { return Ok(0) };
    let count = |rules: &[Rule]| i64::try_from(rules.len()).unwrap_or(i64::MAX);
    let (count4, count6) = (count(&now.rules4), count(&now.rules6));
    let at = match args.insert_relative_to {
        Origin::Zero => insert,
        Origin::FirstIpv4 => insert + 1,
        Origin::LastIpv4 => insert + count4.max(1),
        Origin::FirstIpv6 => insert + count4 + 1,
        Origin::LastIpv6 => insert + count4 + count6.max(1),
    };
    if at < 1 {
        return Err(Suspend::failed(format!("`insert` gives place {at}, and the first is 1")));
    }
    // A place after the last is the end.
    Ok(if at > count4 + count6 { 0 } else { usize::try_from(at).unwrap_or(0) })
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
        Verdict::Reject => "reject",
        Verdict::Limit => "limit",
    }
}

/// A rule that is asked for, families and profiles still together.
struct Wanted {
    rule: Rule,
    from: Address,
    to: Address,
    /// Ports and protocols of the profile; one empty entry without a profile.
    ports: Vec<(String, String)>,
}

const PROTOCOLS: [&str; 9] = ["any", "tcp", "udp", "ah", "esp", "gre", "igmp", "ipv6", "vrrp"];

impl Wanted {
    fn new(verdict: Verdict, args: &Args, host: &Host<'_>) -> Result<Self, Suspend> {
        let protocol = args.proto.clone().unwrap_or_else(|| "any".into());
        if !PROTOCOLS.contains(&protocol.as_str()) {
            let known = crate::diagnostic::list_or(PROTOCOLS);
            return Err(Suspend::failed(format!("`proto` is {known}, not `{protocol}`")));
        }
        let direction = match args.direction {
            None | Some(Direction::In | Direction::Incoming) => "in",
            Some(Direction::Out | Direction::Outgoing) => "out",
            Some(Direction::Routed) => {
                return Err(Suspend::failed(
                    "`direction: routed` is for `default`; a rule has `route: true`",
                ));
            }
        };
        if args.interface.is_some() && (args.interface_in.is_some() || args.interface_out.is_some())
        {
            return Err(Suspend::failed(
                "`interface` cannot be given with `interface_in` or `interface_out`",
            ));
        }
        if args.interface.is_some() && args.direction.is_none() {
            return Err(Suspend::failed("`interface` needs `direction`"));
        }
        let own =
            |way: &str| args.interface.clone().filter(|_| direction == way).unwrap_or_default();
        let interface_in = args.interface_in.clone().unwrap_or_else(|| own("in"));
        let interface_out = args.interface_out.clone().unwrap_or_else(|| own("out"));
        if !args.route && !interface_in.is_empty() && !interface_out.is_empty() {
            return Err(Suspend::failed(
                "only a rule with `route: true` has both `interface_in` and `interface_out`",
            ));
        }
        let direction = if !interface_in.is_empty() {
            "in"
        } else if !interface_out.is_empty() {
            "out"
        } else {
            direction
        };
        let ports = match &args.name {
            Some(_) if args.to_port.is_some() => {
                return Err(Suspend::failed("only one of `name` and `to_port` can be given"));
            }
            Some(name) => profile(name, host)?,
            None => vec![(ports_of(args.to_port.as_deref(), host)?, protocol.clone())],
        };
        let from_port = ports_of(args.from_port.as_deref(), host)?;
        let many = |port: &str| port.contains([',', ':']);
        if args.name.is_none()
            && (many(&ports[0].0) || many(&from_port))
            && !matches!(protocol.as_str(), "tcp" | "udp")
        {
            return Err(Suspend::failed("several ports need `proto` to be `tcp` or `udp`"));
        }
        let comment = args.comment.clone().unwrap_or_default();
        if comment.contains('\'') {
            return Err(Suspend::failed("`comment` of a rule cannot hold a single quote"));
        }
        let rule = Rule {
            route: args.route,
            action: word(verdict).into(),
            log: if args.log { "log".into() } else { String::new() },
            protocol,
            from_port,
            to_app: args.name.clone().unwrap_or_default(),
            direction: direction.into(),
            interface_in,
            interface_out,
            comment,
            ..Rule::default()
        };
        let address = |name: &str, text: &str| {
            Address::parse(text)
                .map_err(|problem| Suspend::failed(format!("argument `{name}`: {problem}")))
        };
        let (from, to) = (address("from_ip", &args.from_ip)?, address("to_ip", &args.to_ip)?);
        if matches!(
            (&from, &to),
            (Address::V4(_), Address::V6(_)) | (Address::V6(_), Address::V4(_))
        ) {
            return Err(Suspend::failed("`from_ip` and `to_ip` are of different versions of IP"));
        }
        Ok(Self { rule, from, to, ports })
    }

    /// The rules of one family; none if it has none.
    fn rules(&self, v6: bool) -> Vec<Rule> {
        let place = |address: &Address| match (address, v6) {
            (Address::Any, false) => Some("0.0.0.0/0".to_string()),
            (Address::Any, true) => Some("::/0".to_string()),
            (Address::V4(text), false) | (Address::V6(text), true) => Some(text.clone()),
            _ => None,
        };
        let only4 = matches!(self.rule.protocol.as_str(), "ipv6" | "igmp");
        let (Some(from), Some(to)) = (place(&self.from), place(&self.to)) else { return vec![] };
        if v6 && only4 {
            return vec![];
        }
        let with = |(port, protocol): &(String, String)| Rule {
            from: from.clone(),
            to: to.clone(),
            to_port: port.clone(),
            protocol: protocol.clone(),
            ..self.rule.clone()
        };
        self.ports.iter().map(with).collect()
    }

    /// The words for ufw(8), in its full syntax.
    fn words(&self, args: &Args, position: usize) -> Vec<String> {
        let rule = &self.rule;
        let mut words: Vec<String> = Vec::new();
        let mut add = |more: &[&str]| words.extend(more.iter().map(|word| (*word).to_string()));
        if rule.route {
            add(&["route"]);
        }
        if args.delete {
            add(&["delete"]);
        }
        if position > 0 {
            add(&["insert", &position.to_string()]);
        }
        add(&[&rule.action]);
        match (rule.interface_in.as_str(), rule.interface_out.as_str()) {
            ("", "") if !rule.route => add(&[&rule.direction]),
            ("", "") => {}
            (name, "") => add(&["in", "on", name]),
            ("", name) => add(&["out", "on", name]),
            (inward, outward) => add(&["in", "on", inward, "out", "on", outward]),
        }
        if !rule.log.is_empty() {
            add(&[&rule.log]);
        }
        if rule.protocol != "any" {
            add(&["proto", &rule.protocol]);
        }
        let place = |address: &Address| match address {
            Address::Any => "any".to_string(),
            Address::V4(text) | Address::V6(text) => text.clone(),
        };
        add(&["from", &place(&self.from)]);
        if rule.from_port != "any" {
            add(&["port", &rule.from_port]);
        }
        add(&["to", &place(&self.to)]);
        match rule.to_app.as_str() {
            "" if self.ports[0].0 != "any" => add(&["port", &self.ports[0].0]),
            "" => {}
            app => add(&["app", app]),
        }
        if !rule.comment.is_empty() {
            add(&["comment", &rule.comment]);
        }
        words
    }
}

/// The ports of a profile of UFW.
fn profile(name: &str, host: &Host<'_>) -> Result<Vec<(String, String)>, Suspend> {
    let profiles = host.state(AppProfiles)?;
    let found = profiles.0.iter().find(|(have, _)| have.eq_ignore_ascii_case(name));
    match found {
        Some((_, ports)) if !ports.is_empty() => Ok(ports.clone()),
        _ => match host.opaque(|opaque| opaque.may_bring("/etc/ufw/applications.d/profile")) {
            Some(opaque) => Err(Suspend::Unknown(Arc::clone(&opaque.reason))),
            None => Err(Suspend::failed(format!("ufw has no profile `{name}` on the host"))),
        },
    }
}

/// Ports as UFW writes them; names are those of services(5).
fn ports_of(given: Option<&str>, host: &Host<'_>) -> Result<String, Suspend> {
    let text = given.unwrap_or("any");
    let named = text != "any" && text.contains(|letter: char| letter.is_ascii_alphabetic());
    let table = if named { host.content("/etc/services")? } else { None };
    let table = table.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let service = |name: &str| {
        let mut lines =
            table.lines().map(|line| line.split('#').next().unwrap_or_default().split_whitespace());
        let words = lines.find_map(|mut words| {
            let first = words.next()?;
            let port = words.next()?;
            (first == name || words.any(|alias| alias == name)).then_some(port)
        })?;
        words.split('/').next().map(str::to_string)
    };
    port(text, service).map_err(Suspend::Failed)
}
