//! `ansible.builtin.apt`: Debian packages.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::remote::Output;
use crate::resource::package::{
    Apt as AptAction, Archives, Candidate, Change, Clean, DebFile, ListsState, Options,
    Outcome as Simulated, Package, PackageState, Simulation, UpdateLists, is_name,
};
use crate::resource::{Host, Suspend, together};
use crate::value::{Key, Map, Value};

use super::{Call, Module, Outcome, Plan, Words, run};

choice! {
    /// What packages are to be.
    pub enum State {
        /// Not installed.
        Absent = "absent" | "removed" | "uninstalled",
        /// What is needed to build them is installed.
        BuildDep = "build-dep",
        /// Installed in the newest version.
        Latest = "latest",
        /// Installed.
        Present = "present" | "installed",
        /// Installed, with all that they depend on.
        Fixed = "fixed",
    }
}

choice! {
    /// What is upgraded.
    pub enum Upgrade {
        /// Nothing.
        No = "no" | "False" | "false",
        /// Everything, without removing anything.
        Yes = "yes" | "True" | "true" | "safe",
        /// Everything, packages may be removed.
        Full = "full" | "dist",
    }
}

arguments! {
    /// Arguments of `apt`.
    pub struct Args {
        /// Packages; `name=version` asks for one version, `name=1.2*` for one that matches.
        name | "package" | "pkg": Option<Words>,
        /// What they are to be.
        state: State = State::Present,
        /// A package file on the host.
        deb: Option<String>,
        /// Download the package lists first.
        update_cache | "update-cache": Option<bool>,
        /// Seconds that package lists stay good; asks for `update_cache`.
        cache_valid_time: Option<i64>,
        /// How often a failed download of the lists is tried.
        update_cache_retries: i64 = 5,
        /// Seconds between two tries, at most.
        update_cache_retry_max_delay: i64 = 12,
        /// Upgrade what is installed.
        upgrade: Upgrade = Upgrade::No,
        /// Remove packages that nothing depends on any more.
        autoremove: bool = false,
        /// Delete downloaded packages that cannot be downloaded any more.
        autoclean: bool = false,
        /// Delete all downloaded packages.
        clean: bool = false,
        /// Remove configuration files too.
        purge: bool = false,
        /// Install recommended packages; as apt is configured if it is not given.
        install_recommends | "install-recommends": Option<bool>,
        /// The release to take packages from: `bookworm-backports`.
        default_release | "default-release": Option<String>,
        /// Options for dpkg, without `--`.
        dpkg_options: String = "force-confdef,force-confold",
        /// Older versions may replace newer ones.
        allow_downgrade | "allow-downgrade" | "allow_downgrades" | "allow-downgrades": bool = false,
        /// Packages need no trusted signature.
        allow_unauthenticated | "allow-unauthenticated": bool = false,
        /// Packages on hold may change.
        allow_change_held_packages: bool = false,
        /// Fail if a package would be removed.
        fail_on_autoremove: bool = false,
        /// All of the `allow_` arguments.
        force: bool = false,
        /// Has no effect: apt-get is always used.
        force_apt_get: bool = false,
        /// Has no effect: nothing is needed on the host.
        auto_install_module_deps: bool = true,
        /// Seconds to wait for another apt or dpkg to end.
        lock_timeout: i64 = 60,
        /// Upgrade packages that are installed, install none.
        only_upgrade: bool = false,
        /// The status with which `policy-rc.d` answers meanwhile: 101 keeps services from starting.
        policy_rc_d: Option<i64>,
    }
}

/// The module.
pub struct Apt;

impl Module for Apt {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.apt";
    const SUMMARY: &'static str = "installs, upgrades and removes Debian packages";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let wanted = wanted(args)?;
        let mut task = Task::new(args, call, host, &wanted)?;
        task.update();
        let every = args.state == State::Latest
            && args.name.as_ref().is_some_and(|names| names.iter().any(|name| name == "*"));
        match args.upgrade {
            Upgrade::No if every => task.upgrade("dist-upgrade", &[])?,
            Upgrade::No => {}
            Upgrade::Yes => task.upgrade("upgrade", &["--with-new-pkgs"])?,
            Upgrade::Full => task.upgrade("dist-upgrade", &[])?,
        }
        if let Some(path) = &args.deb {
            task.file(path)?;
        }
        if !wanted.is_empty() {
            match args.state {
                State::Absent => task.remove(&wanted)?,
                State::BuildDep => {
                    return Err(Suspend::failed(
                        "`state: build-dep` of `apt` is not supported by mxprov",
                    ));
                }
                State::Present | State::Latest | State::Fixed => task.install(&wanted)?,
            }
        } else if args.autoremove && !task.works {
            task.autoremove()?;
        }
        task.clean()?;
        Ok(task.end())
    }
}

