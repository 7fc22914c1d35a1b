//! DNS as the controller sees it: which servers answer for a name, and what each of them says.
//!
//! Nothing here is asked of the host. Aliases across zones are not followed here: a server that
//! leads on to another zone says so ([`Reply::Alias`]), and whoever plans asks for that name too.

mod exchange;
mod lookup;
mod name;
mod reply;
mod server;
#[cfg(test)]
mod tests;
mod zone;

pub use lookup::{Answer, Answers, Lookup};
pub use name::{canonical, is_below, parent};
pub use reply::{Data, Failure, RecordKind, Reply};
pub use server::Server;
pub use zone::{Zone, ZoneServers, public_resolvers};
