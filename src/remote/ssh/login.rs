//! The login: keys of the agent, key files, certificates, then questions, then the password.

use std::sync::Arc;

use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse as Answer};
use russh::keys::agent::AgentIdentity;
use russh::keys::{Certificate, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};
use russh::{MethodKind, MethodSet};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

use super::agent::Agent;
use super::client::Client;
use super::hop::Hop;
use super::identity::Identity;
use super::link::{fault, timed_out};
use super::probe::Probe;
use crate::remote::connect_error::{ConnectError, LoginRefusal};
use crate::remote::env::Env;
use crate::remote::wire::WireEvent;

/// Rounds of questions, at most.
const ROUNDS: usize = 8;

/// One login under way.
pub(super) struct Login<'a> {
    handle: &'a mut Handle<Client>,
    hop: &'a Hop,
    env: &'a Env,
    /// The host key is not the known one: no password goes out.
    distrusted: bool,
    tried: Vec<String>,
    /// What the server said it takes, once it said so.
    offered: Option<MethodSet>,
    /// For RSA keys, once the server was asked.
    rsa_hash: Option<HashAlg>,
}

/// The server's word on one attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    In,
    Refused,
}

impl<'a> Login<'a> {
    pub fn new(
        handle: &'a mut Handle<Client>,
        hop: &'a Hop,
        env: &'a Env,
        distrusted: bool,
    ) -> Self {
        Self { handle, hop, env, distrusted, tried: Vec::new(), offered: None, rsa_hash: None }
    }

    /// Tries what there is, in order. Each thing is tried once; nothing reconnects to try again,
    /// since servers penalise that.
    pub async fn run(mut self, identities: &[Identity]) -> Result<(), ConnectError> {
        let mut agent = self.agent().await;
        let has_keys = !identities.is_empty()
            || agent.as_ref().is_some_and(|agent| !agent.identities.is_empty());
        if !(has_keys && self.hop.methods.keys) && self.none().await? == Word::In {
            return Ok(());
        }
        if self.keys(identities, agent.as_mut()).await? == Word::In {
            return Ok(());
        }
        if self.questions().await? == Word::In || self.password().await? == Word::In {
            return Ok(());
        }
        Err(self.failed())
    }

    async fn agent(&mut self) -> Option<Agent> {
        let socket = self.hop.agent.as_ref()?;
        match Agent::open(socket).await {
            Ok(agent) => Some(agent),
            Err(why) => {
                let text = format!("the agent at {} is of no use: {why}", socket.display());
                self.env.wire.event(&self.hop.name, WireEvent::Note { text: &text });
                None
            }
        }
    }

    async fn none(&mut self) -> Result<Word, ConnectError> {
        let attempt =
            timeout(self.hop.timeout, self.handle.authenticate_none(&self.hop.user)).await;
        self.word(None, attempt)
    }

    async fn keys(
        &mut self,
        identities: &[Identity],
        mut agent: Option<&mut Agent>,
    ) -> Result<Word, ConnectError> {
        if let Some(agent) = agent.as_deref_mut() {
            let (ours, others): (Vec<_>, Vec<_>) = agent
                .identities
                .clone()
                .into_iter()
                .partition(|held| identities.iter().any(|identity| is_of(identity, held)));
            let others = if self.hop.identities_only { Vec::new() } else { others };
            for held in ours.into_iter().chain(others) {
                if self.may(MethodKind::PublicKey) && self.held(agent, &held).await? == Word::In {
                    return Ok(Word::In);
                }
            }
        }
        for identity in identities {
            let held = agent
                .as_ref()
                .is_some_and(|agent| agent.identities.iter().any(|held| is_of(identity, held)));
            if self.may(MethodKind::PublicKey) && self.file(identity, held).await? == Word::In {
                return Ok(Word::In);
            }
        }
        Ok(Word::Refused)
    }

    /// A key or certificate that the agent holds.
    async fn held(
        &mut self,
        agent: &mut Agent,
        held: &AgentIdentity,
    ) -> Result<Word, ConnectError> {
        let user = &self.hop.user;
        let (attempt, name) = match held {
            AgentIdentity::PublicKey { key, comment } => {
                let hash = self.hash_for(key).await;
                let signing = self.handle.authenticate_publickey_with(
                    user,
                    key.clone(),
                    hash,
                    &mut agent.client,
                );
                (timeout(self.hop.timeout, signing).await, comment)
            }
            AgentIdentity::Certificate { certificate, comment } => {
                let key = PublicKey::new(certificate.public_key().clone(), "");
                let hash = self.hash_for(&key).await;
                let signing = self.handle.authenticate_certificate_with(
                    user,
                    certificate.clone(),
                    hash,
                    &mut agent.client,
                );
                (timeout(self.hop.timeout, signing).await, comment)
            }
        };
        let method = format!("key `{name}` of the agent");
        match attempt {
            Ok(Err(error)) if !self.handle.is_closed() => {
                let text = format!("the agent does not sign with `{name}`: {error}");
                self.env.wire.event(&self.hop.name, WireEvent::Note { text: &text });
                self.tried.push(format!("{method} (which does not sign)"));
                Ok(Word::Refused)
            }
            attempt => {
                let closed = attempt.map(|result| result.map_err(|_| russh::Error::Disconnect));
                self.word(Some(method), closed)
            }
        }
    }