/// One package that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    name: String,
    version: Option<String>,
}

impl Wanted {
    fn spec(&self, version: Option<&str>) -> String {
        match version {
            Some(version) => format!("{}={version}", self.name),
            None => self.name.clone(),
        }
    }
}

fn wanted(args: &Args) -> Result<Vec<Wanted>, Suspend> {
    let given = [args.name.is_some(), args.deb.is_some(), args.upgrade != Upgrade::No];
    if given.iter().filter(|given| **given).count() > 1 {
        return Err(Suspend::failed("only one of `name`, `deb` and `upgrade` can be given"));
    }
    let names = args.name.iter().flat_map(|names| names.iter());
    names
        .filter(|name| !(*name == "*" && args.state == State::Latest))
        .map(|name| parse(name))
        .collect()
}

fn parse(text: &str) -> Result<Wanted, Suspend> {
    let text = text.trim();
    if text.contains(">=") {
        return Err(Suspend::failed(format!(
            "`{text}`: a least version is not supported by mxprov; `name=version` or `state: latest` are"
        )));
    }
    let (name, version) = match text.split_once('=') {
        Some((name, version)) => (name, Some(version.to_string())),
        None => (text, None),
    };
    if !is_name(name) {
        let hint = if name.contains(['*', '?']) {
            "; patterns of names are not supported by mxprov"
        } else {
            ""
        };
        return Err(Suspend::failed(format!("`{name}` cannot be the name of a package{hint}")));
    }
    Ok(Wanted { name: name.to_string(), version })
}

/// A plan in the making.
struct Task<'a> {
    args: &'a Args,
    host: &'a Host<'a>,
    options: Options,
    lists: Arc<ListsState>,
    plan: Plan,
    updates: bool,
    works: bool,
}

impl<'a> Task<'a> {
    fn new(
        args: &'a Args,
        call: &Call<'_>,
        host: &'a Host<'a>,
        wanted: &[Wanted],
    ) -> Result<Self, Suspend> {
        let names: Vec<String> = wanted.iter().map(|wanted| wanted.name.clone()).collect();
        together([host.package_lists().map(drop), host.packages(&names).map(drop)])?;
        let lists = host.package_lists()?;
        let options = Options {
            words: words(args),
            environment: run::environment(call)?,
            wait: u32::try_from(args.lock_timeout).unwrap_or(0),
            policy_rc_d: args.policy_rc_d,
        };
        Ok(Self { args, host, options, lists, plan: Plan::new(), updates: false, works: false })
    }

    /// Package lists that are too old, or whose age nobody cares for, are downloaded.
    fn update(&mut self) {
        let valid = self.args.cache_valid_time.unwrap_or(0);
        let asked = self.args.update_cache.unwrap_or(valid > 0);
        if !asked || (valid > 0 && self.lists.age.is_some_and(|age| age <= valid)) {
            return;
        }
        self.updates = true;
        self.plan.act(UpdateLists {
            options: Options { words: vec![], ..self.options.clone() },
            before: Arc::clone(&self.lists),
            retries: u32::try_from(self.args.update_cache_retries).unwrap_or(1),
            longest_delay: u32::try_from(self.args.update_cache_retry_max_delay).unwrap_or(12),
        });
    }

    /// Whether what is asked of the lists now is what they will say.
    fn exact(&self) -> bool {
        !self.updates && !self.lists.planned
    }

    fn simulate(&self, verb: &[&str], packages: &[String]) -> Result<Arc<Simulated>, Suspend> {
        let words = ["-y"].iter().chain(verb).map(|word| (*word).to_string());
        let options = self.options.words.iter().cloned();
        let words = options.chain(words).chain(packages.iter().cloned()).collect();
        self.host.state(Simulation { words, lists: self.lists.stamp.clone() })
    }

