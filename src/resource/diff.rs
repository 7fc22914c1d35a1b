//! What a change looks like to people, as data; `report/` draws it.

/// The difference that one action makes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// The resource: "file /etc/motd", "package nginx".
    pub subject: String,
    /// Properties that change.
    pub changes: Vec<Change>,
    /// The text that changes, for files.
    pub text: Option<Text>,
}

/// One property that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its name: "mode", "state".
    pub field: String,
    /// How it is; empty for nothing.
    pub before: String,
    /// How it will be; empty for nothing.
    pub after: String,
}

/// A text that changes. What must not be seen is [`Text::hidden`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// How it is; none if there is no file.
    pub before: Option<String>,
    /// How it will be; none if the file goes.
    pub after: Option<String>,
    /// Too big or not a text: why it is not shown.
    pub omitted: Option<String>,
}

impl Diff {
    /// A difference of this resource with nothing in it yet.
    pub fn of(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), ..Self::default() }
    }

    /// Adds a property, if it changes.
    #[must_use]
    pub fn change(
        mut self,
        field: &str,
        before: impl Into<String>,
        after: impl Into<String>,
    ) -> Self {
        let (before, after) = (before.into(), after.into());
        if before != after {
            self.changes.push(Change { field: field.into(), before, after });
        }
        self
    }

    /// Adds the text.
    #[must_use]
    pub fn text(mut self, before: Option<&[u8]>, after: Option<&[u8]>) -> Self {
        self.text = Some(Text::new(before, after));
        self
    }
}

impl Text {
    /// A text that changes and is not shown, for this reason.
    pub fn hidden(reason: impl Into<String>) -> Self {
        Self { before: None, after: None, omitted: Some(reason.into()) }
    }

    /// Bigger texts are not compared line by line.
    pub const LARGEST: usize = 1 << 20;

    /// The two sides; binary or big ones are named, not shown.
    pub fn new(before: Option<&[u8]>, after: Option<&[u8]>) -> Self {
        let sides = [before, after];
        let omitted = if sides.iter().flatten().any(|side| side.len() > Self::LARGEST) {
            Some("the content is too big to show".to_string())
        } else if sides.iter().flatten().any(|side| is_binary(side)) {
            Some("the content is not text".to_string())
        } else {
            None
        };
        let show = |side: Option<&[u8]>| match omitted {
            Some(_) => side.map(|_| String::new()),
            None => side.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        };
        Self { before: show(before), after: show(after), omitted }
    }
}

fn is_binary(bytes: &[u8]) -> bool {
    bytes.contains(&0) || std::str::from_utf8(bytes).is_err()
}