    /// A key file: its certificates, then the key, unless the agent has offered it already.
    async fn file(&mut self, identity: &Identity, held: bool) -> Result<Word, ConnectError> {
        let method = format!("key file `{}`", identity.file.display());
        if held && identity.certificates.is_empty() {
            return Ok(Word::Refused);
        }
        if identity.is_locked()
            && identity.certificates.is_empty()
            && let Some(public) = &identity.public
            && !self.is_wanted(public).await?
        {
            self.note_try(&method, false);
            self.tried.push(method);
            return Ok(Word::Refused);
        }
        let key = match identity.unlock(self.hop, self.env).await {
            Ok(key) => key,
            Err(why) => {
                self.tried.push(format!("{method} ({why})"));
                return Ok(Word::Refused);
            }
        };
        for certificate in &identity.certificates {
            if self.certificate(&key, certificate, &method).await? == Word::In {
                return Ok(Word::In);
            }
        }
        let hash = self.hash_for(key.public_key()).await;
        let key = PrivateKeyWithHashAlg::new(key, hash);
        let attempt = self.handle.authenticate_publickey(&self.hop.user, key);
        let attempt = timeout(self.hop.timeout, attempt).await;
        self.word(Some(method), attempt)
    }

    async fn certificate(
        &mut self,
        key: &Arc<PrivateKey>,
        certificate: &Certificate,
        method: &str,
    ) -> Result<Word, ConnectError> {
        let attempt = self.handle.authenticate_openssh_cert(
            &self.hop.user,
            Arc::clone(key),
            certificate.clone(),
        );
        let attempt = timeout(self.hop.timeout, attempt).await;
        self.word(Some(format!("certificate for {method}")), attempt)
    }

    /// Whether the server would take this key, so that nobody is asked for a passphrase in vain.
    async fn is_wanted(&mut self, public: &PublicKey) -> Result<bool, ConnectError> {
        let hash = self.hash_for(public).await;
        let mut probe = Probe::default();
        let probing = self.handle.authenticate_publickey_with(
            &self.hop.user,
            public.clone(),
            hash,
            &mut probe,
        );
        let attempt = timeout(self.hop.timeout, probing).await;
        if probe.wanted {
            return Ok(true);
        }
        let attempt = attempt.map(|result| result.map_err(|_| russh::Error::Disconnect));
        self.word(None, attempt).map(|_| false)
    }

    async fn questions(&mut self) -> Result<Word, ConnectError> {
        if !self.may(MethodKind::KeyboardInteractive) || self.distrusted {
            return Ok(Word::Refused);
        }
        let starting = self.handle.authenticate_keyboard_interactive_start(&self.hop.user, None);
        let mut answer = timeout(self.hop.timeout, starting).await;
        let mut password = self.hop.password.clone();
        for _ in 0..ROUNDS {
            let prompts = match answer {
                Ok(Ok(Answer::InfoRequest { prompts, .. })) => prompts,
                answer => {
                    return self
                        .word(Some("keyboard-interactive".to_owned()), answer.map(result_of));
                }
            };
            let mut replies = Vec::new();
            for prompt in prompts {
                let Some(reply) = self.reply(&prompt.prompt, prompt.echo, &mut password).await
                else {
                    self.tried.push("keyboard-interactive (no answer to give)".to_owned());
                    return Ok(Word::Refused);
                };
                replies.push(reply.expose_secret().to_owned());
            }
            let responding = self.handle.authenticate_keyboard_interactive_respond(replies);
            answer = timeout(self.hop.timeout, responding).await;
        }
        Ok(Word::Refused)
    }

    /// The password answers the first hidden question; a person answers the others.
    async fn reply(
        &self,
        question: &str,
        echo: bool,
        password: &mut Option<SecretString>,
    ) -> Option<SecretString> {
        if !echo && let Some(password) = password.take() {
            return Some(password);
        }
        let asked = crate::remote::session::printable(question.as_bytes());
        let question = format!("{asked} ({}@{})", self.hop.user, self.hop.address());
        let prompt = Arc::clone(&self.env.prompt);
        tokio::task::spawn_blocking(move || prompt.secret(&question)).await.ok().flatten()
    }

