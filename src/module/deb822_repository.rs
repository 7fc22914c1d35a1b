//! `ansible.builtin.deb822_repository`: where packages come from, in the form of deb822(5).

use std::fmt::Write as _;
use std::sync::Arc;

use crate::resource::file::{Ownership, PathKind, PathState, Remove, Source, WriteFile};
use crate::resource::package::FetchKey;
use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::presence::State;
use super::{Call, Mode, Module, Plan, Words};

arguments! {
    /// Arguments of `deb822_repository`.
    pub struct Args {
        /// Its name, which also names its file.
        name: String,
        /// What it is to be.
        state: State = State::Present,
        /// `deb`, `deb-src`, or both.
        types: Option<Words>,
        /// Where it is.
        uris: Option<Words>,
        /// Releases: `bookworm`, or a path that ends with `/`.
        suites: Option<Words>,
        /// Parts: `main`.
        components: Option<Words>,
        /// Architectures.
        architectures: Option<Words>,
        /// Its key: a path on the host, a URL, the key itself in ASCII, or fingerprints.
        signed_by: Option<String>,
        /// Whether apt uses it.
        enabled: Option<bool>,
        /// Whether it needs no signature.
        trusted: Option<bool>,
        /// Whether unsigned data is accepted with a warning.
        allow_insecure: Option<bool>,
        /// Whether weak signatures are accepted.
        allow_weak: Option<bool>,
        /// Whether signed data may become unsigned.
        allow_downgrade_to_insecure: Option<bool>,
        /// Whether files are asked for by their hash.
        by_hash: Option<bool>,
        /// Whether dates are checked at all.
        check_date: Option<bool>,
        /// Whether data that has run out is refused.
        check_valid_until: Option<bool>,
        /// Seconds that a date may lie in the future.
        date_max_future: Option<i64>,
        /// Packages that are not taken from it.
        exclude: Option<Words>,
        /// The only packages that are taken from it.
        include: Option<Words>,
        /// The path of its signed index.
        inrelease_path: Option<String>,
        /// Languages of descriptions.
        languages: Option<Words>,
        /// Whether differences of indexes are downloaded.
        pdiffs: Option<bool>,
        /// Files that are downloaded.
        targets: Option<Words>,
        /// The mode of the file.
        mode: Mode = Mode::Bits(0o644),
        /// Has no effect: nothing is needed on the host.
        install_python_debian: bool = false,
    }
}

/// The module.
pub struct Deb822Repository;

impl Module for Deb822Repository {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.deb822_repository";
    const SUMMARY: &'static str = "sources of packages";

    fn plan(args: &Args, _: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let _ = args.install_python_debian;
        let slug = slug(&args.name);
        if slug.is_empty() {
            return Err(Suspend::failed(format!("`{}` leaves no name for a file", args.name)));
        }
        let path = format!("/etc/apt/sources.list.d/{slug}.sources");
        let mut plan = Plan::new().with("dest", Value::data(path.as_str()));
        match args.state {
            State::Absent => {
                for path in [
                    path,
                    format!("/etc/apt/keyrings/{slug}.asc"),
                    format!("/etc/apt/keyrings/{slug}.gpg"),
                ] {
                    if let PathState::Present(before) = &*host.path(&path)? {
                        let old = host.content(&path)?;
                        plan.act(Remove { path, before: before.clone(), old });
                    }
                }
                plan.set("repo", Value::Null).set("key_filename", Value::Null);
                Ok(plan)
            }
            State::Present => present(plan, path, &slug, args, host),
        }
    }
}

/// The name as the name of a file, the way Ansible makes it.
fn slug(name: &str) -> String {
    let name =
        name.to_lowercase().replace(|letter: char| letter == '_' || letter.is_whitespace(), "-");
    let mut slug = String::new();
    for letter in name.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-') {
        if letter != '-' || !slug.ends_with('-') {
            slug.push(letter);
        }
    }
    slug
}

fn present(
    mut plan: Plan,
    path: String,
    slug: &str,
    args: &Args,
    host: &Host<'_>,
) -> Result<Plan, Suspend> {
    if args.uris.is_none() || args.suites.is_none() {
        return Err(Suspend::failed("a repository needs `uris` and `suites`"));
    }
    let mut signed_by = args.signed_by.clone();
    plan.set("key_filename", Value::Null);
    if let Some(url) = args.signed_by.as_deref().map(str::trim).filter(|text| text.contains("://"))
    {
        let binary = matches!(url.rsplit('.').next(), Some("gpg" | "pgp"));
        let end = if binary { "gpg" } else { "asc" };
        let key = format!("/etc/apt/keyrings/{slug}.{end}");
        if *host.path_to_replace(&key)? == PathState::Absent {
            plan.act(FetchKey { url: url.to_string(), path: key.clone() });
        }
        plan.set("key_filename", Value::data(key.as_str()));
        signed_by = Some(key);
    }
    let text = text(args, signed_by.as_deref())?;
    plan.set("repo", Value::data(text.as_str()));
    put(&mut plan, path, text, &args.mode, host)?;
    Ok(plan)
}

