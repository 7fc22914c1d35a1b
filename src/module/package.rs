//! `ansible.builtin.package`: packages by whatever manages them; here that is apt.

use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::apt;
use super::arguments::{Arguments, Given, Passed};
use super::{Call, Module, Plan, Words};

arguments! {
    /// Arguments of `package`.
    pub struct Args {
        /// Packages.
        name: Words,
        /// What they are to be: `present`, `absent` or `latest`.
        state: apt::State,
        /// The package manager; `auto` and `apt` are the same here.
        r#use as "use": String = "auto",
        /// Download the package lists first.
        update_cache | "update-cache": Option<bool>,
        /// Seconds that package lists stay good; asks for `update_cache`.
        cache_valid_time: Option<i64>,
        /// Remove packages that nothing depends on any more.
        autoremove: bool = false,
        /// Remove configuration files too.
        purge: bool = false,
        /// Install recommended packages; as apt is configured if it is not given.
        install_recommends | "install-recommends": Option<bool>,
        /// Seconds to wait for another apt or dpkg to end.
        lock_timeout: i64 = 60,
    }
}

/// The module.
pub struct Package;

impl Module for Package {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.package";
    const SUMMARY: &'static str = "installs and removes packages";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        if !matches!(args.r#use.as_str(), "auto" | "apt" | "ansible.builtin.apt") {
            let problem = format!("`use: {}` of `package` is not supported by mxprov", args.r#use);
            return Err(Suspend::failed(problem));
        }
        let state = match args.state {
            apt::State::Absent => "absent",
            apt::State::Latest => "latest",
            apt::State::Present => "present",
            _ => {
                return Err(Suspend::failed(
                    "`state` of `package` is `present`, `absent` or `latest`",
                ));
            }
        };
        let names = args.name.iter().map(|name| Value::data(name.as_str()));
        let mut passed = Passed::new();
        let mut pass = |name: &str, value: Value| {
            passed.insert(name.to_string(), Given { name: None, value, span: None });
        };
        pass("name", Value::list(names));
        pass("state", Value::data(state));
        pass("autoremove", args.autoremove.into());
        pass("purge", args.purge.into());
        pass("lock_timeout", args.lock_timeout.into());
        let maybe = |value: Option<Value>| value.unwrap_or(Value::Omit);
        pass("update_cache", maybe(args.update_cache.map(Value::from)));
        pass("cache_valid_time", maybe(args.cache_valid_time.map(Value::from)));
        pass("install_recommends", maybe(args.install_recommends.map(Value::from)));
        let args = apt::Args::read(&passed, None).map_err(|errors| {
            let messages: Vec<String> = errors.iter().map(|error| error.message.clone()).collect();
            Suspend::failed(messages.join("; "))
        })?;
        apt::Apt::plan(&args, call, host)
    }
}
