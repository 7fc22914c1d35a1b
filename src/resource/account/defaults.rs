//! What useradd(8) does where it is not told otherwise.

use crate::remote::{Output, Script};

use super::super::probe::fields;
use super::super::query::{Query, State};

/// Asks for the defaults of new users.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserDefaults;

/// The defaults of new users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserDefaultsState {
    /// The directory that homes are in.
    pub homes: String,
    /// The shell.
    pub shell: String,
    /// The mode of a new home directory.
    pub mode: u32,
}

impl State for UserDefaultsState {}

impl Query for UserDefaults {
    type State = UserDefaultsState;

    fn script(_: &[&Self]) -> Script {
        let mut script = Script::new();
        script.line("useradd -D || exit");
        script.line(r"sed -n 's/^[[:space:]]*\(HOME_MODE\|UMASK\)[[:space:]]\{1,\}\([0-7]\{1,\}\).*/\1=\2/p' /etc/login.defs");
        script
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<UserDefaultsState, String>> {
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.succeeded() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
            return vec![
                Err(format!("the defaults of new users could not be read: {said}"));
                queries.len()
            ];
        }
        let field = |name: &str| {
            fields(&text).filter(|(key, _)| *key == name).last().map(|(_, value)| value)
        };
        let octal = |name: &str| field(name).and_then(|digits| u32::from_str_radix(digits, 8).ok());
        let mode = octal("HOME_MODE").unwrap_or_else(|| 0o777 & !octal("UMASK").unwrap_or(0o22));
        let or = |name: &str, default: &str| {
            field(name).filter(|value| !value.is_empty()).unwrap_or(default).to_string()
        };
        vec![
            Ok(UserDefaultsState {
                homes: or("HOME", "/home"),
                shell: or("SHELL", "/bin/sh"),
                mode
            });
            queries.len()
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_of_homes_follows_login_defs() {
        let read = |text: &str| {
            let output = Output { stdout: text.into(), ..Output::default() };
            UserDefaults::parse(&[&UserDefaults], &output)[0].clone().expect("read")
        };
        let bookworm = read("GROUP=100\nHOME=/home\nSHELL=/bin/sh\nUMASK=022\n");
        assert_eq!((bookworm.mode, bookworm.homes.as_str()), (0o755, "/home"));
        assert_eq!(read("HOME=/home\nUMASK=022\nHOME_MODE=0700\n").mode, 0o700);
    }
}
