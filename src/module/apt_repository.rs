//! `ansible.builtin.apt_repository`: where packages come from, in the one-line form.

use std::sync::Arc;

use crate::resource::file::{PathState, Remove};
use crate::resource::package::{Options, Sources, UpdateLists};
use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::deb822_repository::put;
use super::presence::State;
use super::{Call, Mode, Module, Plan, run};

arguments! {
    /// Arguments of `apt_repository`.
    pub struct Args {
        /// The line: `deb [signed-by=/etc/apt/keyrings/x.asc] https://example.org/debian bookworm main`.
        repo: String,
        /// What it is to be.
        state: State = State::Present,
        /// The name of its file in /etc/apt/sources.list.d, without `.list`.
        filename: Option<String>,
        /// Download the package lists when it changes.
        update_cache | "update-cache": bool = true,
        /// How often a failed download is tried.
        update_cache_retries: i64 = 5,
        /// Seconds between two tries, at most.
        update_cache_retry_max_delay: i64 = 12,
        /// The mode of its file.
        mode: Mode = Mode::Bits(0o644),
        /// Not supported: for PPAs.
        codename: Option<String>,
        /// Has no effect: it is for the keys of PPAs.
        validate_certs: bool = true,
        /// Has no effect: nothing is needed on the host.
        install_python_apt: bool = true,
    }
}

/// The module.
pub struct AptRepository;

impl Module for AptRepository {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.apt_repository";
    const SUMMARY: &'static str = "sources of packages, one line each";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let _ = (args.validate_certs, args.install_python_apt);
        let repo = args.repo.trim();
        if repo.starts_with("ppa:") || args.codename.is_some() {
            return Err(Suspend::failed(
                "PPAs are not supported by mxprov; `repo` takes the line that they stand for",
            ));
        }
        let line = Line::parse(repo).filter(|line| line.enabled);
        let line = line
            .ok_or_else(|| Suspend::failed(format!("`{repo}` is not a line of sources.list(5)")))?;
        let mut plan = Plan::new().with("repo", Value::data(repo));
        plan.set(
            "state",
            Value::data(if args.state == State::Present { "present" } else { "absent" }),
        );
        match args.state {
            State::Present => add(&mut plan, &line, args, host)?,
            State::Absent => remove(&mut plan, &line, host)?,
        }
        if args.update_cache && !plan.actions.is_empty() {
            let before = host.package_lists()?;
            plan.act(UpdateLists {
                options: Options {
                    environment: run::environment(call)?,
                    wait: 60,
                    ..Options::default()
                },
                before: Arc::clone(&before),
                retries: u32::try_from(args.update_cache_retries).unwrap_or(1),
                longest_delay: u32::try_from(args.update_cache_retry_max_delay).unwrap_or(12),
            });
        }
        Ok(plan)
    }
}

/// A line of sources.list(5), blanks evened out.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    enabled: bool,
    source: String,
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        let (enabled, line) = match line.strip_prefix('#') {
            Some(rest) => (false, rest.trim_start_matches(['#', ' ', '\t'])),
            None => (true, line),
        };
        let line = line.split(" #").next().unwrap_or(line);
        let words: Vec<&str> = line.split_whitespace().collect();
        let valid = matches!(words.first(), Some(&("deb" | "deb-src"))) && words.len() >= 3;
        valid.then(|| Self { enabled, source: words.join(" ") })
    }

    /// The name that Ansible gives its file: the letters and digits of the place, `_` between.
    fn file(&self) -> String {
        let mut place = "";
        let mut inside = false;
        for word in self.source.split(' ').skip(1) {
            inside |= word.starts_with('[');
            if !inside {
                place = word;
                break;
            }
            inside &= !word.ends_with(']');
        }
        let place = place.split_once("://").map_or(place, |(_, rest)| rest);
        let place = match place.split_once('@') {
            Some((user, rest)) if !user.contains('/') => rest,
            _ => place,
        };
        let words: Vec<&str> = place
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        words.join("_")
    }
}

fn add(plan: &mut Plan, line: &Line, args: &Args, host: &Host<'_>) -> Result<(), Suspend> {
    let sources = host.state(Sources)?;
    let path = match &args.filename {
        Some(name) if name.starts_with('/') => name.clone(),
        Some(name) if name.contains('/') => {
            return Err(Suspend::failed(format!("`filename` cannot hold a slash: `{name}`")));
        }
        Some(name) => format!("/etc/apt/sources.list.d/{}.list", name.trim_end_matches(".list")),
        None => format!("/etc/apt/sources.list.d/{}.list", line.file()),
    };
    let has = |text: &str| text.lines().filter_map(Line::parse).any(|found| found == *line);
    if sources.0.iter().any(|(file, text)| *file != path && has(text)) {
        return Ok(());
    }
    let old = match &*host.path_to_replace(&path)? {
        PathState::Present(_) => host.content_of(&path)?,
        PathState::Absent => None,
    };
    let old = old.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    if has(&old) {
        return Ok(());
    }
    // A line that is there and off is put on; else it goes to the end.
    let is_off = |text: &str| {
        Line::parse(text).is_some_and(|found| !found.enabled && found.source == line.source)
    };
    let mut lines: Vec<&str> = old.lines().collect();
    match lines.iter().position(|text| is_off(text)) {
        Some(index) => lines[index] = &line.source,
        None => lines.push(&line.source),
    }
    put(plan, path, lines.join("\n") + "\n", &args.mode, host)
}

fn remove(plan: &mut Plan, line: &Line, host: &Host<'_>) -> Result<(), Suspend> {
    for (path, text) in &host.state(Sources)?.0 {
        let keeps = |text: &&str| Line::parse(text) != Some(line.clone());
        let kept: Vec<&str> = text.lines().filter(keeps).collect();
        if kept.len() == text.lines().count() {
            continue;
        }
        match &*host.path(path)? {
            PathState::Present(before) if kept.is_empty() && path != "/etc/apt/sources.list" => {
                let old = Some(Arc::new(text.clone().into_bytes()));
                plan.act(Remove { path: path.clone(), before: before.clone(), old });
            }
            PathState::Present(before) => {
                let mode = Mode::Bits(before.mode);
                let text = if kept.is_empty() { String::new() } else { kept.join("\n") + "\n" };
                put(plan, path.clone(), text, &mode, host)?;
            }
            PathState::Absent => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_compared_and_their_files_named() {
        let line = Line::parse("deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.asc]  https://download.example.com/linux/debian bookworm stable").expect("is right");
        assert_eq!(line.file(), "download_example_com_linux_debian");
        assert_eq!(Line::parse("# deb http://a b c").map(|line| line.enabled), Some(false));
        assert_eq!(
            Line::parse("deb http://u:p@a.b/c d").map(|line| line.file()),
            Some("a_b_c".into())
        );
        assert!(Line::parse("# a comment with deb in it").is_none());
    }
}
