//! The list of modules. Adding one is its file and one line here.

use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{Host, Suspend};

use super::arguments::{ArgumentSpec, Arguments, Passed};
use super::controller::Call;
use super::plan::Plan;

/// One module: Ansible's name for a kind of task, written in resources.
pub trait Module {
    /// Its typed arguments.
    type Args: Arguments;

    /// Its full name: `ansible.builtin.copy`.
    const NAME: &'static str;

    /// What it is for, in one line.
    const SUMMARY: &'static str;

    /// The argument that takes the free form (`command: echo hi`), if it has one.
    const FREE_FORM: Option<&'static str> = None;

    /// Arguments that the module renders itself: expressions (`assert`).
    const RAW_ARGUMENTS: &'static [&'static str] = &[];

    /// What the task would do: pure, without I/O; called again whenever more states are known.
    fn plan(args: &Self::Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend>;
}

/// A module as the registry holds it.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its full name.
    pub name: &'static str,
    /// What it is for.
    pub summary: &'static str,
    /// The argument that takes the free form.
    pub free_form: Option<&'static str>,
    /// Arguments that it renders itself.
    pub raw_arguments: &'static [&'static str],
    /// Its arguments.
    pub specs: fn() -> Vec<ArgumentSpec>,
    /// What is wrong with arguments whose templates are not rendered yet.
    pub check: fn(&Passed, Option<&Span>) -> Vec<Diagnostic>,
    /// Plans with rendered arguments.
    pub plan: fn(&Passed, Option<&Span>, &Call<'_>, &Host<'_>) -> Planned,
}

/// What planning came to; the outer error is what is wrong with the arguments.
type Planned = Result<Result<Plan, Suspend>, Vec<Diagnostic>>;

impl Entry {
    const fn of<M: Module>() -> Self {
        Self {
            name: M::NAME,
            summary: M::SUMMARY,
            free_form: M::FREE_FORM,
            raw_arguments: M::RAW_ARGUMENTS,
            specs: M::Args::specs,
            check: M::Args::check,
            plan: |passed, at, call, host| {
                let args = M::Args::read(passed, at)?;
                Ok(M::plan(&args, call, host))
            },
        }
    }

    /// The last part of its name: `copy`.
    pub fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }
}

static MODULES: &[Entry] = &[
    Entry::of::<super::assert::Assert>(),
    Entry::of::<super::debug::Debug>(),
    Entry::of::<super::fail::Fail>(),
    Entry::of::<super::file::File>(),
    Entry::of::<super::include_vars::IncludeVars>(),
    Entry::of::<super::set_fact::SetFact>(),
    Entry::of::<super::assemble::Assemble>(),
    Entry::of::<super::authorized_key::AuthorizedKey>(),
    Entry::of::<super::blockinfile::BlockInFile>(),
    Entry::of::<super::copy::Copy>(),
    Entry::of::<super::cron::Cron>(),
    Entry::of::<super::fetch::Fetch>(),
    Entry::of::<super::find::Find>(),
    Entry::of::<super::get_url::GetUrl>(),
    Entry::of::<super::hostname::Hostname>(),
    Entry::of::<super::ini_file::IniFile>(),
    Entry::of::<super::known_hosts::KnownHosts>(),
    Entry::of::<super::lineinfile::LineInFile>(),
    Entry::of::<super::replace::Replace>(),
    Entry::of::<super::slurp::Slurp>(),
    Entry::of::<super::stat::Stat>(),
    Entry::of::<super::sysctl::Sysctl>(),
    Entry::of::<super::tempfile::Tempfile>(),
    Entry::of::<super::template::Template>(),
    Entry::of::<super::apt::Apt>(),
    Entry::of::<super::apt_repository::AptRepository>(),
    Entry::of::<super::deb822_repository::Deb822Repository>(),
    Entry::of::<super::command::Command>(),
    Entry::of::<super::docker_compose_v2::DockerComposeV2>(),
    Entry::of::<super::docker_container_exec::DockerContainerExec>(),
    Entry::of::<super::docker_image_pull::DockerImagePull>(),
    Entry::of::<super::docker_login::DockerLogin>(),
    Entry::of::<super::docker_network::DockerNetwork>(),
    Entry::of::<super::group::Group>(),
    Entry::of::<super::mxprov_dns::MxprovDns>(),
    Entry::of::<super::mxprov_image::MxprovImage>(),
    Entry::of::<super::package::Package>(),
    Entry::of::<super::ping::Ping>(),
    Entry::of::<super::raw::Raw>(),
    Entry::of::<super::script::ScriptModule>(),
    Entry::of::<super::service::Service>(),
    Entry::of::<super::setup::Setup>(),
    Entry::of::<super::shell::Shell>(),
    Entry::of::<super::systemd::Systemd>(),
    Entry::of::<super::systemd::SystemdService>(),
    Entry::of::<super::timezone::Timezone>(),
    Entry::of::<super::ufw::Ufw>(),
    Entry::of::<super::user::User>(),
    Entry::of::<super::reboot::Reboot>(),
    Entry::of::<super::wait_for::WaitFor>(),
    Entry::of::<super::wait_for_connection::WaitForConnection>(),
    Entry::of::<super::uri::Uri>(),
];

/// All modules.
pub fn all() -> &'static [Entry] {
    MODULES
}

/// The module that a task names: `apt`, `ansible.builtin.apt` or `ansible.legacy.apt`.
pub fn find(name: &str) -> Option<&'static Entry> {
    let name = name
        .strip_prefix("ansible.legacy.")
        .map_or_else(|| name.to_string(), |short| format!("ansible.builtin.{short}"));
    MODULES.iter().find(|entry| entry.name == name || entry.short_name() == name)
}
