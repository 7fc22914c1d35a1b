//! Host certificates: what must hold besides the signature.

use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::{Certificate, HashAlg};

use super::pattern::HostName;

/// Checks a certificate whose authority is known; the error says what is wrong with it.
pub(super) fn check(certificate: &Certificate, name: &HostName, now: u64) -> Result<(), String> {
    if certificate.cert_type() != CertType::Host {
        return Err("it is a user's certificate, not a host's".to_owned());
    }
    let principals = certificate.valid_principals();
    if !principals.iter().any(|principal| principal.eq_ignore_ascii_case(name.host())) {
        return Err(format!("it is for {}", listed(principals)));
    }
    if let Some((option, _)) = certificate.critical_options().iter().next() {
        return Err(format!("it has the critical option `{option}`, which hosts cannot have"));
    }
    if now < certificate.valid_after() {
        return Err("it is not valid yet".to_owned());
    }
    if now >= certificate.valid_before() {
        return Err("it has expired".to_owned());
    }
    let authority = certificate.signature_key().fingerprint(HashAlg::Sha256);
    certificate
        .validate_at(now, [&authority])
        .map_err(|error| format!("its signature does not hold ({error})"))
}

fn listed(principals: &[String]) -> String {
    if principals.is_empty() {
        return "no host at all".to_owned();
    }
    principals.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
