//! Users of hosts who are met for the first time. A plan tries them before it relies on them, so
//! that who is refused is known before anything is applied anywhere.

use std::sync::Arc;

use crate::resource::Refusal;

use super::debt::Keeper;
use super::driver::Driver;
use super::evaluate::{Evaluation, Verdict, needs_user};
use super::event::Phase;
use super::link::LinkError;
use super::settings::user_key;

impl Driver {
    /// Users to become who are to carry out what was planned and were never asked anything.
    pub(super) fn newcomers(&self, evaluation: &Evaluation) -> Vec<Keeper> {
        if self.phase == Phase::Apply {
            return vec![];
        }
        let items = evaluation.items.iter();
        let keepers = items.filter_map(|item| {
            let (Verdict::Plan(plan), Some(manner)) = (&item.verdict, &item.manner) else {
                return None;
            };
            manner.become_user.user.as_ref()?;
            let (host, user) = (Arc::clone(&manner.host), Arc::clone(&manner.become_user));
            let keeper = Keeper { host, user };
            (!self.ledger.has_met(&keeper) && needs_user(plan)).then_some(keeper)
        });
        keepers.collect()
    }

    /// A user was refused. While planning, the tasks that need the user find out; while applying,
    /// the task at hand has failed if it does (`own`), and others may still put it right.
    pub(super) fn refused(
        &mut self,
        keeper: &Keeper,
        own: &[Keeper],
        refusal: Refusal,
    ) -> Result<(), LinkError> {
        if self.phase == Phase::Plan {
            self.machine.world_mut(&keeper.host).refuse(&user_key(&keeper.user), refusal);
            return Ok(());
        }
        self.ledger.has_not_met(keeper);
        match own.iter().any(|own| own.is(keeper)) {
            true => Err(LinkError::Refused(refusal)),
            false => Ok(()),
        }
    }
}
