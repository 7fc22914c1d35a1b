//! `ansible.builtin.get_url`: a file that the host downloads.

use crate::resource::file::{Algorithm, Checksum, Path, PathKind, PathState, Source};
use crate::resource::web::{Page, PageDigest, Request, shown_url};
use crate::resource::{Host, Suspend};
use crate::value::{Map, Str, Value};

use super::content::Wanted;
use super::paths::{absolute, base_name, is_directory};
use super::web_request::{Given, request};
use super::written::Access;
use super::{Call, Hidden, Module, Plan};

arguments! {
    /// Arguments of `get_url`.
    pub struct Args {
        /// The URL: http, https or ftp.
        url: Str,
        /// The file, or the directory that it goes into under its own name.
        dest: String,
        /// `algorithm:hexadecimal`, or `algorithm:URL` of a list of checksums.
        checksum: Option<String>,
        /// Download even if the file is there, to see whether it changed.
        force | "thirsty": bool = false,
        /// Keep the old file beside the new one.
        backup: bool = false,
        /// Headers.
        headers: Option<Map>,
        /// How many seconds nothing may happen.
        timeout: i64 = 10,
        /// The user that logs in.
        url_username | "username": Option<String>,
        /// Its password.
        url_password | "password": Option<Hidden>,
        /// Basic authentication is always sent at once; accepted for playbooks that ask for it.
        force_basic_auth: bool = false,
        /// Certificates must be right.
        validate_certs: bool = true,
        /// The host's proxy variables count.
        use_proxy: bool = true,
        /// The name of the client.
        http_agent: String = "ansible-httpget",
        /// A certificate of the client; a path on the host.
        client_cert: Option<String>,
        /// Its key; a path on the host.
        client_key: Option<String>,
        /// Where Ansible would keep the download; mxprov keeps it beside the target.
        tmp_dest: Option<String>,
        /// Nothing is decompressed that was not asked for; accepted for playbooks that turn it off.
        decompress: bool = true,
    }
    includes { access: Access }
    refuses {
        use_gssapi, use_netrc,
        unredirected_headers, ciphers
    }
}

/// The module.
pub struct GetUrl;

impl Module for GetUrl {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.get_url";
    const SUMMARY: &'static str = "download a file to the host";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let _ = (args.force_basic_auth, &args.tmp_dest, args.decompress);
        let dest = destination(args, host)?;
        let request = request(&given(args))?;
        let checksum = checksum(args, &request, host)?;
        let state = host.path_to_replace(&dest)?;
        let mut plan = Plan::new()
            .with("url", Value::data(shown_url(args.url.as_str())))
            .with("dest", Value::data(dest.as_str()));
        let there = state.attributes().is_some_and(|found| found.kind == PathKind::File);
        let same = there
            && match &checksum {
                Some((algorithm, sum)) => has_checksum(&dest, *algorithm, sum, host)?,
                None if !args.force => true,
                None => is_same_as_page(&dest, &request, host)?,
            };
        let wanted = Wanted {
            content: Source::Web { request: Box::new(request), checksum },
            secret: args.url.is_secret(),
            owner: args.access.owner.as_ref(),
            group: args.access.group.as_ref(),
            mode: args.access.mode.clone(),
            backup: args.backup,
            ..Wanted::new(dest.clone(), vec![])
        };
        if same {
            wanted.own(&mut plan, &state);
            plan.set("msg", Value::data("file already exists"));
        } else {
            let put = wanted.put(&mut plan, host)?;
            put.register(&mut plan, &wanted);
            plan.set("msg", Value::data("OK"));
        }
        Ok(plan)
    }
}

fn given(args: &Args) -> Given<'_> {
    Given {
        url: args.url.as_str(),
        headers: args.headers.as_ref(),
        user: args.url_username.as_ref(),
        password: args.url_password.as_ref(),
        timeout: args.timeout,
        verify: args.validate_certs,
        follow: true,
        proxy: args.use_proxy,
        agent: &args.http_agent,
        client: (args.client_cert.as_ref(), args.client_key.as_ref()),
    }
}

/// `dest` itself, or a file in it under the URL's last part.
fn destination(args: &Args, host: &Host<'_>) -> Result<String, Suspend> {
    let dest = &absolute("dest", &args.dest, host)?;
    if !args.dest.ends_with('/') && !is_directory(dest, host)? {
        return Ok(dest.clone());
    }
    let url = shown_url(args.url.as_str());
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    let name = path.map_or("", |(_, path)| base_name(path));
    let name = if name.is_empty() { "index.html" } else { name };
    Ok(format!("{}/{name}", dest.trim_end_matches('/')))
}

/// The checksum that the download must have.
fn checksum(
    args: &Args,
    request: &Request,
    host: &Host<'_>,
) -> Result<Option<(Algorithm, String)>, Suspend> {
    let Some(text) = args.checksum.as_deref().map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let (name, sum) = text.split_once(':').unwrap_or(("", text));
    let algorithm = Algorithm::named(name).ok_or_else(|| {
        Suspend::failed(format!("`checksum` starts with an algorithm and `:`, not with `{name}`"))
    })?;
    let sum = sum.trim();
    let sum = if sum.contains("://") {
        let list = Request { url: sum.into(), ..request.clone() };
        let page = host.state(Page(list))?;
        let text = String::from_utf8_lossy(&page.0).into_owned();
        listed(&text, base_name(&shown_url(args.url.as_str()))).ok_or_else(|| {
            Suspend::failed(format!("{} lists no checksum of this file", shown_url(sum)))
        })?
    } else {
        sum.to_ascii_lowercase()
    };
    if sum.is_empty() || !sum.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Suspend::failed("`checksum` is not hexadecimal"));
    }
    Ok(Some((algorithm, sum)))
}

/// The checksum of a file in a list as sha256sum(1) writes it, or the only one that is there.
fn listed(text: &str, name: &str) -> Option<String> {
    let lines: Vec<(&str, &str)> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), "")))
        .collect();
    let is_it = |file: &str| base_name(file.trim().trim_start_matches('*')) == name;
    let sum = match lines[..] {
        [(sum, "")] => Some(sum),
        _ => lines.iter().find(|(_, file)| is_it(file)).map(|(sum, _)| *sum),
    };
    sum.map(str::to_ascii_lowercase)
}

fn has_checksum(
    path: &str,
    algorithm: Algorithm,
    sum: &str,
    host: &Host<'_>,
) -> Result<bool, Suspend> {
    if algorithm == Algorithm::Sha256 {
        return Ok(host.digest(path)?.as_deref() == Some(sum));
    }
    if host.is_predicted(&Path { path: path.to_string() }) {
        return Ok(false);
    }
    let asked = Checksum { path: path.to_string(), algorithm };
    Ok(host.state(asked)?.0.as_deref() == Some(sum))
}

/// With `force` the host fetches the file while planning, to compare; nothing is written.
fn is_same_as_page(path: &str, request: &Request, host: &Host<'_>) -> Result<bool, Suspend> {
    if matches!(*host.path_to_replace(path)?, PathState::Absent) {
        return Ok(false);
    }
    let page = host.state(PageDigest(request.clone()))?;
    Ok(host.digest(path)?.as_ref() == Some(&page.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_checksums_are_read() {
        let list = "AA11  other.tar.gz\nbb22 *file.tar.gz\n";
        assert_eq!(listed(list, "file.tar.gz").as_deref(), Some("bb22"));
        assert_eq!(listed("CC33\n", "file.tar.gz").as_deref(), Some("cc33"));
        assert_eq!(listed(list, "none"), None);
    }
}
