//! A reverse proxy that is driven by Traefik's own configuration files, as its stand-in.
//!
//! [`table`] with [`rule`] and [`request`] says which router gets a request, without any network:
//! tests of route tables use that alone. What is written here follows Traefik 3.7.

#![allow(dead_code, reason = "shared with tests through `#[path]`; none of its users needs all")]

pub mod dynamic;
pub mod fixed;
pub mod middleware;
pub mod request;
pub mod rule;
pub mod table;
