//! Arguments that all modules have which write files.

use super::Mode;

arguments! {
    /// Whose a file is, and what may be done with it.
    pub struct Access {
        /// Name or number of the owner.
        owner: Option<String>,
        /// Name or number of the group.
        group: Option<String>,
        /// Permissions: octal as a string, or symbolic; `copy` and `template` also take `preserve`.
        mode: Option<Mode>,
    }
    refuses { attributes | "attr", seuser, serole, setype, selevel, unsafe_writes }
}

arguments! {
    /// How care is taken of a file that is replaced.
    pub struct Care {
        /// Keep the old file beside the new one.
        backup: bool = false,
        /// A command that must accept each new file; `%s` is the file.
        validate: Option<String>,
    }
}

arguments! {
    /// A file that is edited.
    pub struct Edited {
        /// The file.
        path | "dest" | "destfile" | "name": String,
        /// The encoding of the file; only UTF-8.
        encoding: String = "utf-8",
    }
    includes { care: Care, access: Access }
}
