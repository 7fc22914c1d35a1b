//! Certificates: of the lab's own authority, kept in `acme.json` in Traefik's form.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde_json::{Value, json};
use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::crypto::ring::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

use crate::proxy::dynamic::{Certificate, Tls};

type Anyhow<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Makes `ca.pem` and `ca.key` in a folder.
pub fn make_authority(folder: &Path) -> Anyhow<()> {
    let key = KeyPair::generate()?;
    let certificate = authority()?.self_signed(&key)?;
    fs::create_dir_all(folder)?;
    fs::write(folder.join("ca.pem"), certificate.pem())?;
    fs::write(folder.join("ca.key"), key.serialize_pem())?;
    Ok(())
}

/// The same each time, so that its certificate need not be read back.
fn authority() -> Anyhow<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = name("Lab certificate authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn name(text: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, text);
    name
}

/// Certificate and key, both PEM.
fn issue(folder: &Path, names: &[String]) -> Anyhow<(String, String)> {
    let key = KeyPair::from_pem(&fs::read_to_string(folder.join("ca.key"))?)?;
    let issuer = Issuer::new(authority()?, key);
    let own = KeyPair::generate()?;
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name = name(names.first().map_or("", String::as_str));
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&own, &issuer)?;
    Ok((certificate.pem(), own.serialize_pem()))
}

/// What Traefik shows to whoever asks for a name that it has no certificate for.
fn fallback() -> Anyhow<CertifiedKey> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = name("TRAEFIK DEFAULT CERT");
    certified(&params.self_signed(&key)?.pem(), &key.serialize_pem())
}

fn certified(certificate: &str, key: &str) -> Anyhow<CertifiedKey> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())?;
    Ok(CertifiedKey::new(chain?, any_supported_type(&key)?))
}

/// The certificates that are there.
#[derive(Debug)]
pub struct Certificates {
    authority: PathBuf,
    /// Those of resolvers.
    by_name: RwLock<HashMap<String, Arc<CertifiedKey>>>,
    /// Those of the dynamic configuration, and the one for all other names.
    from_files: RwLock<(Vec<Arc<CertifiedKey>>, Option<Arc<CertifiedKey>>)>,
    fallback: Arc<CertifiedKey>,
}

impl Certificates {
    /// `authority` is a folder that [`make_authority`] filled.
    pub fn new(authority: &Path) -> Anyhow<Self> {
        Ok(Self {
            authority: authority.to_owned(),
            by_name: RwLock::default(),
            from_files: RwLock::default(),
            fallback: Arc::new(fallback()?),
        })
    }

    /// Reads those that the dynamic configuration names. The first that cannot be read is told;
    /// the others count.
    pub fn read_files(&self, tls: &Tls) -> Anyhow<()> {
        let read = |pair: &Certificate| -> Anyhow<Arc<CertifiedKey>> {
            let text = |path: &Path| {
                fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
            };
            Ok(Arc::new(certified(&text(&pair.cert_file)?, &text(&pair.key_file)?)?))
        };
        let (read_well, failed): (Vec<_>, Vec<_>) =
            tls.certificates.iter().map(read).partition(Result::is_ok);
        let chosen = tls.stores.get("default").and_then(|store| store.default_certificate.as_ref());
        let chosen = chosen.map(read).transpose();
        let (chosen, problem) = match chosen {
            Ok(chosen) => (chosen, None),
            Err(problem) => (None, Some(problem)),
        };
        let mut held = self.from_files.write().unwrap_or_else(PoisonError::into_inner);
        *held = (read_well.into_iter().flatten().collect(), chosen);
        failed.into_iter().find_map(Result::err).or(problem).map_or(Ok(()), Err)
    }

    /// Reads a resolver's storage, and gets and stores what is missing for `wanted`: the names of
    /// one certificate each.
    pub fn obtain(&self, resolver: &str, storage: &Path, wanted: &[Vec<String>]) -> Anyhow<()> {
        let mut stored = read(storage)?;
        let mut known = pairs(&stored[resolver]["Certificates"])?;
        for names in wanted {
            let has_all = known.iter().any(|(held, ..)| names.iter().all(|n| held.contains(n)));
            if has_all || names.is_empty() {
                continue;
            }
            let (certificate, key) = issue(&self.authority, names)?;
            add(&mut stored, resolver, names, (&certificate, &key));
            known.push((names.clone(), certificate, key));
            write(storage, &stored)?;
        }
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        for (names, certificate, key) in known {
            let certified = Arc::new(certified(&certificate, &key)?);
            by_name.extend(names.into_iter().map(|name| (name, certified.clone())));
        }
        Ok(())
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        let from_files = self.from_files.read().unwrap_or_else(PoisonError::into_inner);
        let named = hello.server_name().and_then(|name| {
            let in_files = || from_files.0.iter().find(|held| is_for(held, name));
            by_name.get(&name.to_lowercase()).or_else(in_files)
        });
        let found = named.or(from_files.1.as_ref()).unwrap_or(&self.fallback);
        Some(found.clone())
    }
}

fn is_for(held: &CertifiedKey, name: &str) -> bool {
    let parsed = held.end_entity_cert().and_then(ParsedCertificate::try_from);
    let name = ServerName::try_from(name);
    matches!((parsed, name), (Ok(parsed), Ok(name)) if verify_server_name(&parsed, &name).is_ok())
}

fn read(storage: &Path) -> Anyhow<Value> {
    if !storage.exists() {
        return Ok(json!({}));
    }
    let mode = fs::metadata(storage)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = storage.display();
        return Err(format!("permissions {mode:o} for {path} are too open, please use 600").into());
    }
    let text = fs::read_to_string(storage)?;
    if text.trim().is_empty() { Ok(json!({})) } else { Ok(serde_json::from_str(&text)?) }
}

/// Names, certificate and key of each.
fn pairs(certificates: &Value) -> Anyhow<Vec<(Vec<String>, String, String)>> {
    let mut pairs = Vec::new();
    for one in certificates.as_array().into_iter().flatten() {
        let text = |name: &str| -> Anyhow<String> {
            let encoded = one[name].as_str().unwrap_or_default();
            Ok(String::from_utf8(BASE64.decode(encoded)?)?)
        };
        let mut names = vec![one["domain"]["main"].as_str().unwrap_or_default().to_owned()];
        let sans = one["domain"]["sans"].as_array().into_iter().flatten();
        names.extend(sans.filter_map(|name| name.as_str().map(str::to_owned)));
        pairs.push((names, text("certificate")?, text("key")?));
    }
    Ok(pairs)
}

fn add(stored: &mut Value, resolver: &str, names: &[String], pair: (&str, &str)) {
    if stored[resolver].is_null() {
        stored[resolver] = json!({
            "Account": {"Email": "", "Registration": null, "PrivateKey": "", "KeyType": "4096"},
            "Certificates": [],
        });
    }
    let mut domain = json!({"main": names[0]});
    if names.len() > 1 {
        domain["sans"] = json!(names[1..]);
    }
    let certificate = json!({
        "domain": domain,
        "certificate": BASE64.encode(pair.0),
        "key": BASE64.encode(pair.1),
        "Store": "default",
    });
    match stored[resolver]["Certificates"].as_array_mut() {
        Some(list) => list.push(certificate),
        None => stored[resolver]["Certificates"] = json!([certificate]),
    }
}

fn write(storage: &Path, stored: &Value) -> Anyhow<()> {
    let mut file =
        fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(storage)?;
    file.write_all(format!("{stored:#}\n").as_bytes())?;
    Ok(())
}
