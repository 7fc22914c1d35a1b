//! What the roles of the stack would write, by a plan against this machine, and what their programs do in a
//! folder of their own: nothing of the machine is changed.

mod backup;
mod registration;
mod checked;
mod rendered;
mod turn;
mod web;
