//! `ansible.builtin.find`: the paths in a directory that meet conditions.

use crate::resource::file::{Algorithm, Checksum, Listed, Listing, Path};
use crate::resource::{Host, Suspend};
use crate::value::{Key, Map, Value};

use super::content::gather;
use super::paths::{absolute, base_name};
use super::pattern::{Flags, Pattern};
use super::{Call, Mode, Module, Plan, Words};

choice! {
    /// What is looked for.
    pub enum FileType {
        /// Anything.
        Any = "any",
        /// Directories.
        Directory = "directory",
        /// Regular files.
        File = "file",
        /// Symbolic links.
        Link = "link",
    }
}

choice! {
    /// The time that `age` is about.
    pub enum Stamp {
        /// Access.
        Access = "atime",
        /// Change of attributes.
        Change = "ctime",
        /// Modification.
        Modification = "mtime",
    }
}

arguments! {
    /// Arguments of `find`.
    pub struct Args {
        /// The directories.
        paths | "name" | "path": Words,
        /// Globs (or regular expressions) of names.
        patterns | "pattern": Option<Words>,
        /// Globs (or regular expressions) of names that are left out.
        excludes | "exclude": Option<Words>,
        /// Patterns are regular expressions.
        use_regex: bool = false,
        /// A regular expression that a line of the file starts with.
        contains: Option<String>,
        /// `contains` is searched in the whole file.
        read_whole_file: bool = false,
        /// What is looked for.
        file_type: FileType = FileType::File,
        /// Look in directories below.
        recurse: bool = false,
        /// How deep.
        depth: Option<i64>,
        /// Names that start with a dot too.
        hidden: bool = false,
        /// Follow links.
        follow: bool = false,
        /// At least this old, or at most where negative: seconds, or with a unit `smhdw`.
        age: Option<String>,
        /// The time that `age` is about.
        age_stamp: Stamp = Stamp::Modification,
        /// At least this big, or at most where negative: bytes, or with a unit `bkmgt`.
        size: Option<String>,
        /// Permissions.
        mode: Option<Mode>,
        /// Exactly these permissions; otherwise at least.
        exact_mode: bool = true,
        /// Register the checksum of files.
        get_checksum: bool = false,
        /// Its algorithm.
        checksum_algorithm | "checksum" | "checksum_algo": String = "sha1",
        /// At most this many.
        limit: Option<i64>,
    }
    refuses { encoding }
}

/// The module.
pub struct Find;

impl Module for Find {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.find";
    const SUMMARY: &'static str = "register the paths in a directory that meet conditions";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let filter = Filter::new(args).map_err(Suspend::Failed)?;
        let paths = gather(args.paths.iter(), |path| absolute("paths", path, host))?;
        let listings = gather(&paths, |path| listing(args, path, host))?;
        let (mut found, mut examined, mut skipped) = (Vec::new(), 0, Map::new());
        for (path, listing) in paths.iter().zip(listings) {
            let Some(nodes) = &listing.found else {
                let why = format!("'{path}' is not a directory");
                skipped.insert(Key::from(path.as_str()), Value::data(why));
                continue;
            };
            examined += i64::try_from(nodes.len()).unwrap_or(i64::MAX);
            found.extend(
                nodes.iter().filter(|node| filter.accepts(args, path, node, listing.now)).cloned(),
            );
        }
        let mut found = holding(args, found, host)?;
        if let Some(limit) = args.limit.and_then(|limit| usize::try_from(limit).ok()) {
            found.truncate(limit);
        }
        let files = gather(&found, |node| describe(args, node, host))?;
        let mut plan = Plan::new()
            .with("matched", i64::try_from(files.len()).unwrap_or(i64::MAX))
            .with("files", Value::list(files))
            .with("examined", examined)
            .with("skipped_paths", Value::Map(skipped.into()));
        plan.set("msg", Value::data("All paths examined"));
        plan.changed = Some(false);
        Ok(plan)
    }
}

/// What is in a directory; unknown where planned actions change what is there.
fn listing(
    args: &Args,
    path: &str,
    host: &Host<'_>,
) -> Result<std::sync::Arc<<Listing as crate::resource::Query>::State>, Suspend> {
    host.path(path)?;
    let below = format!("{}/", path.trim_end_matches('/'));
    if let Some(opaque) = host.opaque(|opaque| opaque.may_bring(&format!("{below}x"))) {
        return Err(Suspend::Unknown(std::sync::Arc::clone(&opaque.reason)));
    }
    if host.predictions::<Path>().any(|(planned, _)| planned.path.starts_with(&below)) {
        return Err(Suspend::unknown(format!("what is in `{path}` changes before")));
    }
    let depth = match (args.recurse, args.depth) {
        (false, _) => Some(1),
        (true, Some(depth)) => Some(u32::try_from(depth).unwrap_or(1)),
        (true, None) => None,
    };
    host.state(Listing { path: path.to_string(), depth, follow: args.follow })
}

/// The conditions, compiled.
struct Filter {
    patterns: Option<Vec<Pattern>>,
    excludes: Vec<Pattern>,
    age: Option<f64>,
    size: Option<f64>,
}

impl Filter {
    fn new(args: &Args) -> Result<Self, String> {
        let compile = |words: &Words| -> Result<Vec<Pattern>, String> {
            words.iter().map(|word| Self::pattern(args, word)).collect()
        };
        Ok(Self {
            patterns: args.patterns.as_ref().map(compile).transpose()?,
            excludes: args.excludes.as_ref().map(compile).transpose()?.unwrap_or_default(),
            age: args.age.as_ref().map(|age| quantity("age", age, AGES)).transpose()?,
            size: args.size.as_ref().map(|size| quantity("size", size, SIZES)).transpose()?,
        })
    }