    fn act(
        &mut self,
        verb: &[&str],
        packages: Vec<String>,
        asked: Vec<String>,
        changes: Vec<Change>,
    ) {
        if changes.is_empty() {
            return;
        }
        self.works = true;
        self.plan.act(AptAction {
            options: self.options.clone(),
            verb: verb.iter().map(|word| (*word).to_string()).collect(),
            packages,
            asked,
            changes,
            exact: self.exact(),
        });
    }

    fn install(&mut self, wanted: &[Wanted]) -> Result<(), Suspend> {
        let mut missing = Vec::new();
        for one in wanted {
            let state = self.host.package(&one.name)?;
            if let Some(spec) = self.missing(one, &state)? {
                missing.push((one.name.clone(), spec));
            }
        }
        if missing.is_empty() && self.args.state != State::Fixed {
            return Ok(());
        }
        let (names, specs): (Vec<String>, Vec<String>) = missing.into_iter().unzip();
        let mut verb = vec!["install"];
        if self.args.state == State::Fixed {
            verb.push("--fix-broken");
        }
        let changes = self.changes(&verb, &names, &specs)?;
        self.act(&verb, specs, names, changes);
        Ok(())
    }

    /// What apt-get is to be given for a package that is not as it is wanted.
    fn missing(&self, wanted: &Wanted, state: &PackageState) -> Result<Option<String>, Suspend> {
        let installed = state.installed.as_ref().map(|installed| installed.version.as_str());
        if !state.is_there() && self.args.only_upgrade && !state.broken {
            return Ok(None);
        }
        if let Some(pattern) = &wanted.version {
            if installed.is_some_and(|version| version.is_empty() || matches(pattern, version)) {
                return Ok(None);
            }
            if !pattern.contains(['*', '?']) {
                return Ok(Some(wanted.spec(Some(pattern))));
            }
            let known = self.candidate(wanted)?;
            let version = known.versions.iter().find(|version| matches(pattern, version));
            return match version {
                Some(version) => Ok(Some(wanted.spec(Some(version)))),
                // The new lists may have it; apt-get takes the pattern as it is.
                None if !self.exact() => Ok(Some(wanted.spec(Some(pattern)))),
                None => Err(Suspend::failed(format!(
                    "no version of package `{}` matches `{pattern}`",
                    wanted.name
                ))),
            };
        }
        if !state.is_there() || state.broken {
            return Ok(Some(wanted.name.clone()));
        }
        if self.args.state == State::Latest && installed.is_some_and(|version| !version.is_empty())
        {
            let candidate = self.candidate(wanted)?.candidate.clone();
            return Ok((candidate.is_some() && candidate.as_deref() != installed)
                .then(|| wanted.name.clone()));
        }
        Ok(None)
    }

    fn candidate(
        &self,
        wanted: &Wanted,
    ) -> Result<Arc<crate::resource::package::CandidateState>, Suspend> {
        self.host.state(Candidate { name: wanted.name.clone(), lists: self.lists.stamp.clone() })
    }

    /// All that apt would change, as far as the lists of now can tell.
    fn changes(
        &self,
        verb: &[&str],
        names: &[String],
        specs: &[String],
    ) -> Result<Vec<Change>, Suspend> {
        let planned = self.host.planned_packages();
        let mut asked = specs.to_vec();
        asked.extend(planned.iter().filter(|name| !names.contains(name)).cloned());
        match &*self.simulate(verb, &asked)? {
            Simulated::Changes(changes) => {
                let planned: BTreeSet<&String> = planned.iter().collect();
                let is_new = |change: &&Change| {
                    !planned.contains(&change.name) || names.contains(&change.name)
                };
                let changes: Vec<Change> = changes.iter().filter(is_new).cloned().collect();
                if !self.exact() {
                    self.host.assume("the new package lists ask for the same dependencies");
                }
                Ok(changes)
            }
            Simulated::Refused(_) if !self.exact() => {
                Ok(names.iter().map(|name| to_come(name)).collect())
            }
            Simulated::Refused(why) if planned.is_empty() => Err(Suspend::failed(format!(
                "apt refuses to {} {}: {why}",
                verb[0],
                specs.join(" ")
            ))),
            // What is planned before may be what apt does not know; it counts only if apt agrees without it.
            Simulated::Refused(_) => match &*self.simulate(verb, specs)? {
                Simulated::Changes(changes) => Ok(changes.clone()),
                Simulated::Refused(why) => Err(Suspend::failed(format!(
                    "apt refuses to {} {}: {why}",
                    verb[0],
                    specs.join(" ")
                ))),
            },
        }
    }

