//! Arguments of the `ssh` program, as `ansible_ssh_common_args` holds them, read as settings.

use super::target::ConfigFiles;

/// What the arguments say, as options of a configuration.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SshArgs {
    /// `Keyword value` lines; the first of a keyword wins.
    pub options: Vec<String>,
    /// `-F`.
    pub config: Option<ConfigFiles>,
}

/// Flags that change nothing here.
const FLAGS: &str = "aACkKnNqTtvxXY";

/// Reads the arguments; the error names the one that cannot be followed.
pub(super) fn parse(words: &[String]) -> Result<SshArgs, String> {
    let mut args = SshArgs::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(flags) = word.strip_prefix('-').filter(|flags| !flags.is_empty()) else {
            return Err(format!(
                "ssh argument `{word}` is no option; only options can stand in ssh arguments"
            ));
        };
        let (flag, glued) = flags.split_at(flags.chars().next().map_or(0, char::len_utf8));
        if flags.chars().all(|flag| FLAGS.contains(flag)) {
            continue;
        }
        if let Some(family) = family(flags) {
            args.options.push(["AddressFamily ", family].concat());
            continue;
        }
        let Some(keyword) = keyword(flag) else {
            return Err(format!(
                "ssh argument `-{flag}` is not supported; use `ssh_config` or an `ansible_` variable"
            ));
        };
        let value = if glued.is_empty() { words.next().cloned() } else { Some(glued.to_owned()) };
        let value = value.ok_or_else(|| format!("ssh argument `-{flag}` needs a value"))?;
        match keyword {
            "" => args.options.push(value),
            "config" if value == "none" => args.config = Some(ConfigFiles::None),
            "config" => args.config = Some(ConfigFiles::Only(value.into())),
            keyword => args.options.push(format!("{keyword} \"{value}\"")),
        }
    }
    Ok(args)
}

fn family(flags: &str) -> Option<&'static str> {
    match flags {
        "4" => Some("inet"),
        "6" => Some("inet6"),
        _ => None,
    }
}

/// The keyword that an option with a value stands for; `-o` brings its own.
fn keyword(flag: &str) -> Option<&'static str> {
    Some(match flag {
        "o" => "",
        "F" => "config",
        "J" => "ProxyJump",
        "i" => "IdentityFile",
        "l" => "User",
        "p" => "Port",
        // Known, and of no use here: algorithms are russh's, nothing is bound or escaped.
        "c" => "Ciphers",
        "m" => "MACs",
        "e" => "EscapeChar",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<SshArgs, String> {
        parse(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_become_settings() {
        let args = parsed("-o ControlMaster=auto -oPort=2222 -J a,b -vvC -4 -F none").unwrap();
        let expected =
            ["ControlMaster=auto", "Port=2222", "ProxyJump \"a,b\"", "AddressFamily inet"];
        assert_eq!(args.options, expected);
        assert_eq!(args.config, Some(ConfigFiles::None));
    }

    #[test]
    fn others_are_refused_by_name() {
        assert!(parsed("-R 80:a:80").unwrap_err().contains("`-R`"));
        assert!(parsed("host").unwrap_err().contains("`host`"));
        assert!(parsed("-o").unwrap_err().contains("needs a value"));
    }
}
