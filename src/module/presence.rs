//! Whether something is to be there: the `state` of modules that know nothing between.

choice! {
    /// Whether it is to be there.
    pub enum State {
        /// It is there.
        Present = "present",
        /// It is not there.
        Absent = "absent",
    }
}
