//! `mxprov_dns`: the public names lead to the host. It only asks, from the controller.

use std::net::IpAddr;

use crate::resource::dns::{Server, canonical};
use crate::resource::{Host, Suspend};
use crate::value::{Map, Value};

use super::dns::{
    Asker, Expected, Severities, complaint, name_below, rows, subjects, table, warnings, well_known,
};
use super::{Call, Module, Plan, Words};

arguments! {
    /// Arguments of `mxprov_dns`.
    pub struct Args {
        /// The domain that users see in their addresses.
        domain: String,
        /// Where Matrix answers: on the domain itself, or on `matrix_name` below it.
        mode: Mode = Mode::Subdomain,
        /// The label below the domain in subdomain mode.
        matrix_name: String = "chat",
        /// In subdomain mode: the domain itself is another server's, which serves
        /// `/.well-known/matrix/server` and `client`. Where it leads is then not an error.
        well_known_elsewhere: bool = false,
        /// What `uri` registered of these files, in a loop over `server` and `client`.
        well_known: Vec<Value> = Vec::<Value>::new(),
        /// The public addresses of the host.
        addresses: Words,
        /// Names of components: a list of `name` (the label below the domain, or `@`), `component`,
        /// `direct` (must lead straight to the host).
        names: Vec<Value> = Vec::<Value>::new(),
        /// Who is asked: addresses, with a port if it is not 53. Empty: the zone's own servers and
        /// two public resolvers.
        resolvers: Words = [],
        /// The authority that will issue certificates, as CAA records name it. Empty: not checked.
        certificate_authority: String = "letsencrypt.org",
        /// The ACME account that will ask it, for CAA records with `accounturi`.
        account_uri: String = "",
        /// The port of federation.
        federation_port: i64 = 8448,
        /// The domain whose SPF and DMARC are looked at. Empty: they are not.
        mail_domain: String = "",
        /// How bad each finding is: `error`, `warn` or `ignore`.
        severity: Map = Map::new(),
    }
}

choice! {
    /// Where Matrix answers.
    pub enum Mode {
        /// On the domain itself.
        Root = "root",
        /// On a name below it.
        Subdomain = "subdomain",
    }
}

/// The module.
pub struct MxprovDns;

impl Module for MxprovDns {
    type Args = Args;
    const NAME: &'static str = "mxprov_dns";
    const SUMMARY: &'static str = "check that public names lead to the host";

    fn plan(args: &Args, _: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let expected = expected(args).map_err(Suspend::failed)?;
        let resolvers = args.resolvers.iter().filter(|text| !text.is_empty());
        let resolvers: Result<Vec<Server>, String> =
            resolvers.map(|text| Server::resolver(text)).collect();
        let matrix_name = match args.mode {
            Mode::Root => None,
            Mode::Subdomain => Some(args.matrix_name.as_str()),
        };
        let mut names =
            subjects(&expected.domain, matrix_name, &args.names).map_err(Suspend::failed)?;
        if args.well_known_elsewhere && matrix_name.is_some() {
            let domain = names.iter_mut().filter(|name| name.name == expected.domain);
            domain.for_each(|name| name.elsewhere = !name.direct);
        }
        let asker = Asker::new(host, &expected.domain, resolvers.map_err(Suspend::failed)?);
        let mut rows = rows(&asker, &expected, &names)?;
        if let Some(label) = matrix_name.filter(|_| args.well_known_elsewhere) {
            let matrix = name_below(&expected.domain, label).map_err(Suspend::failed)?;
            let found = well_known(&expected, &matrix, &args.well_known);
            rows.extend(found.map_err(Suspend::failed)?);
        }
        let mut plan = Plan::new()
            .with("records", Value::list(rows.iter().map(super::dns::Row::value)))
            .with("table", Value::data(table(&rows)));
        plan.warnings = warnings(&rows);
        plan.failed = complaint(&rows);
        Ok(plan)
    }
}

/// What the records are judged by; the error names the argument that is wrong.
fn expected(args: &Args) -> Result<Expected, String> {
    let federation_port = u16::try_from(args.federation_port)
        .map_err(|_| format!("`federation_port`: {} is not a port", args.federation_port))?;
    let mail_domain = match args.mail_domain.trim() {
        "" => None,
        domain => Some(canonical(domain).map_err(|why| format!("`mail_domain`: {why}"))?),
    };
    Ok(Expected {
        domain: canonical(&args.domain).map_err(|why| format!("`domain`: {why}"))?,
        addresses: addresses(args)?,
        authority: args.certificate_authority.trim().to_string(),
        account: args.account_uri.trim().to_string(),
        federation_port,
        mail_domain,
        severities: Severities::read(&args.severity).map_err(|why| format!("`severity`: {why}"))?,
    })
}

/// The host's addresses without those that no name can lead to.
fn addresses(args: &Args) -> Result<Vec<IpAddr>, String> {
    let mut all = Vec::new();
    for text in args.addresses.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        let address: IpAddr =
            text.parse().map_err(|_| format!("`addresses`: `{text}` is not an IP address"))?;
        let local = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
        if !local && !address.is_loopback() && !address.is_unspecified() {
            all.push(address);
        }
    }
    if all.is_empty() {
        return Err("the public addresses of the host are not known: name them in `addresses` \
                    (`dns_addresses` of the role)"
            .into());
    }
    Ok(all)
}
