//! An IP address or network as text holds it, and the questions that can be asked of it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::failure::Stop;
use super::filter::network::is_private;
use super::python;
use crate::value::Value;

/// An address, with the length of its network if one was written.
pub(crate) struct Address {
    /// The address and its network.
    pub net: IpNet,
    /// Whether the length was written.
    written: bool,
}

/// A network with its length written.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    let (ip, length) = text.split_once('/')?;
    let ip: IpAddr = ip.parse().ok()?;
    if let Ok(length) = length.parse() {
        return IpNet::new(ip, length).ok();
    }
    IpNet::with_netmask(ip, length.parse().ok()?).ok()
}

impl Address {
    /// The address that a value holds; none if it is none.
    pub fn read(value: &Value) -> Result<Option<Self>, Stop> {
        let text = match value {
            Value::Str(text) => text.shared(),
            Value::Int(number) => {
                let number = u32::try_from(*number).ok();
                return Ok(number.map(|number| Self::of(IpAddr::V4(Ipv4Addr::from(number)))));
            }
            Value::Null | Value::Bool(_) => return Ok(None),
            other => python::text(other)?,
        };
        let text = text.trim();
        if let Some(net) = network(text) {
            return Ok(Some(Self { net, written: true }));
        }
        Ok(text.parse().ok().map(Self::of))
    }

    fn of(ip: IpAddr) -> Self {
        Self { net: IpNet::from(ip), written: false }
    }

    /// 4 or 6.
    pub fn version(&self) -> u8 {
        if self.net.addr().is_ipv4() { 4 } else { 6 }
    }

    /// An IPv6 address in brackets.
    pub fn wrapped(&self) -> String {
        match (self.net.addr(), self.written) {
            (IpAddr::V6(ip), true) => format!("[{ip}]/{}", self.net.prefix_len()),
            (IpAddr::V6(ip), false) => format!("[{ip}]"),
            _ => self.to_string(),
        }
    }

    /// The address at an index of the network, negative from its end.
    pub fn nth_address(&self, index: i64) -> Option<IpAddr> {
        let (first, last) = (number(self.net.network()), number(self.net.broadcast()));
        let offset = u128::from(index.unsigned_abs());
        let wanted =
            if index < 0 { (last + 1).checked_sub(offset)? } else { first.checked_add(offset)? };
        if wanted < first || wanted > last {
            return None;
        }
        Some(match self.net {
            IpNet::V4(_) => IpAddr::V4(Ipv4Addr::from(u32::try_from(wanted).ok()?)),
            IpNet::V6(_) => IpAddr::V6(Ipv6Addr::from(wanted)),
        })
    }

    /// The same with the length of the network.
    pub fn nth(&self, index: i64) -> Option<String> {
        self.nth_address(index).map(|ip| format!("{ip}/{}", self.net.prefix_len()))
    }

    fn is_network(&self) -> bool {
        self.written && self.net.addr() == self.net.network() && self.hosts_bits() > 0
    }

    fn hosts_bits(&self) -> u8 {
        self.net.max_prefix_len() - self.net.prefix_len()
    }

    /// The answer to a query by name; null where it does not apply, none if nobody knows it.
    pub fn answer(&self, query: &str) -> Option<Value> {
        let ip = self.net.addr();
        let text = |ip: IpAddr| Value::data(ip.to_string());
        let when = |holds: bool| if holds { Value::data(self.to_string()) } else { Value::Null };
        let usable = self.hosts_bits() > 1;
        Some(match query {
            "address" | "ip" if !self.is_network() => text(ip),
            "network" | "network_id" => text(self.net.network()),
            "netmask" => text(self.net.netmask()),
            "hostmask" | "wildcard" => text(self.net.hostmask()),
            "prefix" => Value::Int(i64::from(self.net.prefix_len())),
            "broadcast" if usable => text(self.net.broadcast()),
            "size" => self.size(),
            "host" | "host/prefix" | "hostnet" | "ip/prefix" | "address/prefix" | "cidr"
                if query == "cidr" || !self.is_network() =>
            {
                Value::data(self.net.to_string())
            }
            "subnet" | "network/prefix" | "net" if query != "net" || self.is_network() => {
                Value::data(self.net.trunc().to_string())
            }
            "ip_netmask" | "address/netmask" => Value::data(format!("{ip} {}", self.net.netmask())),
            "version" => Value::Int(i64::from(self.version())),
            "type" => Value::data(if self.is_network() { "network" } else { "address" }),
            "bool" => Value::Bool(true),
            "int" => self.integer(),
            "revdns" => Value::data(reverse_name(ip)),
            "wrap" => Value::data(self.wrapped()),
            "ipv4" => when(self.version() == 4),
            "ipv6" => when(self.version() == 6),
            "private" => when(is_private(ip)),
            "public" => when(is_public(ip)),
            "loopback" | "lo" => when(ip.is_loopback()),
            "multicast" => when(ip.is_multicast()),
            "unicast" => when(!ip.is_multicast()),
            "first_usable" if usable => text(self.nth_address(1)?),
            "last_usable" if usable => text(self.nth_address(-2)?),
            "range_usable" if usable => {
                Value::data(format!("{}-{}", self.nth_address(1)?, self.nth_address(-2)?))
            }
            "net" | "broadcast" | "address" | "ip" | "host" | "host/prefix" | "hostnet"
            | "ip/prefix" | "address/prefix" => Value::Null,
            _ => return None,
        })
    }

    fn size(&self) -> Value {
        let size = 1u128.checked_shl(u32::from(self.hosts_bits()));
        size.and_then(|size| i64::try_from(size).ok()).map_or_else(
            || Value::data(size.map_or_else(String::new, |size| size.to_string())),
            Value::Int,
        )
    }

    fn integer(&self) -> Value {
        let ip = number(self.net.addr());
        let ip = i64::try_from(ip).map_or_else(|_| Value::data(ip.to_string()), Value::Int);
        match (&ip, self.written) {
            (Value::Int(number), true) => {
                Value::data(format!("{number}/{}", self.net.prefix_len()))
            }
            _ => ip,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.written { write!(f, "{}", self.net) } else { write!(f, "{}", self.net.addr()) }
    }
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

fn is_public(ip: IpAddr) -> bool {
    !(is_private(ip) || ip.is_multicast())
}

/// RFC 1035, section 3.5, and RFC 3596, section 2.5.
fn reverse_name(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(ip) => {
            let nibbles = ip.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            let digits: Vec<String> = nibbles.map(|nibble| format!("{nibble:x}")).collect();
            format!("{}.ip6.arpa.", digits.join("."))
        }
    }
}