    fn pattern(args: &Args, word: &str) -> Result<Pattern, String> {
        let text =
            if args.use_regex { format!("^(?:{word})") } else { super::glob::to_regex(word) };
        Pattern::new(&text, Flags::default())
    }

    fn accepts(&self, args: &Args, root: &str, node: &Listed, now: f64) -> bool {
        let name = base_name(&node.path);
        let matches = |pattern: &Pattern| pattern.is_match(name).unwrap_or(false);
        let time = match args.age_stamp {
            Stamp::Access => node.times[0],
            Stamp::Modification => node.times[1],
            Stamp::Change => node.times[2],
        };
        let kind = match args.file_type {
            FileType::Any => true,
            FileType::Directory => node.kind == 'd',
            FileType::File => node.kind == 'f',
            FileType::Link => node.kind == 'l',
        };
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
        let size = node.size as f64;
        kind && (args.hidden || !is_hidden(root, &node.path))
            && self.patterns.as_ref().is_none_or(|all| all.iter().any(matches))
            && !self.excludes.iter().any(matches)
            && self.age.is_none_or(|age| reaches(now - time, age))
            && (node.kind == 'd' || self.size.is_none_or(|wanted| reaches(size, wanted)))
            && mode_agrees(args, node.mode)
    }
}

/// Whether the name, or a directory on the way to it, starts with a dot.
fn is_hidden(root: &str, path: &str) -> bool {
    path.strip_prefix(root).unwrap_or(path).split('/').any(|part| part.starts_with('.'))
}

/// At least as much; where the limit is negative, at most.
fn reaches(value: f64, limit: f64) -> bool {
    if limit < 0.0 { value <= -limit } else { value >= limit }
}

const AGES: &[(char, f64)] =
    &[('s', 1.0), ('m', 60.0), ('h', 3600.0), ('d', 86400.0), ('w', 604_800.0)];
const SIZES: &[(char, f64)] = &[
    ('b', 1.0),
    ('k', 1024.0),
    ('m', 1_048_576.0),
    ('g', 1_073_741_824.0),
    ('t', 1_099_511_627_776.0),
];

fn quantity(argument: &str, text: &str, units: &[(char, f64)]) -> Result<f64, String> {
    let (number, unit) = match text.chars().last() {
        Some(last) if last.is_ascii_alphabetic() => {
            let unit = units.iter().find(|(letter, _)| *letter == last.to_ascii_lowercase());
            (&text[..text.len() - 1], unit.map(|(_, factor)| *factor))
        }
        _ => (text, Some(1.0)),
    };
    match (number.trim().parse::<f64>(), unit) {
        (Ok(number), Some(factor)) => Ok(number * factor),
        _ => Err(format!("`{argument}` `{text}` is no number with a unit")),
    }
}

fn mode_agrees(args: &Args, mode: u32) -> bool {
    let Some(wanted) = args.mode.as_ref().and_then(|wanted| wanted.resolve(0, false)) else {
        return true;
    };
    if args.exact_mode { mode == wanted } else { mode & wanted == wanted }
}

/// Those whose content matches `contains`.
fn holding(args: &Args, found: Vec<Listed>, host: &Host<'_>) -> Result<Vec<Listed>, Suspend> {
    let Some(text) = &args.contains else { return Ok(found) };
    let pattern = if args.read_whole_file { text.clone() } else { format!("^(?:{text})") };
    let pattern = Pattern::new(&pattern, Flags::default()).map_err(Suspend::Failed)?;
    let kept = gather(found, |node| {
        let content = super::content::whole(&node.path, host)?;
        let text = content.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let text = text.unwrap_or_default();
        let holds = if args.read_whole_file {
            pattern.is_match(&text)
        } else {
            Ok(text.split_inclusive('\n').any(|line| pattern.is_match(line).unwrap_or(false)))
        };
        Ok(holds.map_err(Suspend::Failed)?.then_some(node))
    })?;
    Ok(kept.into_iter().flatten().collect())
}

fn describe(args: &Args, node: &Listed, host: &Host<'_>) -> Result<Value, Suspend> {
    let mut map = Map::new();
    let kind = match node.kind {
        'f' => 0o100_000,
        'd' => 0o040_000,
        'l' => 0o120_000,
        'c' => 0o020_000,
        'b' => 0o060_000,
        'p' => 0o010_000,
        's' => 0o140_000,
        _ => 0,
    };
    super::stat::bits(kind | node.mode, &mut map);
    let mut set = |name: &str, value: Value| map.insert(Key::from(name), value);
    set("path", Value::data(node.path.as_str()));
    set("size", Value::Int(node.size));
    for (name, value) in ["uid", "gid"].into_iter().zip(node.ids) {
        set(name, Value::Int(value));
    }
    for (name, value) in ["pw_name", "gr_name"].into_iter().zip(&node.names) {
        set(name, Value::data(value.as_str()));
    }
    for (name, value) in ["atime", "mtime", "ctime"].into_iter().zip(node.times) {
        set(name, Value::Float(value));
    }
    for (name, value) in ["inode", "dev", "nlink"].into_iter().zip(node.node) {
        set(name, Value::Int(value));
    }
    if args.get_checksum && node.kind == 'f' {
        let algorithm = Algorithm::named(&args.checksum_algorithm).ok_or_else(|| {
            Suspend::failed(format!("`{}` is no checksum algorithm", args.checksum_algorithm))
        })?;
        let state = host.state(Checksum { path: node.path.clone(), algorithm })?;
        if let Some(sum) = &state.0 {
            set("checksum", Value::data(sum.as_str()));
        }
    }
    Ok(Value::Map(map.into()))
}
