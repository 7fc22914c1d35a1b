//! Verdicts on states that are written down here.
