//! A reverse proxy that is driven by Traefik's own configuration files, as its stand-in.
//!
//! [`Routes`] says which service gets a request, without any network: tests of route tables use
//! that alone. What is written here follows Traefik 3.7.

pub mod dynamic;
pub mod fixed;
pub mod middleware;
pub mod request;
pub mod routes;
pub mod rule;
pub mod table;

pub use request::Request;
pub use routes::Routes;
