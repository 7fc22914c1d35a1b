//! IP addresses.

use super::{Test, test};
use crate::template::address::{Address, network};
use crate::template::failure::Stop;
use crate::template::python;
use crate::value::Value;

pub(super) const TESTS: &[Test] = &[
    test("ip", &[], |_, v, _| asked(v, |_| true)),
    test("ip_address", &[], |_, v, _| asked(v, |a| !a.to_string().contains('/'))),
    test("ipv4", &[], |_, v, _| asked(v, |a| a.version() == 4)),
    test("ipv6", &[], |_, v, _| asked(v, |a| a.version() == 6)),
    test("ipv4_address", &[], |_, v, _| {
        asked(v, |a| a.version() == 4 && !a.to_string().contains('/'))
    }),
    test("ipv6_address", &[], |_, v, _| {
        asked(v, |a| a.version() == 6 && !a.to_string().contains('/'))
    }),
    test("in_network", &["network"], |_, v, b| {
        let wanted = b.text(0)?;
        let wanted =
            network(&wanted).ok_or_else(|| Stop::error(format!("`{wanted}` is no network")))?;
        asked(v, |a| wanted.contains(&a.net))
    }),
    test("private", &[], |_, v, _| asked(v, |a| holds(a, "private"))),
    test("public", &[], |_, v, _| asked(v, |a| holds(a, "public"))),
    test("loopback", &[], |_, v, _| asked(v, |a| holds(a, "loopback"))),
];

fn asked(value: &Value, question: impl Fn(&Address) -> bool) -> Result<bool, Stop> {
    Ok(Address::read(value)?.is_some_and(|address| question(&address)))
}

fn holds(address: &Address, query: &str) -> bool {
    address.answer(query).is_some_and(|answer| python::truth(&answer).unwrap_or(false))
}
