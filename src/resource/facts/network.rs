//! Interfaces and addresses, from iproute2's one-line output.

use std::net::Ipv4Addr;

use indexmap::IndexMap;

use crate::value::{Key, Map, Value};

use super::{Said, entry, map, text};

#[derive(Default)]
struct Interface {
    link: Map,
    ipv4: Vec<Map>,
    ipv6: Vec<Value>,
    mac: String,
    mtu: i64,
    kind: String,
}

/// Facts of the subset `network`, and those of it that are always gathered (none).
pub(super) fn facts(said: &Said<'_>) -> (Map, Map) {
    let mut interfaces = links(said);
    addresses(said.of("addresses"), &mut interfaces);
    let mut facts = Map::new();
    let local = |address: &str| address.starts_with("127.") || address == "::1";
    let all = |list: &mut dyn Iterator<Item = &Value>| {
        let words = list.filter_map(Value::as_str).filter(|address| !local(address));
        Value::list(words.map(Value::data).collect::<Vec<_>>())
    };
    let v4 =
        interfaces.values().flat_map(|nic| nic.ipv4.iter()).filter_map(|map| map.get("address"));
    let v6 =
        interfaces.values().flat_map(|nic| nic.ipv6.iter()).filter_map(|map| map.get("address"));
    facts.extend([
        entry("all_ipv4_addresses", all(&mut v4.collect::<Vec<_>>().into_iter())),
        entry("all_ipv6_addresses", all(&mut v6.collect::<Vec<_>>().into_iter())),
        entry("interfaces", Value::list(interfaces.keys().map(|name| Value::data(name.as_str())))),
    ]);
    let (routes4, routes6) =
        said.of("routes").split_once("\n\n").unwrap_or((said.of("routes"), ""));
    facts.extend([
        entry("default_ipv4", default(routes4, &interfaces, false)),
        entry("default_ipv6", default(routes6, &interfaces, true)),
    ]);
    for (name, nic) in interfaces {
        let mut fact = nic.link;
        let mut addresses = nic.ipv4.into_iter();
        fact.extend(addresses.next().map(|first| entry("ipv4", map(first))));
        let more: Vec<Value> = addresses.map(map).collect();
        if !more.is_empty() {
            fact.extend([entry("ipv4_secondaries", Value::list(more))]);
        }
        if !nic.ipv6.is_empty() {
            fact.extend([entry("ipv6", Value::list(nic.ipv6))]);
        }
        // Ansible makes a name of it that a variable can have.
        let variable: String = name
            .chars()
            .map(|letter| if letter.is_alphanumeric() { letter } else { '_' })
            .collect();
        facts.extend([entry(&variable, map(fact))]);
    }
    (facts, Map::new())
}

/// `2: host0@if47: <BROADCAST,UP> mtu 1500 … \    link/ether 4e:… brd …`
fn links(said: &Said<'_>) -> IndexMap<String, Interface> {
    let mut interfaces = IndexMap::new();
    for line in said.of("links").lines() {
        let mut words = line.split_whitespace().skip(1);
        let Some(name) = words.next() else { continue };
        let name = name.trim_end_matches(':').split('@').next().unwrap_or_default().to_string();
        let flags = words.next().unwrap_or_default().trim_matches(['<', '>']).to_string();
        let rest: Vec<&str> = words.collect();
        let after = |word: &str| {
            rest.iter().position(|have| *have == word).and_then(|at| rest.get(at + 1)).copied()
        };
        let (kind, mac) = rest
            .windows(2)
            .find_map(|pair| Some((pair[0].strip_prefix("link/")?, pair[1])))
            .unwrap_or(("", ""));
        let has = |flag: &str| flags.split(',').any(|have| have == flag);
        let sys =
            said.of("nics").lines().find_map(|line| line.strip_prefix(&name)?.strip_prefix('|'));
        let sys: Vec<&str> = sys.unwrap_or_default().split('|').collect();
        let field = |index: usize| sys.get(index).copied().unwrap_or_default();
        let kind = if !field(3).is_empty() {
            "bridge"
        } else if kind == "none" {
            "tunnel"
        } else {
            kind
        };
        let mtu: i64 = after("mtu").and_then(|mtu| mtu.parse().ok()).unwrap_or(0);
        let mut link = Map::new();
        link.extend([
            text("device", &name),
            entry("active", has("UP") && has("LOWER_UP") || name == "lo"),
            entry("promisc", has("PROMISC")),
            entry("mtu", mtu),
            text("type", kind),
        ]);
        if kind != "loopback" && !mac.is_empty() {
            link.extend([text("macaddress", mac)]);
        }
        if let Ok(speed) = field(0).parse::<i64>() {
            link.extend([entry("speed", speed)]);
        }
        for (name, value) in [("module", field(1)), ("pciid", field(2))] {
            if !value.is_empty() {
                link.extend([text(name, value)]);
            }
        }
        if let [id, stp, ports @ ..] = &field(3).split_whitespace().collect::<Vec<_>>()[..] {
            let ports = ports.iter().map(|port| Value::data(*port));
            link.extend([
                text("id", id),
                entry("stp", *stp == "1"),
                entry("interfaces", Value::list(ports)),
            ]);
        }
        let (mac, kind) = (mac.to_string(), kind.to_string());
        interfaces.insert(name, Interface { link, mac, mtu, kind, ..Interface::default() });
    }
    interfaces
}

