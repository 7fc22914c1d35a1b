//! One name and record type, asked at several servers.

use futures_util::future::join_all;

use crate::remote::{Output, Script};
use crate::resource::query::{Asker, Query, State};

use super::exchange::ask;
use super::reply::{RecordKind, Reply};
use super::server::Server;

/// What do these servers say of this name?
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lookup {
    /// The name, canonical.
    pub name: String,
    /// The type.
    pub kind: RecordKind,
    /// Who is asked.
    pub servers: Vec<Server>,
}

/// What one server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who.
    pub server: Server,
    /// What.
    pub reply: Reply,
}

/// What all of them said, in the order of the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers(pub Vec<Answer>);

impl State for Answers {}

impl Query for Lookup {
    type State = Answers;

    fn asker(&self) -> Asker<Answers> {
        let Self { name, kind, servers } = self.clone();
        Asker::Controller(Box::pin(async move {
            let replies = join_all(servers.iter().map(|server| ask(server, &name, kind))).await;
            let answers = servers.iter().cloned().zip(replies);
            Ok(Answers(answers.map(|(server, reply)| Answer { server, reply }).collect()))
        }))
    }

    fn script(_: &[&Self]) -> Script {
        Script::new()
    }

    fn parse(queries: &[&Self], _: &Output) -> Vec<Result<Answers, String>> {
        queries.iter().map(|_| Err("DNS is asked by the controller".to_string())).collect()
    }
}