    async fn password(&mut self) -> Result<Word, ConnectError> {
        let tried = self.tried.iter().any(|method| method == "keyboard-interactive");
        let Some(password) = self.hop.password.clone().filter(|_| !tried && !self.distrusted)
        else {
            return Ok(Word::Refused);
        };
        if !self.may(MethodKind::Password) {
            return Ok(Word::Refused);
        }
        let attempt = self.handle.authenticate_password(&self.hop.user, password.expose_secret());
        let attempt = timeout(self.hop.timeout, attempt).await;
        self.word(Some("password".to_owned()), attempt)
    }

    /// Whether this method is wanted here and the server takes it, as far as it has said.
    fn may(&self, method: MethodKind) -> bool {
        let wanted = match method {
            MethodKind::PublicKey => self.hop.methods.keys,
            MethodKind::KeyboardInteractive => self.hop.methods.questions,
            MethodKind::Password => self.hop.methods.password,
            _ => false,
        };
        wanted && self.offered.as_ref().is_none_or(|offered| offered.contains(&method))
    }

    /// SHA-1 signatures of RSA keys are not made; servers that name no algorithms get SHA-512.
    async fn hash_for(&mut self, key: &PublicKey) -> Option<HashAlg> {
        if !key.algorithm().is_rsa() {
            return None;
        }
        if self.rsa_hash.is_none() {
            let best = self.handle.best_supported_rsa_hash().await.ok().flatten().flatten();
            self.rsa_hash = Some(best.unwrap_or(HashAlg::Sha512));
        }
        self.rsa_hash
    }

    fn word(
        &mut self,
        method: Option<String>,
        attempt: Result<Result<AuthResult, russh::Error>, tokio::time::error::Elapsed>,
    ) -> Result<Word, ConnectError> {
        let result = attempt.map_err(|_| timed_out(self.hop, "logging in"))?;
        let result =
            result.map_err(|error| self.closed_or(fault(self.hop, "logging in", &error)))?;
        if let Some(method) = &method {
            self.note_try(method, result.success());
        }
        let AuthResult::Failure { remaining_methods, partial_success } = result else {
            return Ok(Word::In);
        };
        // A session that died comes back as a refusal without any method left.
        if self.handle.is_closed() || remaining_methods.is_empty() && !partial_success {
            self.tried.extend(method);
            return Err(self.closed());
        }
        if let Some(method) = method {
            self.tried.push(if partial_success {
                format!("{method} (accepted, more is asked)")
            } else {
                method
            });
        }
        self.offered = Some(remaining_methods);
        Ok(Word::Refused)
    }

    fn note_try(&self, method: &str, accepted: bool) {
        let user = &self.hop.user;
        self.env.wire.event(&self.hop.name, WireEvent::Login { user, method, accepted });
    }

    fn closed_or(&self, other: ConnectError) -> ConnectError {
        if self.handle.is_closed() { self.closed() } else { other }
    }

    fn closed(&self) -> ConnectError {
        let hint = if self.tried.len() > 2 {
            "; many keys were offered, name the right one with `ansible_ssh_private_key_file`"
        } else {
            "; is it overloaded, or does it penalise failed logins?"
        };
        let (host, address) = (self.hop.name.clone(), self.hop.address());
        ConnectError::Closed { host, address, doing: "logging in", hint }
    }

    fn failed(&self) -> ConnectError {
        let names = |set: &MethodSet| set.iter().map(<&str>::from).collect::<Vec<_>>().join(", ");
        let unused = self.hop.password.is_some()
            && !self
                .tried
                .iter()
                .any(|method| ["password", "keyboard-interactive"].contains(&method.as_str()));
        let tried = match (self.tried.is_empty(), unused) {
            (true, true) => "the password was of no use, and there was no key to try".to_owned(),
            (true, false) => "there was nothing to try (no key, no agent, no password)".to_owned(),
            (false, true) => format!("tried {}; the password was of no use", self.tried.join(", ")),
            (false, false) => format!("tried {}", self.tried.join(", ")),
        };
        let refusal = LoginRefusal {
            address: self.hop.address(),
            user: self.hop.user.clone(),
            tried,
            offered: self.offered.as_ref().map_or_else(|| "unknown methods".to_owned(), names),
        };
        ConnectError::AuthFailed { host: self.hop.name.clone(), refusal: Box::new(refusal) }
    }
}

fn result_of(answer: Result<Answer, russh::Error>) -> Result<AuthResult, russh::Error> {
    answer.map(|answer| match answer {
        Answer::Success => AuthResult::Success,
        Answer::Failure { remaining_methods, partial_success } => {
            AuthResult::Failure { remaining_methods, partial_success }
        }
        Answer::InfoRequest { .. } => {
            AuthResult::Failure { remaining_methods: MethodSet::empty(), partial_success: false }
        }
    })
}

fn is_of(identity: &Identity, held: &AgentIdentity) -> bool {
    let held = match held {
        AgentIdentity::PublicKey { key, .. } => key.key_data(),
        AgentIdentity::Certificate { certificate, .. } => certificate.public_key(),
    };
    identity.public.as_ref().is_some_and(|public| public.key_data() == held)
}
