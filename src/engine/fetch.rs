//! Asking a host all that planning lacks, in one round trip per user.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::remote::{Become, OnFailure, Output, Script, Shell};
use crate::resource::{AnyQuery, AnyState, QueryId};

use super::evaluate::Wanted;
use super::link::LinkError;
use super::settings::user_key;

/// An answer: whose, to which question.
pub struct Answer {
    /// The host that answered.
    pub host: Arc<str>,
    /// As which user.
    pub user: Arc<str>,
    /// The question.
    pub id: QueryId,
    /// The state, or why it could not be read.
    pub state: Result<AnyState, String>,
}

/// The questions to one user of one host.
pub struct Group {
    /// The host.
    pub host: Arc<str>,
    /// The user.
    pub user: Arc<Become>,
    /// The questions, without duplicates.
    pub queries: Vec<AnyQuery>,
}

/// The questions by host and user, each once.
pub fn groups(wanted: Vec<Wanted>) -> Vec<Group> {
    let mut seen: HashSet<(Arc<str>, Arc<str>, QueryId)> = HashSet::new();
    let mut groups: Vec<Group> = Vec::new();
    for one in wanted {
        let user = user_key(&one.user);
        if !seen.insert((Arc::clone(&one.host), Arc::clone(&user), one.query.id().clone())) {
            continue;
        }
        match groups
            .iter_mut()
            .find(|group| group.host == one.host && user_key(&group.user) == user)
        {
            Some(group) => group.queries.push(one.query),
            None => groups.push(Group { host: one.host, user: one.user, queries: vec![one.query] }),
        }
    }
    groups
}

/// Questions of one kind, asked by one script.
pub struct Bundle {
    /// The questions.
    pub queries: Vec<AnyQuery>,
}

impl Bundle {
    /// The questions bundled by kind.
    pub fn of(queries: Vec<AnyQuery>) -> Vec<Self> {
        let mut kinds: BTreeMap<&'static str, Vec<AnyQuery>> = BTreeMap::new();
        for query in queries {
            kinds.entry(query.id().kind).or_default().push(query);
        }
        kinds.into_values().map(|queries| Self { queries }).collect()
    }

    /// The script that asks them.
    pub fn script(&self) -> Script {
        let mut script = AnyQuery::script(&self.queries);
        script.may_fail();
        script
    }

    /// The answers.
    pub fn answers(&self, host: &Arc<str>, user: &Arc<str>, output: &Output) -> Vec<Answer> {
        let states = AnyQuery::parse(&self.queries, output);
        let missing = || Err("the host did not answer".to_string());
        let states = states.into_iter().chain(std::iter::repeat_with(missing));
        self.queries
            .iter()
            .zip(states)
            .map(|(query, state)| Answer {
                host: Arc::clone(host),
                user: Arc::clone(user),
                id: query.id().clone(),
                state,
            })
            .collect()
    }
}

/// Asks one group: what the controller knows itself, and the rest in one round trip.
///
/// `first` runs before the questions; its output comes with the answers.
pub async fn ask(
    group: Group,
    shell: Option<&Shell>,
    first: Option<Script>,
) -> Result<(Vec<Answer>, Option<Output>), LinkError> {
    let user = user_key(&group.user);
    let mut answers = Vec::new();
    let mut for_host = Vec::new();
    let mut ours = Vec::new();
    let mut said = None;
    for query in group.queries {
        match query.controller() {
            Some(future) => ours.push((query.id().clone(), future)),
            None => for_host.push(query),
        }
    }
    let futures = ours.into_iter().map(|(id, future)| async move { (id, future.await) });
    for (id, state) in futures_util::future::join_all(futures).await {
        answers.push(Answer { host: Arc::clone(&group.host), user: Arc::clone(&user), id, state });
    }
    if let Some(shell) = shell.filter(|_| !for_host.is_empty()) {
        let bundles = Bundle::of(for_host);
        let before = usize::from(first.is_some());
        let questions = bundles.iter().map(Bundle::script);
        let scripts: Vec<Script> = first.into_iter().chain(questions).collect();
        let mut outputs: Vec<Option<Output>> = vec![None; scripts.len()];
        let mut sink = |index: usize, output: Output| outputs[index] = Some(output);
        shell
            .run(&scripts, OnFailure::Continue, &mut sink)
            .await
            .map_err(|lost| LinkError::Unreachable(lost.to_string()))?;
        if before > 0 {
            said = outputs.first_mut().and_then(Option::take);
        }
        for (bundle, output) in bundles.iter().zip(outputs.into_iter().skip(before)) {
            let output = output.unwrap_or_default();
            answers.extend(bundle.answers(&group.host, &user, &output));
        }
    }
    Ok((answers, said))
}

/// Whether any of the questions is for the host itself.
pub fn needs_host(queries: &[AnyQuery]) -> bool {
    queries.iter().any(|query| query.controller().is_none())
}
