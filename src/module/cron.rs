//! `ansible.builtin.cron`: jobs and variables of crontabs, marked as Ansible marks them.

use std::sync::Arc;

use crate::resource::crontab::WriteCrontab;
use crate::resource::file::{PathState, Remove, Source};
use crate::resource::{Host, Suspend};
use crate::value::{Str, Value};

use super::content::{Wanted, announce_backup};
use super::cron_lines::{Lines, Moment};
use super::presence::State;
use super::{Call, Module, Plan};

choice! {
    /// A named time.
    pub enum SpecialTime {
        /// Once a year.
        Annually = "annually",
        /// Once a day.
        Daily = "daily",
        /// Once an hour.
        Hourly = "hourly",
        /// Once a month.
        Monthly = "monthly",
        /// At boot.
        Reboot = "reboot",
        /// Once a week.
        Weekly = "weekly",
        /// Once a year.
        Yearly = "yearly",
    }
}

arguments! {
    /// Arguments of `cron`.
    pub struct Args {
        /// The job's name, in its marker; with `env` the variable's.
        name: String,
        /// The command; with `env` the variable's value.
        job | "value": Option<Str>,
        /// Whether it is to be there.
        state: State = State::Present,
        /// The user whose crontab it is in; in a `cron_file` who the job runs as.
        user: Option<String>,
        /// A file in /etc/cron.d, or an absolute path.
        cron_file: Option<String>,
        /// Keep the old crontab in a file.
        backup: bool = false,
        /// `0`-`59`, `*`, `*/2` …
        minute: String = "*",
        /// `0`-`23`, `*`, `*/2` …
        hour: String = "*",
        /// `1`-`31`, `*`, `*/2` …
        day | "dom": String = "*",
        /// `1`-`12`, `JAN`-`DEC`, `*`, `*/2` …
        month: String = "*",
        /// `0`-`6`, `SUN`-`SAT`, `*` …
        weekday | "dow": String = "*",
        /// A named time, instead of the five fields.
        special_time: Option<SpecialTime>,
        /// The job is there as a comment.
        disabled: bool = false,
        /// A variable instead of a job.
        env: bool = false,
        /// A new variable goes after this one.
        insertafter: Option<String>,
        /// A new variable goes before this one.
        insertbefore: Option<String>,
    }
}

/// The module.
pub struct Cron;

impl Module for Cron {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.cron";
    const SUMMARY: &'static str = "manage jobs and variables of crontabs";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        check(args)?;
        let mut plan = Plan::new();
        match &args.cron_file {
            Some(file) => in_file(args, file, &mut plan, host)?,
            None => in_crontab(args, &mut plan, host)?,
        }
        Ok(plan)
    }
}

fn check(args: &Args) -> Result<(), Suspend> {
    let refuse = |message: &str| Err(Suspend::failed(message));
    let fields = [&args.minute, &args.hour, &args.day, &args.month, &args.weekday];
    if args.special_time.is_some() && fields.iter().any(|field| *field != "*") {
        return refuse("`special_time` and the fields of a time exclude each other");
    }
    if args.name.contains('\n') || args.job.as_ref().is_some_and(|job| job.as_str().contains('\n'))
    {
        return refuse("`name` and `job` must be one line each");
    }
    if args.state == State::Present && args.job.is_none() {
        return refuse("`state: present` needs `job`");
    }
    if args.insertafter.is_some() && args.insertbefore.is_some() {
        return refuse("`insertafter` and `insertbefore` exclude each other");
    }
    if !args.env && (args.insertafter.is_some() || args.insertbefore.is_some()) {
        return refuse("`insertafter` and `insertbefore` are for `env: true`");
    }
    Ok(())
}

fn moment(args: &Args) -> Moment<'_> {
    match args.special_time {
        Some(time) => Moment::Special(match time {
            SpecialTime::Annually => "annually",
            SpecialTime::Daily => "daily",
            SpecialTime::Hourly => "hourly",
            SpecialTime::Monthly => "monthly",
            SpecialTime::Reboot => "reboot",
            SpecialTime::Weekly => "weekly",
            SpecialTime::Yearly => "yearly",
        }),
        None => Moment::Fields([&args.minute, &args.hour, &args.day, &args.month, &args.weekday]),
    }
}

/// The text as it is to be.
fn edit(args: &Args, lines: &mut Lines) -> Result<(), Suspend> {
    let job = args.job.as_ref().map_or("", Str::as_str);
    match (args.state, args.env) {
        (State::Present, false) => {
            let runs_as = args.cron_file.as_ref().map(|_| args.user.as_deref().unwrap_or("root"));
            let line = moment(args).line(runs_as, job, args.disabled);
            lines.put_job(&args.name, &line);
        }
        (State::Present, true) => lines
            .put_variable(
                &args.name,
                job,
                args.insertafter.as_deref(),
                args.insertbefore.as_deref(),
            )
            .map_err(Suspend::Failed)?,
        (State::Absent, false) => lines.remove_job(&args.name),
        (State::Absent, true) => lines.remove_variable(&args.name),
    }
    Ok(())
}

fn register(plan: &mut Plan, lines: &Lines) {
    plan.set("jobs", Value::list(lines.jobs().into_iter().map(Value::data)));
    plan.set("envs", Value::list(lines.variables().into_iter().map(Value::data)));
}

fn is_secret(args: &Args) -> bool {
    args.job.as_ref().is_some_and(Str::is_secret)
}

fn in_crontab(args: &Args, plan: &mut Plan, host: &Host<'_>) -> Result<(), Suspend> {
    let user = args.user.clone().unwrap_or_default();
    let old = host.crontab(&user)?;
    let mut lines = Lines::of(old.as_deref().unwrap_or(""));
    edit(args, &mut lines)?;
    let text = lines.text();
    register(plan, &lines);
    if !lines.changed {
        return Ok(());
    }
    if args.backup {
        announce_backup(plan);
    }
    plan.act(WriteCrontab { user, text, old, secret: is_secret(args), backup: args.backup });
    Ok(())
}

fn in_file(args: &Args, file: &str, plan: &mut Plan, host: &Host<'_>) -> Result<(), Suspend> {
    let path = match file.strip_prefix('/') {
        Some(_) => file.to_string(),
        None if file.contains('/') => {
            return Err(Suspend::failed(format!("`cron_file` `{file}` is no name and no path")));
        }
        None => format!("/etc/cron.d/{file}"),
    };
    let state = host.path_to_replace(&path)?;
    plan.set("cron_file", Value::data(path.as_str()));
    let old = match &*state {
        PathState::Present(_) => super::content::whole(&path, host)?,
        PathState::Absent => None,
    };
    let text = old.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let mut lines = Lines::of(text.as_deref().unwrap_or(""));
    edit(args, &mut lines)?;
    register(plan, &lines);
    let text = lines.text();
    match (state.attributes(), &old) {
        _ if !lines.changed => {}
        (Some(before), Some(_)) if args.state == State::Absent && text.trim().is_empty() => {
            plan.act(Remove { path, before: before.clone(), old });
        }
        _ => {
            let wanted = Wanted {
                content: Source::Bytes(Arc::new(text.into_bytes())),
                secret: is_secret(args),
                backup: args.backup,
                read: old,
                ..Wanted::new(path, vec![])
            };
            wanted.put(plan, host)?;
        }
    }
    Ok(())
}