    fn remove(&mut self, wanted: &[Wanted]) -> Result<(), Suspend> {
        let mut names = Vec::new();
        for one in wanted {
            let state = self.host.package(&one.name)?;
            if state.installed.is_some() || state.broken || (self.args.purge && state.remains) {
                names.push(one.name.clone());
            }
        }
        if names.is_empty() {
            return Ok(());
        }
        let verb = if self.args.purge { vec!["remove", "--purge"] } else { vec!["remove"] };
        let changes = match &*self.simulate(&verb, &names)? {
            Simulated::Changes(changes) if !changes.is_empty() => changes.clone(),
            Simulated::Refused(why) if self.host.planned_packages().is_empty() => {
                return Err(Suspend::failed(format!(
                    "apt refuses to remove {}: {why}",
                    names.join(" ")
                )));
            }
            _ => names
                .iter()
                .map(|name| Change { name: name.clone(), from: Some(String::new()), to: None })
                .collect(),
        };
        self.act(&verb, names.clone(), names, changes);
        Ok(())
    }

    fn upgrade(&mut self, verb: &str, options: &[&str]) -> Result<(), Suspend> {
        let verb: Vec<&str> = [verb].into_iter().chain(options.iter().copied()).collect();
        match &*self.simulate(&verb, &[])? {
            Simulated::Changes(changes) => {
                let changes = changes.clone();
                if !self.exact() {
                    self.host.assume("the new package lists bring no other upgrades");
                }
                self.act(&verb, vec![], vec![], changes);
                Ok(())
            }
            Simulated::Refused(_) if !self.exact() => {
                Err(Suspend::unknown("the package lists are not updated yet"))
            }
            Simulated::Refused(why) => {
                Err(Suspend::failed(format!("apt refuses to upgrade: {why}")))
            }
        }
    }

    fn autoremove(&mut self) -> Result<(), Suspend> {
        let verb = if self.args.purge { vec!["autoremove", "--purge"] } else { vec!["autoremove"] };
        match &*self.simulate(&verb, &[])? {
            Simulated::Changes(changes) => {
                let planned = self.host.planned_packages();
                let changes: Vec<Change> = changes
                    .iter()
                    .filter(|change| !planned.contains(&change.name))
                    .cloned()
                    .collect();
                self.act(&verb, vec![], vec![], changes);
                Ok(())
            }
            Simulated::Refused(why) => {
                Err(Suspend::failed(format!("apt refuses to remove what is unused: {why}")))
            }
        }
    }

    /// A package file on the host.
    fn file(&mut self, path: &str) -> Result<(), Suspend> {
        if path.contains("://") {
            return Err(Suspend::failed(
                "`deb` with a URL is not supported by mxprov; `get_url` downloads the file",
            ));
        }
        if !path.starts_with('/') {
            return Err(Suspend::failed(format!("`deb` must be an absolute path, not `{path}`")));
        }
        let stands = self.host.path(path)?;
        let found = self.host.state(DebFile { path: path.to_string() })?;
        let Some(found) = &found.0 else {
            return match stands.attributes() {
                Some(_) => Err(Suspend::unknown(format!("`{path}` is not there yet"))),
                None => Err(Suspend::failed(format!("there is no package file `{path}`"))),
            };
        };
        let state = self.host.state(Package { name: found.name.clone() })?;
        if state.installed.as_ref().is_some_and(|installed| installed.version == found.version) {
            return Ok(());
        }
        let (names, specs) = (vec![found.name.clone()], vec![path.to_string()]);
        let changes = self.changes(&["install"], &names, &specs)?;
        self.act(&["install"], specs, names, changes);
        Ok(())
    }

    fn clean(&mut self) -> Result<(), Suspend> {
        if !self.args.clean && !self.args.autoclean {
            return Ok(());
        }
        let outdated = !self.args.clean;
        let count = match outdated {
            false => self.host.state(Archives)?.0,
            true => match &*self.simulate(&["autoclean"], &[])? {
                Simulated::Changes(changes) => changes.len(),
                Simulated::Refused(why) => {
                    return Err(Suspend::failed(format!("apt refuses to clean: {why}")));
                }
            },
        };
        if count > 0 {
            self.works = true;
            self.plan.act(Clean { options: self.options.clone(), outdated, count });
        }
        Ok(())
    }

