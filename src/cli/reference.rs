//! The reference of all commands and flags, as Markdown: what clap knows, in its order.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory as _};

use super::Cli;

/// The whole reference.
pub fn reference() -> String {
    let mut root = Cli::command();
    root.build();
    let mut text = String::from(
        "# Commands\n\nMade from the program's own help with `MXPROV_BLESS=1 cargo test --test cli`.\n\n",
    );
    text.push_str("Exit status: 0 done or nothing to do; 1 bad usage, inventory or playbook; ");
    text.push_str("2 a host failed; 3 changes are\npending, with `--check --detailed-exitcode`; ");
    text.push_str("4 a host could not be reached; 130 interrupted.\n");
    for command in root.get_subcommands().filter(|command| command.get_name() != "help") {
        describe(command, &mut text);
    }
    text
}

fn describe(command: &Command, text: &mut String) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let _ = write!(text, "\n## {name}\n");
    if let Some(about) = command.get_about() {
        let _ = write!(text, "\n{}.\n", about.to_string().trim_end_matches('.'));
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let _ = write!(text, "\n```\n{usage}\n```\n");
    let shown =
        |arg: &&Arg| !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str());
    let arguments: Vec<&Arg> = command.get_arguments().filter(shown).collect();
    if !arguments.is_empty() {
        text.push_str("\n| | |\n|---|---|\n");
        for argument in arguments {
            let _ = writeln!(text, "| {} | {} |", names(argument), meaning(argument));
        }
    }
    for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
        describe(child, text);
    }
}

/// `-i`, `--inventory FILE`
fn names(argument: &Arg) -> String {
    let value = match argument.get_action().takes_values() {
        true => argument.get_value_names().unwrap_or_default().join(" "),
        false => String::new(),
    };
    let mut names: Vec<String> = Vec::new();
    names.extend(argument.get_short().map(|short| format!("-{short}")));
    names.extend(argument.get_long().map(|long| format!("--{long}")));
    let others = argument.get_visible_aliases().unwrap_or_default();
    names.extend(others.iter().map(|alias| format!("--{alias}")));
    match names.last_mut() {
        None => names.push(value),
        Some(last) if !value.is_empty() => *last = format!("{last} {value}"),
        Some(_) => {}
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What it is for, the values it takes, and what holds without it.
fn meaning(argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let mut text = help.replace('\n', " ").replace('|', "\\|");
    let values = argument.get_possible_values();
    if argument.get_action().takes_values() && !values.is_empty() {
        let values = values.iter().map(|value| format!("`{}`", value.get_name()));
        text = format!("{text}: {}", values.collect::<Vec<_>>().join(", "));
    }
    let defaults = argument.get_default_values();
    if argument.get_action().takes_values() && !defaults.is_empty() {
        let defaults = defaults.iter().map(|value| format!("`{}`", value.to_string_lossy()));
        text = format!("{text} (without it: {})", defaults.collect::<Vec<_>>().join(", "));
    }
    text
}
