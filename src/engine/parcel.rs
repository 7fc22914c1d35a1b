//! Actions that go out as one script, each followed by the questions that prove it.

use std::sync::Arc;

use crate::remote::{OnFailure, Output, Script};
use crate::resource::{Action, AnyQuery, AnyState, World};

use super::driver::{Driver, Halt};
use super::fetch::Bundle;
use super::settings::Manner;

/// What came back for one item: the outputs of its actions, and what was found wrong after them.
#[derive(Default)]
pub struct Sent {
    /// What each action gave.
    pub outputs: Vec<Output>,
    /// The host is not as an action predicted.
    pub mismatch: Option<String>,
    /// Answers of the proof, to be remembered.
    pub proven: Vec<(AnyQuery, AnyState)>,
}

impl Sent {
    /// Takes in what came back for the actions behind these.
    pub fn absorb(&mut self, later: Self) {
        self.outputs.extend(later.outputs);
        self.mismatch = self.mismatch.take().or(later.mismatch);
        for (query, state) in later.proven {
            self.settle(query, state);
        }
    }

    fn settle(&mut self, query: AnyQuery, state: AnyState) {
        self.proven.retain(|(known, _)| known.id() != query.id());
        self.proven.push((query, state));
    }

    /// Compares what the host answered with what an action predicted.
    fn judge(&mut self, proof: &Proof, bundle: &Bundle, manner: &Manner, output: &Output) {
        let answers = bundle.answers(&manner.host, &manner.user_key(), output);
        for (query, answer) in bundle.queries.iter().zip(answers) {
            let mut predicted = proof.predicted.iter();
            let Some((_, predicted)) = predicted.find(|(known, _)| known.id() == query.id()) else {
                continue;
            };
            match answer.state {
                Ok(actual) => {
                    if let Err(difference) = query.check(predicted, &actual) {
                        self.mismatch.get_or_insert(difference);
                    }
                    self.settle(query.clone(), actual);
                }
                Err(error) => {
                    self.mismatch.get_or_insert(error);
                }
            }
        }
    }
}

/// What shows that an action took effect.
struct Proof {
    /// What the action predicts.
    predicted: Vec<(AnyQuery, AnyState)>,
    /// The questions that show it.
    bundles: Vec<Bundle>,
}

impl Proof {
    fn of(action: &dyn Action, world: &World) -> Self {
        let predicted = world.record(|world| action.predict(world));
        let queries: Vec<AnyQuery> = predicted.iter().map(|(query, _)| query.clone()).collect();
        Self { predicted, bundles: Bundle::of(queries) }
    }
}

/// Actions with their proofs. Each belongs to an item, which is named by its number.
#[derive(Default)]
pub struct Parcel {
    /// The script, in parts.
    pub parts: Vec<Script>,
    /// Of each part: item, proof, and the bundle of the proof if it is one.
    owners: Vec<(usize, usize, Option<usize>)>,
    proofs: Vec<Proof>,
}

impl Parcel {
    /// Adds an action of an item; `world` is the host before it, and after.
    pub fn add(&mut self, item: usize, action: &dyn Action, script: Script, world: &mut World) {
        let index = self.proofs.len();
        self.parts.push(script);
        self.owners.push((item, index, None));
        let proof = Proof::of(action, world);
        for (bundle, questions) in proof.bundles.iter().enumerate() {
            self.parts.push(questions.script());
            self.owners.push((item, index, Some(bundle)));
        }
        // The next one finds what this one leaves behind: enabled, then started.
        action.predict(world);
        self.proofs.push(proof);
    }

    /// What came back, by item.
    pub fn sort(&self, outputs: Vec<Option<Output>>, manner: &Manner, items: usize) -> Vec<Sent> {
        let mut sent: Vec<Sent> = std::iter::repeat_with(Sent::default).take(items).collect();
        for ((item, index, bundle), output) in self.owners.iter().zip(outputs) {
            let Some(output) = output else { continue };
            let proof = &self.proofs[*index];
            match bundle {
                None => sent[*item].outputs.push(output),
                Some(bundle) => {
                    sent[*item].judge(proof, &proof.bundles[*bundle], manner, &output);
                }
            }
        }
        sent
    }
}

impl Driver {
    /// Asks the host whether an action took effect that was sent alone.
    pub(super) async fn prove(
        &mut self,
        action: &Arc<dyn Action>,
        manner: &Manner,
        sent: &mut Sent,
    ) -> Result<(), Halt> {
        let proof = Proof::of(action.as_ref(), &self.machine.world(&manner.host));
        if proof.bundles.is_empty() {
            return Ok(());
        }
        let shell = self.shell(manner).await?;
        let scripts: Vec<Script> = proof.bundles.iter().map(Bundle::script).collect();
        let mut outputs: Vec<Output> = vec![Output::default(); scripts.len()];
        let mut sink = |index: usize, output: Output| outputs[index] = output;
        shell.run(&scripts, OnFailure::Continue, &mut sink).await?;
        for (bundle, output) in proof.bundles.iter().zip(&outputs) {
            sent.judge(&proof, bundle, manner, output);
        }
        Ok(())
    }
}
