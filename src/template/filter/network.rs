//! IP addresses and networks: the queries of ansible.utils that roles use.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Filter, filter};
use crate::template::address::{self, Address};
use crate::template::arguments::{Bound, items, list};
use crate::template::eval::Session;
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const FILTERS: &[Filter] = &[
    filter("ipaddr", &["query", "version", "alias"], |_, input, b| every(input, b, None)),
    filter("ipv4", &["query"], |_, input, b| every(input, b, Some(4))),
    filter("ipv6", &["query"], |_, input, b| every(input, b, Some(6))),
    filter("ipwrap", &["query"], |_, input, _| each(input, |a| Ok(Value::data(a.wrapped())))),
    filter("ipsubnet", &["query", "index"], ipsubnet),
    filter("nthhost", &["query"], nthhost),
    filter("network_in_network", &["test"], network_in_network),
    filter("cidr_merge", &["action"], cidr_merge),
];

/// A query on one address, or on those of a list to which it applies.
fn every(input: &Value, arguments: &Bound, version: Option<u8>) -> Result<Value, Stop> {
    let query = arguments.text_or(0, "")?;
    match input {
        Value::List(inner) => {
            let mut found = Vec::new();
            for item in inner.iter() {
                let answer = query_one(item, &query, version)?;
                if answer != Value::Bool(false) && answer != Value::Null {
                    found.push(answer);
                }
            }
            Ok(Value::list(found))
        }
        other => query_one(other, &query, version),
    }
}

fn each(input: &Value, run: impl Fn(&Address) -> Result<Value, Stop>) -> Result<Value, Stop> {
    let one = |item: &Value| match Address::read(item)? {
        Some(address) => run(&address),
        None => Ok(item.clone()),
    };
    match input {
        Value::List(inner) => {
            Ok(Value::list(inner.iter().map(one).collect::<Result<Vec<_>, _>>()?))
        }
        other => one(other),
    }
}

fn query_one(input: &Value, query: &str, version: Option<u8>) -> Result<Value, Stop> {
    let Some(address) = Address::read(input)? else { return Ok(Value::Bool(false)) };
    if version.is_some_and(|version| version != address.version()) {
        return Ok(Value::Bool(false));
    }
    if query.is_empty() {
        return Ok(Value::data(address.to_string()));
    }
    if let Ok(index) = query.parse::<i64>() {
        return Ok(address.nth(index).map_or(Value::Bool(false), Value::data));
    }
    if let Some(network) = address::network(query) {
        let inside = network.contains(&address.net.addr());
        return Ok(if inside { Value::data(address.to_string()) } else { Value::Bool(false) });
    }
    address.answer(query).ok_or_else(|| {
        Stop::error(format!("the query `{query}` is not supported")).hint(
            "supported are address, network, netmask, prefix, broadcast, size, host, net, subnet, \
             cidr, version, type, bool, int, revdns, wrap, public, private, a number or a network",
        )
    })
}

/// The number of subnets of a size, or one of them.
fn ipsubnet(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let Some(address) = Address::read(input)? else { return Ok(Value::Bool(false)) };
    let query = arguments.text_or(0, "")?;
    if query.is_empty() {
        return Ok(Value::data(address.net.trunc().to_string()));
    }
    let length = query.parse::<u8>().ok().filter(|length| *length <= address.net.max_prefix_len());
    let length = length.ok_or_else(|| Stop::error(format!("`{query}` is no prefix length")))?;
    let wrong = || Stop::error("there is no such subnet");
    if length < address.net.prefix_len() {
        return Err(wrong());
    }
    let count =
        1u128.checked_shl(u32::from(length - address.net.prefix_len())).ok_or_else(wrong)?;
    if arguments.set(1).is_none() {
        return Ok(Value::data(count.to_string()));
    }
    let index = i128::from(match arguments.need(1)? {
        Value::Str(text) => text.as_str().parse().map_err(|_| wrong())?,
        _ => arguments.need_integer(1)?,
    });
    let count = i128::try_from(count).map_err(|_| wrong())?;
    let index = if index < 0 { index + count } else { index };
    let index = usize::try_from(index).map_err(|_| wrong())?;
    let mut subnets = address.net.trunc().subnets(length).map_err(|_| wrong())?;
    let found = subnets.nth(index.min(1_000_000)).filter(|_| index <= 1_000_000);
    found.map(|net| Value::data(net.to_string())).ok_or_else(wrong)
}

fn nthhost(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let Some(address) = Address::read(input)? else { return Ok(Value::Bool(false)) };
    let index = match arguments.need(0)? {
        Value::Str(text) => {
            text.as_str().parse().map_err(|_| Stop::error("`nthhost` wants a number"))?
        }
        _ => arguments.need_integer(0)?,
    };
    Ok(address.nth_address(index).map_or(Value::Bool(false), |ip| Value::data(ip.to_string())))
}

fn network_in_network(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let (outer, inner) = (Address::read(input)?, Address::read(arguments.need(0)?)?);
    Ok(Value::Bool(match (outer, inner) {
        (Some(outer), Some(inner)) => outer.net.trunc().contains(&inner.net),
        _ => false,
    }))
}

fn cidr_merge(_: &Session<'_>, input: &Value, arguments: &Bound) -> Result<Value, Stop> {
    let mut nets: Vec<IpNet> = Vec::new();
    for item in list(&Value::list(items(input)?))? {
        let text = python::text(item)?;
        let net = Address::read(item)?;
        let net = net.ok_or_else(|| Stop::error(format!("`{text}` is no address or network")))?;
        nets.push(net.net.trunc());
    }
    if &*arguments.text_or(0, "merge")? != "merge" {
        return Err(Stop::error("`cidr_merge` only supports `merge`"));
    }
    let merged = IpNet::aggregate(&nets);
    Ok(Value::list(merged.into_iter().map(|net| Value::data(net.to_string()))))
}

/// Whether an address lies in one of the ranges that are not routed: private, local, for
/// documentation, reserved.
pub(crate) fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_documentation()
                || ip.is_unspecified()
                || ip.octets()[0] >= 240
        }
        IpAddr::V6(ip) => {
            ip.is_unique_local()
                || ip.is_loopback()
                || ip.is_unicast_link_local()
                || ip.is_unspecified()
                || ip.segments()[..2] == [0x2001, 0x0db8]
        }
    }
}
