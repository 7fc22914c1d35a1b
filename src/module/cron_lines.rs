//! The lines of a crontab, with Ansible's markers: `#Ansible: name` stands over each job.

const MARKER: &str = "#Ansible: ";

/// When a job runs.
pub enum Moment<'a> {
    /// Minute, hour, day, month, weekday.
    Fields([&'a str; 5]),
    /// A name: `daily`.
    Special(&'static str),
}

impl Moment<'_> {
    /// The line of a job; `runs_as` only in files of /etc/cron.d.
    pub fn line(&self, runs_as: Option<&str>, job: &str, disabled: bool) -> String {
        let when = match self {
            Self::Fields(fields) => fields.join(" "),
            Self::Special(name) => format!("@{name}"),
        };
        let start = if disabled { "#" } else { "" };
        match runs_as {
            Some(user) => format!("{start}{when} {user} {job}"),
            None => format!("{start}{when} {job}"),
        }
    }
}

/// The lines of a crontab.
pub struct Lines {
    lines: Vec<String>,
    /// Whether they were changed.
    pub changed: bool,
}

impl Lines {
    /// The lines of a text.
    pub fn of(text: &str) -> Self {
        Self { lines: text.lines().map(str::to_string).collect(), changed: false }
    }

    /// The text, with a line end at its end.
    pub fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    /// The names of the marked jobs.
    pub fn jobs(&self) -> Vec<&str> {
        self.lines.iter().filter_map(|line| line.strip_prefix(MARKER)).collect()
    }

    /// The names of the variables.
    pub fn variables(&self) -> Vec<&str> {
        self.lines.iter().filter_map(|line| variable(line)).collect()
    }

    /// The line is there under its marker. An equal line without a marker gets one.
    pub fn put_job(&mut self, name: &str, line: &str) {
        let marker = format!("{MARKER}{name}");
        if let Some(at) = self.lines.iter().position(|known| *known == marker) {
            match self.lines.get_mut(at + 1) {
                Some(known) if known == line => return,
                Some(known) if !known.starts_with(MARKER) => *known = line.to_string(),
                _ => self.lines.insert(at + 1, line.to_string()),
            }
        } else if let Some(at) = self.unmarked(line) {
            self.lines.insert(at, marker);
        } else {
            self.lines.extend([marker, line.to_string()]);
        }
        self.changed = true;
    }

    fn unmarked(&self, line: &str) -> Option<usize> {
        (0..self.lines.len()).find(|at| {
            self.lines[*at] == line && (*at == 0 || !self.lines[at - 1].starts_with(MARKER))
        })
    }

    /// Neither marker nor job are there.
    pub fn remove_job(&mut self, name: &str) {
        let marker = format!("{MARKER}{name}");
        while let Some(at) = self.lines.iter().position(|known| *known == marker) {
            let job = self.lines.get(at + 1).is_some_and(|line| !line.starts_with(MARKER));
            self.lines.drain(at..=at + usize::from(job));
            self.changed = true;
        }
    }

    /// `NAME="value"` is there; a new one at the start, or beside another.
    pub fn put_variable(
        &mut self,
        name: &str,
        value: &str,
        after: Option<&str>,
        before: Option<&str>,
    ) -> Result<(), String> {
        let line = format!("{name}=\"{value}\"");
        let find = |name: &str| self.lines.iter().position(|line| variable(line) == Some(name));
        let other = |name: &str| find(name).ok_or_else(|| format!("there is no variable `{name}`"));
        match (find(name), after, before) {
            (Some(at), ..) if self.lines[at] == line => return Ok(()),
            (Some(at), ..) => self.lines[at] = line,
            (None, Some(after), _) => {
                let at = other(after)? + 1;
                self.lines.insert(at, line);
            }
            (None, None, Some(before)) => {
                let at = other(before)?;
                self.lines.insert(at, line);
            }
            (None, None, None) => self.lines.insert(0, line),
        }
        self.changed = true;
        Ok(())
    }

    /// The variable is not there.
    pub fn remove_variable(&mut self, name: &str) {
        let count = self.lines.len();
        self.lines.retain(|line| variable(line) != Some(name));
        self.changed |= self.lines.len() != count;
    }
}

/// The name of the variable that a line sets.
fn variable(line: &str) -> Option<&str> {
    let (name, _) = line.split_once('=')?;
    let name = name.trim();
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_stand_under_their_markers() {
        let mut lines = Lines::of("MAILTO=\"x\"\n0 1 * * * old\n");
        lines.put_job("new", "@daily new");
        lines.put_job("adopted", "0 1 * * * old");
        assert_eq!(
            lines.text(),
            "MAILTO=\"x\"\n#Ansible: adopted\n0 1 * * * old\n#Ansible: new\n@daily new\n"
        );
        lines.changed = false;
        lines.put_job("new", "@daily new");
        assert!(!lines.changed);
        lines.remove_job("adopted");
        lines.put_job("new", "#@weekly new");
        assert_eq!(lines.text(), "MAILTO=\"x\"\n#Ansible: new\n#@weekly new\n");
        assert_eq!(lines.variables(), ["MAILTO"]);
    }

    #[test]
    fn variables_stand_at_the_start_or_beside_others() {
        let mut lines = Lines::of("A=\"1\"\n@daily x\n");
        lines.put_variable("B", "2", None, None).unwrap();
        lines.put_variable("C", "3", Some("A"), None).unwrap();
        lines.put_variable("A", "9", None, None).unwrap();
        assert_eq!(lines.text(), "B=\"2\"\nA=\"9\"\nC=\"3\"\n@daily x\n");
        assert!(lines.put_variable("D", "4", None, Some("Z")).is_err());
        lines.remove_variable("A");
        assert_eq!(lines.variables(), ["B", "C"]);
    }
}