/// `2: host0    inet 10.87.1.3/16 brd 10.87.255.255 scope global host0\ …`
fn addresses(said: &str, interfaces: &mut IndexMap<String, Interface>) {
    for line in said.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, name, family, address, rest @ ..] = &words[..] else { continue };
        let after = |word: &str| {
            rest.iter().position(|have| *have == word).and_then(|at| rest.get(at + 1)).copied()
        };
        let Some(nic) = interfaces.get_mut(*name) else { continue };
        let (address, prefix) = address
            .split_once('/')
            .unwrap_or((address, if *family == "inet" { "32" } else { "128" }));
        match *family {
            "inet" => {
                let (netmask, network) = masks(address, prefix);
                nic.ipv4.push(Map::from_iter([
                    text("address", address),
                    text("broadcast", after("brd").unwrap_or_default()),
                    text("netmask", &netmask),
                    text("network", &network),
                    text("prefix", prefix),
                ]));
            }
            "inet6" => nic.ipv6.push(map([
                text("address", address),
                text("prefix", prefix),
                text("scope", after("scope").unwrap_or_default()),
            ])),
            _ => {}
        }
    }
}

fn masks(address: &str, prefix: &str) -> (String, String) {
    let Ok(address) = address.parse::<Ipv4Addr>() else { return Default::default() };
    let bits: u32 = prefix.parse().unwrap_or(32);
    let mask = u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or(0);
    (Ipv4Addr::from(mask).to_string(), Ipv4Addr::from(u32::from(address) & mask).to_string())
}

/// `8.8.8.8 via 10.87.0.1 dev host0 src 10.87.1.3 uid 0`
fn default(route: &str, interfaces: &IndexMap<String, Interface>, v6: bool) -> Value {
    let words: Vec<&str> = route.lines().next().unwrap_or_default().split_whitespace().collect();
    let after = |word: &str| {
        words.iter().position(|have| *have == word).and_then(|at| words.get(at + 1)).copied()
    };
    let (Some(name), Some(address)) = (after("dev"), after("src")) else { return map([]) };
    let mut fact: Vec<(Key, Value)> = vec![text("interface", name), text("address", address)];
    fact.extend(after("via").map(|gateway| text("gateway", gateway)));
    if let Some(nic) = interfaces.get(name) {
        fact.extend([text("macaddress", &nic.mac), entry("mtu", nic.mtu), text("type", &nic.kind)]);
        let same = |map: &Map| map.get("address").and_then(Value::as_str) == Some(address);
        if v6 {
            let found = nic.ipv6.iter().filter_map(Value::as_map).find(|map| same(map));
            fact.extend(found.cloned().unwrap_or_default());
        } else {
            fact.push(text("alias", name));
            fact.extend(nic.ipv4.iter().find(|map| same(map)).cloned().unwrap_or_default());
        }
    }
    map(fact)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Debian 13, a lab host.
    const LINKS: &str = "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\\    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n\
        2: host0@if47: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000\\    link/ether 4e:ab:4d:48:e1:8e brd ff:ff:ff:ff:ff:ff link-netnsid 0\n";
    const ADDRESSES: &str = "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n\
        2: host0    inet 10.87.1.3/16 scope global host0\\       valid_lft forever preferred_lft forever\n\
        2: host0    inet6 fd5d:6d78::1:3/64 scope global nodad \\       valid_lft forever preferred_lft forever\n";
    const ROUTES: &str = "8.8.8.8 via 10.87.0.1 dev host0 src 10.87.1.3 uid 0 \n    cache \n\n";

    #[test]
    fn addresses_and_the_default_route_are_read() {
        let said = Said(vec![("links", LINKS), ("addresses", ADDRESSES), ("routes", ROUTES)]);
        let (facts, _) = facts(&said);
        let default = facts.get("default_ipv4").expect("there is one");
        let field = |name: &str| default.get(name).and_then(Value::as_str);
        assert_eq!(field("gateway"), Some("10.87.0.1"));
        assert_eq!(field("netmask"), Some("255.255.0.0"));
        assert_eq!(field("network"), Some("10.87.0.0"));
        assert_eq!(field("macaddress"), Some("4e:ab:4d:48:e1:8e"));
        assert_eq!(facts.get("all_ipv4_addresses"), Some(&Value::list([Value::data("10.87.1.3")])));
        assert_eq!(facts.get("default_ipv6"), Some(&map([])));
        assert!(facts.get("host0").and_then(|nic| nic.get("active")) == Some(&Value::Bool(true)));
    }
}
