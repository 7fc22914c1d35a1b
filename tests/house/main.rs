//! The house rules that no lint knows, as tests over the sources.

mod cases;
mod example;
mod headers;
mod language;
mod layers;
mod lints;
mod reached;
mod scripts;
mod sources;
