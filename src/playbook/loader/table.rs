//! Which keyword may stand where.

use crate::diagnostic::{Diagnostic, list_or};
use crate::playbook::Setting;

use super::fields::Field;

/// A kind of mapping that keywords stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A play.
    Play,
    /// A block.
    Block,
    /// A task.
    Task,
    /// A handler.
    Handler,
    /// A use of a role.
    Role,
    /// `import_playbook`.
    PlaybookImport,
}

impl Level {
    const ALL: [Self; 6] =
        [Self::Play, Self::Block, Self::Task, Self::Handler, Self::Role, Self::PlaybookImport];

    /// With an article: "a play".
    pub fn name(self) -> &'static str {
        match self {
            Self::Play => "a play",
            Self::Block => "a block",
            Self::Task => "a task",
            Self::Handler => "a handler",
            Self::Role => "a use of a role",
            Self::PlaybookImport => "a playbook import",
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Play => 'p',
            Self::Block => 'b',
            Self::Task => 't',
            Self::Handler => 'h',
            Self::Role => 'r',
            Self::PlaybookImport => 'i',
        }
    }

    /// Whether the keyword may stand here.
    pub fn allows(self, keyword: &str) -> bool {
        KEYWORDS.iter().any(|(name, levels)| *name == keyword && levels.contains(self.letter()))
    }

    /// Whether it is a keyword anywhere.
    pub fn knows(keyword: &str) -> bool {
        KEYWORDS.iter().any(|(name, _)| *name == keyword) || REFUSED.contains(&keyword)
    }

    /// All keywords that may stand here.
    pub fn keywords(self) -> impl Iterator<Item = &'static str> {
        let letter = self.letter();
        KEYWORDS.iter().filter(move |(_, levels)| levels.contains(letter)).map(|(name, _)| *name)
    }

    /// What to say about a key that is no keyword here.
    pub fn refuse(self, field: &Field<'_>) -> Diagnostic {
        let (name, here) = (field.name, self.name());
        let levels: Vec<&str> =
            Self::ALL.iter().filter(|level| level.allows(name)).map(|level| level.name()).collect();
        let problem = if REFUSED.contains(&name) {
            Diagnostic::new(format!("`{name}` is not supported by mxprov"))
        } else if levels.is_empty() {
            Diagnostic::new(format!("`{name}` is not a keyword of {here}"))
                .suggest(name, self.keywords())
        } else {
            let places = list_or(levels.iter().copied()).replace('`', "");
            Diagnostic::new(format!("`{name}` cannot stand in {here}"))
                .hint(format!("it belongs in {places}"))
        };
        problem.at(&field.key.span)
    }
}

/// What Ansible has and we refuse by name, wherever it stands.
pub const REFUSED: [&str; 5] = ["debugger", "sudo", "sudo_user", "su", "su_user"];

/// What to say about a task that would be started and not waited for.
pub fn not_waited_for(poll: &Setting) -> Diagnostic {
    Diagnostic::new("`poll: 0` is not supported by mxprov: a task is always waited for")
        .at(&poll.span)
        .hint("leave `poll` out and let `async` be the time that the task may take")
        .hint("what is to go on after the run is a unit of its own: `systemd-run`, or `systemd`")
}

/// Every keyword with the places that it may stand in, for documentation.
pub fn keyword_places() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    KEYWORDS.iter().map(|(name, levels)| {
        let places = Level::ALL.iter().filter(|level| levels.contains(level.letter()));
        (*name, places.map(|level| level.name()).collect())
    })
}

/// Keyword and levels: p play, b block, t task, h handler, r role use, i playbook import
/// (Ansible's "Playbook Keywords" page). How a host is reached holds for a whole play here: Ansible has
/// `connection`, `port` and `remote_user` on tasks, too.
const KEYWORDS: &[(&str, &str)] = &[
    ("action", "th"),
    ("always", "b"),
    ("any_errors_fatal", "pbthr"),
    ("args", "th"),
    ("async", "th"),
    ("become", "pbthr"),
    ("become_exe", "pbthr"),
    ("become_flags", "pbthr"),
    ("become_method", "pbthr"),
    ("become_user", "pbthr"),
    ("block", "b"),
    ("changed_when", "th"),
    ("check_mode", "pbthr"),
    ("collections", "pbthr"),
    ("connection", "p"),
    ("delay", "th"),
    ("delegate_facts", "bthr"),
    ("delegate_to", "bthr"),
    ("diff", "pbthr"),
    ("environment", "pbthr"),
    ("fact_path", "p"),
    ("failed_when", "th"),
    ("force_handlers", "p"),
    ("gather_facts", "p"),
    ("gather_subset", "p"),
    ("gather_timeout", "p"),
    ("handlers", "p"),
    ("hosts", "p"),
    ("ignore_errors", "pbthr"),
    ("ignore_unreachable", "pbthr"),
    ("import_playbook", "i"),
    ("ansible.builtin.import_playbook", "i"),
    ("listen", "h"),
    ("local_action", "th"),
    ("loop", "th"),
    ("loop_control", "th"),
    ("max_fail_percentage", "p"),
    ("module_defaults", "pbthr"),
    ("name", "pbthri"),
    ("no_log", "pbthr"),
    ("notify", "bth"),
    ("order", "p"),
    ("poll", "th"),
    ("port", "p"),
    ("post_tasks", "p"),
    ("pre_tasks", "p"),
    ("register", "th"),
    ("remote_user", "p"),
    ("rescue", "b"),
    ("retries", "th"),
    ("role", "r"),
    ("roles", "p"),
    ("run_once", "pbthr"),
    ("serial", "p"),
    ("strategy", "p"),
    ("tags", "pbthri"),
    ("tasks", "p"),
    ("throttle", "pbthr"),
    ("timeout", "pbthr"),
    ("until", "th"),
    ("user", "p"),
    ("vars", "pbthri"),
    ("vars_files", "p"),
    ("vars_prompt", "p"),
    ("when", "bthri"),
];

/// What `include_tasks` and `include_role` take beside their arguments; the rest goes under `apply`.
pub const INCLUDE_KEYWORDS: [&str; 17] = [
    "action",
    "args",
    "collections",
    "ignore_errors",
    "include_role",
    "include_tasks",
    "loop",
    "loop_control",
    "name",
    "no_log",
    "register",
    "run_once",
    "tags",
    "timeout",
    "vars",
    "when",
    "listen",
];

/// What means nothing on an import, since there is no task left that it could hold for (Ansible says nothing; observed
/// with ansible-core 2.19).
pub const NOT_ON_IMPORTS: [&str; 9] = [
    "register",
    "until",
    "retries",
    "delay",
    "changed_when",
    "failed_when",
    "async",
    "poll",
    "loop_control",
];
