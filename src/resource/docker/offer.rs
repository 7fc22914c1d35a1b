//! What registries have under names, asked before anything is pulled.
//!
//! Manifests are those of the OCI image specification, 1.1: an index names a manifest for each
//! platform, a manifest names layers with their sizes as they are sent.

use serde_json::Value as Json;

use crate::remote::{Output, Script};

use super::super::host::{Host, Suspend};
use super::super::probe::{answers, base64_field};
use super::super::query::{Query, State};

/// Asks a registry for the manifest of one image, with the host's own program and logins.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Offer {
    /// With its tag or digest.
    pub image: String,
}

/// What a registry answered; nothing if it did not within ten seconds, or nobody can ask it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OfferState {
    /// The digest of the manifest: `sha256:…`.
    pub digest: Option<String>,
    /// The manifest, or the index of several.
    pub manifest: Json,
}

/// An image that can be pulled, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offered {
    /// The digest that a pull would bring.
    pub digest: Option<String>,
    /// The bytes of its layers as they are sent.
    pub size: Option<u64>,
}

impl State for OfferState {}

/// Buildx keeps notes of its own, which are not to stay on the host.
const BEGIN: &str = r#"umask 077
mx_folder=$(mktemp -d /run/mxprov-offer-XXXXXXXX 2>/dev/null) || mx_folder=$(mktemp -d "${XDG_RUNTIME_DIR:-/dev/shm}/mxprov-offer-XXXXXXXX") || exit 3
trap 'rm -rf -- "$mx_folder"' EXIT
trap 'exit 1' HUP INT TERM
export BUILDX_CONFIG="$mx_folder/buildx"
mx_offer() {
  timeout 10 docker buildx imagetools inspect --raw -- "$2" >"$mx_folder/$1" 2>/dev/null || return
  sha256sum <"$mx_folder/$1" | cut -d ' ' -f 1 >"$mx_folder/$1.digest"
}"#;

impl Query for Offer {
    type State = OfferState;

    /// All at once, so that one that does not answer holds up nobody else.
    fn script(queries: &[&Self]) -> Script {
        let mut ask = Script::new();
        ask.line(BEGIN);
        for (index, query) in queries.iter().enumerate() {
            ask.assign("mx_index", index.to_string()).assign("mx_image", query.image.as_str());
            ask.line(r#"mx_offer "$mx_index" "$mx_image" &"#);
        }
        ask.line("wait");
        for index in 0..queries.len() {
            ask.assign("mx_index", index.to_string());
            ask.line(r#"[ ! -s "$mx_folder/$mx_index.digest" ] || { cat "$mx_folder/$mx_index.digest"; base64 "$mx_folder/$mx_index"; }"#);
            ask.line(r"printf '\n\036%s\n' 0");
        }
        let mut script = Script::new();
        script.subshell(&ask);
        script
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<OfferState, String>> {
        let all = answers(output, queries.len()).into_iter();
        all.map(|answer| Ok(answer.ok().and_then(|(_, text)| read(&text)).unwrap_or_default()))
            .collect()
    }
}

fn read(text: &str) -> Option<OfferState> {
    let (digest, rest) = text.trim_start().split_once('\n')?;
    let bytes = base64_field(rest).ok()?;
    let manifest = serde_json::from_slice(&bytes).ok()?;
    Some(OfferState { digest: Some(format!("sha256:{digest}")), manifest })
}

impl OfferState {
    /// The bytes of the layers; none for an index.
    fn size(&self) -> Option<u64> {
        let layers = self.manifest["layers"].as_array()?;
        let sizes = layers.iter().chain([&self.manifest["config"]]);
        Some(sizes.filter_map(|one| one["size"].as_u64()).sum())
    }

    /// The digest of the manifest for `linux/amd64` or the like in an index.
    fn of_platform(&self, platform: &str) -> Option<&str> {
        let (os, architecture) = platform.split_once('/')?;
        let all = self.manifest["manifests"].as_array()?;
        let fits = |one: &&Json| {
            one["platform"]["os"] == os && one["platform"]["architecture"] == architecture
        };
        all.iter().find(fits).and_then(|one| one["digest"].as_str())
    }
}

/// The name without tag and digest.
pub fn repository(name: &str) -> &str {
    let name = name.split('@').next().unwrap_or(name);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

impl Host<'_> {
    /// What registries have for these names on this platform, in their order: nothing is pulled,
    /// and what no registry tells stays open.
    pub fn offers(&self, names: &[String], platform: &str) -> Result<Vec<Offered>, Suspend> {
        let ask = |image: &String| Offer { image: image.clone() };
        let first = self.states(names.iter().map(ask).collect())?;
        let within = names.iter().zip(&first).map(|(name, state)| {
            let digest = state.of_platform(platform)?;
            Some(format!("{}@{digest}", repository(name)))
        });
        let within: Vec<Option<String>> = within.collect();
        let mut second = self.states(within.iter().flatten().map(ask).collect())?.into_iter();
        let all = first.iter().zip(&within);
        Ok(all
            .map(|(state, within)| {
                let inner = within.as_ref().and_then(|_| second.next());
                let size = inner.map_or_else(|| state.size(), |inner| inner.size());
                Offered { digest: state.digest.clone(), size }
            })
            .collect())
    }
}

/// ` (41 MB)`; nothing where it is not known.
pub fn in_brackets(size: Option<u64>) -> String {
    match size {
        None => String::new(),
        Some(size) if size < 1_000_000 => format!(" ({} kB)", size.div_ceil(1000)),
        Some(size) => format!(" ({} MB)", (size + 500_000) / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_with_its_sizes() {
        use base64::Engine as _;
        let manifest =
            r#"{"config": {"size": 400}, "layers": [{"size": 40000000}, {"size": 600600}]}"#;
        let packed = base64::engine::general_purpose::STANDARD.encode(manifest);
        let output = Output {
            stdout: format!("ab12\n{packed}\n\n\u{1e}0\n\n\u{1e}0\n").into(),
            ..Output::default()
        };
        let one = Offer { image: "a:1".into() };
        let all: Vec<OfferState> =
            Offer::parse(&[&one, &one], &output).into_iter().map(|it| it.expect("told")).collect();
        assert_eq!(all[0].digest.as_deref(), Some("sha256:ab12"));
        assert_eq!(in_brackets(all[0].size()), " (41 MB)");
        assert_eq!(all[1], OfferState::default());
        assert_eq!(in_brackets(None), "");
    }

    #[test]
    fn an_index_names_the_manifest_of_a_platform() {
        let manifest = serde_json::json!({"manifests": [
            {"digest": "sha256:1", "platform": {"os": "linux", "architecture": "arm64"}},
            {"digest": "sha256:2", "platform": {"os": "linux", "architecture": "amd64"}},
        ]});
        let index = OfferState { digest: None, manifest };
        assert_eq!(index.of_platform("linux/amd64"), Some("sha256:2"));
        assert_eq!(index.of_platform("linux/riscv64"), None);
        assert_eq!(index.size(), None);
    }

    #[test]
    fn a_repository_has_neither_tag_nor_digest() {
        assert_eq!(repository("docker.io/library/redis:7"), "docker.io/library/redis");
        assert_eq!(repository("127.0.0.1:5000/box"), "127.0.0.1:5000/box");
        assert_eq!(repository("127.0.0.1:5000/box:1@sha256:12"), "127.0.0.1:5000/box");
    }
}
