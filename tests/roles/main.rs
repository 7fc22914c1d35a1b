//! What the roles of the stack would write, by a plan against this machine: nothing is changed.

mod registration;
mod rendered;
mod turn;
mod web;
