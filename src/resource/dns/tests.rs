//! Tests against servers in this process.