    fn end(self) -> Plan {
        let mut plan = self.plan;
        plan.set("cache_updated", self.updates);
        match self.lists.updated {
            _ if self.updates => plan
                .set("cache_update_time", Value::unknown("the package lists are not updated yet")),
            Some(updated) => plan.set("cache_update_time", updated),
            None => plan.set("cache_update_time", 0),
        };
        let only_update = self.updates
            && !self.works
            && self.args.name.is_none()
            && self.args.deb.is_none()
            && self.args.upgrade == Upgrade::No;
        if !self.works {
            plan.changed = Some(only_update);
        }
        let updates = self.updates;
        if !plan.actions.is_empty() {
            plan.finish = Some(Arc::new(move |outputs| finish(outputs, updates, only_update)));
        }
        plan
    }
}

/// A package that the new lists will have.
fn to_come(name: &str) -> Change {
    Change { name: name.to_string(), from: None, to: Some(String::new()) }
}

fn finish(outputs: &[Output], updates: bool, only_update: bool) -> Outcome {
    let mut result = Map::new();
    let mut changed = None;
    if updates && let Some((before, after)) = outputs.first().and_then(UpdateLists::times) {
        result.insert(Key::from("cache_update_time"), after.into());
        if only_update {
            changed = Some(before != after);
        }
    }
    if let Some(last) = outputs.last().filter(|_| !only_update) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for (name, text) in [("stdout", text(&last.stdout)), ("stderr", text(&last.stderr))] {
            let lines = Value::list(text.lines().map(Value::data));
            result.insert(Key::from(format!("{name}_lines")), lines);
            result.insert(Key::from(name), Value::data(text));
        }
    }
    Outcome { result, changed, failed: None }
}

/// The options of apt-get that the arguments stand for.
fn words(args: &Args) -> Vec<String> {
    // Arguments that are about how Ansible itself works have nothing to stand for here.
    let _ = (args.force_apt_get, args.auto_install_module_deps);
    let mut words: Vec<String> = Vec::new();
    for option in args.dpkg_options.split(',').map(str::trim).filter(|option| !option.is_empty()) {
        words.extend(["-o".to_string(), format!("Dpkg::Options::=--{option}")]);
    }
    if let Some(recommends) = args.install_recommends {
        words.extend([
            "-o".to_string(),
            format!("APT::Install-Recommends={}", if recommends { "yes" } else { "no" }),
        ]);
    }
    if let Some(release) = &args.default_release {
        words.extend(["-t".to_string(), release.clone()]);
    }
    let flags = [
        (args.allow_downgrade || args.force, "--allow-downgrades"),
        (args.allow_unauthenticated || args.force, "--allow-unauthenticated"),
        (args.allow_change_held_packages || args.force, "--allow-change-held-packages"),
        (args.force, "--allow-remove-essential"),
        (args.fail_on_autoremove, "--no-remove"),
        (args.only_upgrade, "--only-upgrade"),
        (args.autoremove, "--auto-remove"),
    ];
    words.extend(flags.iter().filter(|(given, _)| *given).map(|(_, flag)| (*flag).to_string()));
    words
}

/// Whether a version matches a pattern with `*` and `?`.
fn matches(pattern: &str, version: &str) -> bool {
    match (pattern.chars().next(), version.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            matches(&pattern[1..], version)
                || version
                    .chars()
                    .next()
                    .is_some_and(|letter| matches(pattern, &version[letter.len_utf8()..]))
        }
        (Some('?'), Some(letter)) => matches(&pattern[1..], &version[letter.len_utf8()..]),
        (Some(one), Some(other)) if one == other => {
            matches(&pattern[one.len_utf8()..], &version[other.len_utf8()..])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_match_patterns() {
        assert!(matches("1.2*", "1.2.3-1") && matches("*", "") && matches("1.?", "1.2"));
        assert!(!matches("1.2*", "1.3") && !matches("1.2", "1.2-1"));
    }

    #[test]
    fn names_are_taken_apart() {
        let wanted = parse("nginx=1.2*").expect("is right");
        assert_eq!((wanted.name.as_str(), wanted.version.as_deref()), ("nginx", Some("1.2*")));
        assert!(parse("lib*").is_err() && parse("foo>=1").is_err());
    }
}