/// Writes a file of root's, if its text or its mode is another.
pub fn put(
    plan: &mut Plan,
    path: String,
    text: String,
    mode: &Mode,
    host: &Host<'_>,
) -> Result<(), Suspend> {
    let before = host.path_to_replace(&path)?;
    let found = before.attributes();
    let old = match found {
        Some(found) if found.kind == PathKind::File => host.content_of(&path)?,
        Some(_) => return Err(Suspend::failed(format!("`{path}` is there and is no file"))),
        None => None,
    };
    let mode = mode.resolve(found.map_or(0o644, |found| found.mode), false);
    let same_mode = mode.is_none_or(|mode| found.is_some_and(|found| found.mode == mode));
    if old.as_deref().is_some_and(|old| old.as_slice() == text.as_bytes()) && same_mode {
        return Ok(());
    }
    plan.act(WriteFile {
        path,
        content: Source::Bytes(Arc::new(text.into_bytes())),
        secret: false,
        ownership: Ownership { mode, ..Ownership::default() },
        before,
        old,
        validate: None,
        backup: false,
    });
    Ok(())
}

/// The text of the file, fields in the order of the arguments' names.
fn text(args: &Args, signed_by: Option<&str>) -> Result<String, Suspend> {
    let yes = |truth: Option<bool>| truth.map(|truth| if truth { "yes" } else { "no" }.to_string());
    let list = |words: &Option<Words>| words.as_ref().map(|words| words.join(" "));
    let types = list(&args.types).unwrap_or_else(|| "deb".into());
    if types.split(' ').any(|kind| !matches!(kind, "deb" | "deb-src")) {
        return Err(Suspend::failed(format!("`types` are `deb` and `deb-src`, not `{types}`")));
    }
    let fields = [
        ("Allow-Downgrade-To-Insecure", yes(args.allow_downgrade_to_insecure)),
        ("Allow-Insecure", yes(args.allow_insecure)),
        ("Allow-Weak", yes(args.allow_weak)),
        ("Architectures", list(&args.architectures)),
        ("By-Hash", yes(args.by_hash)),
        ("Check-Date", yes(args.check_date)),
        ("Check-Valid-Until", yes(args.check_valid_until)),
        ("Components", list(&args.components)),
        ("Date-Max-Future", args.date_max_future.map(|seconds| seconds.to_string())),
        ("Enabled", yes(args.enabled)),
        ("Exclude", list(&args.exclude)),
        ("Include", list(&args.include)),
        ("Inrelease-Path", args.inrelease_path.clone()),
        ("Languages", list(&args.languages)),
        ("X-Repolib-Name", Some(args.name.clone())),
        ("Pdiffs", yes(args.pdiffs)),
        ("Signed-By", signed_by.map(str::to_string)),
        ("Suites", list(&args.suites)),
        ("Targets", list(&args.targets)),
        ("Trusted", yes(args.trusted)),
        ("Types", Some(types)),
        ("URIs", list(&args.uris)),
    ];
    let mut text = String::new();
    for (name, value) in fields {
        let Some(value) = value else { continue };
        let written = match value.trim_end().contains('\n') {
            false => writeln!(text, "{name}: {}", value.trim_end()),
            true => writeln!(text, "{name}:\n{}", folded(&value)),
        };
        written.expect("writing to a string cannot fail");
    }
    Ok(text)
}

/// The lines of a value that takes more than one: a dot stands for an empty one.
fn folded(value: &str) -> String {
    let line =
        |line: &str| format!("    {}", if line.trim().is_empty() { "." } else { line.trim_end() });
    value.trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_as_ansible_names_them() {
        assert_eq!(slug("My Repo_x"), "my-repo-x");
        assert_eq!(slug("Docker (stable)"), "docker-stable");
    }

    #[test]
    fn keys_are_folded() {
        assert_eq!(folded("-----BEGIN\n\nabcd\n"), "    -----BEGIN\n    .\n    abcd");
    }
}
