//! The table of requests with the process that must answer each.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::proxy::dynamic;
use crate::proxy::request::Request;

/// What stands for the names in a path, as clients encode it.
const NAMES: [(&str, &str); 6] = [
    ("{room}", "%21AbC_d-9%3Aexample.org"),
    ("{user}", "%40somebody%3Aexample.org"),
    ("{peer}", "%40peer%3Aother.example"),
    ("{event}", "%24tYpInG_send-0123"),
    ("{device}", "ABCDEFGHIJ"),
    ("{alias}", "%23state%2Fsend%3Aexample.org"),
];

/// Where a request comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    #[default]
    Public,
    Federation,
    Admin,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub method: String,
    pub path: String,
    /// A tier, `main`, or `none`.
    pub to: String,
    #[serde(default)]
    pub door: Door,
    #[serde(default, rename = "body")]
    _body: Value,
    #[serde(default, rename = "known")]
    _known: Value,
}

impl Row {
    pub fn request(&self, host: &str) -> Request {
        let mut path = self.path.clone();
        for (name, value) in NAMES {
            path = path.replace(name, value);
        }
        let mut request = Request::new(&self.method, host, &path);
        request.is_tls = self.door != Door::Admin;
        request
    }
}

/// All of `synapse.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// What a tier is on a host of each size.
    pub tiers: BTreeMap<String, BTreeMap<String, String>>,
    pub requests: Vec<Row>,
}

impl Requests {
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/routes/synapse.yaml");
        let text = std::fs::read_to_string(&path).expect("the table is there");
        dynamic::read(&path, &text).expect("the table is as it should be")
    }
}
