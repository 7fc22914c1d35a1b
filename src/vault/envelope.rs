//! The text form of a vault: a header, then hexadecimal lines.

/// Length of a line of hexadecimal digits.
const WIDTH: usize = 80;

/// The parts of an encrypted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The salt of the keys.
    pub salt: Vec<u8>,
    /// The HMAC over the encrypted bytes.
    pub mac: Vec<u8>,
    /// The encrypted bytes.
    pub encrypted: Vec<u8>,
}

/// An envelope: whose password it wants, and what is inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The vault id of a 1.2 envelope.
    pub label: Option<String>,
    /// What is inside.
    pub sealed: Sealed,
}

/// Why a text is no envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It does not start with `$ANSIBLE_VAULT`.
    #[error("it does not start with `$ANSIBLE_VAULT;`")]
    NoHeader,
    /// A version other than 1.1 and 1.2.
    #[error("its version `{0}` is not 1.1 or 1.2")]
    Version(String),
    /// A cipher other than AES256.
    #[error("its cipher `{0}` is not AES256")]
    Cipher(String),
    /// Something in the lines is no hexadecimal number, or one is cut off. The line is from 1.
    #[error("line {0} of it is not hexadecimal; it may be cut or edited by hand")]
    Hex(usize),
    /// The three parts are not there.
    #[error("it is cut off")]
    Short,
}

impl Envelope {
    /// Reads an envelope; blanks around its lines do not count.
    pub fn parse(text: &str) -> Result<Self, EnvelopeError> {
        let mut lines = text.trim().lines().map(str::trim);
        let header: Vec<&str> =
            lines.next().unwrap_or_default().split(';').map(str::trim).collect();
        let [magic, version, cipher, label @ ..] = header.as_slice() else {
            return Err(EnvelopeError::NoHeader);
        };
        if *magic != "$ANSIBLE_VAULT" {
            return Err(EnvelopeError::NoHeader);
        }
        if !matches!(*version, "1.1" | "1.2") {
            return Err(EnvelopeError::Version((*version).to_string()));
        }
        if *cipher != "AES256" {
            return Err(EnvelopeError::Cipher((*cipher).to_string()));
        }
        let mut inner = Vec::new();
        for (index, line) in lines.enumerate() {
            inner.extend(unhex(line.as_bytes()).ok_or(EnvelopeError::Hex(index + 2))?);
        }
        let label = label.first().filter(|label| !label.is_empty()).map(ToString::to_string);
        Ok(Self { label, sealed: parts(&inner)? })
    }

    /// The text of the envelope, with a newline at its end.
    pub fn to_text(&self) -> String {
        let mut out = match &self.label {
            Some(label) => format!("$ANSIBLE_VAULT;1.2;AES256;{label}\n"),
            None => "$ANSIBLE_VAULT;1.1;AES256\n".to_string(),
        };
        let Sealed { salt, mac, encrypted } = &self.sealed;
        let inner = format!("{}\n{}\n{}", hex(salt), hex(mac), hex(encrypted));
        let outer = hex(inner.as_bytes());
        for line in outer.as_bytes().chunks(WIDTH) {
            out.push_str(&String::from_utf8_lossy(line));
            out.push('\n');
        }
        out
    }
}

fn parts(inner: &[u8]) -> Result<Sealed, EnvelopeError> {
    let mut parts = inner.split(|byte| *byte == b'\n').map(|part| unhex(part.trim_ascii()));
    let mut next =
        || parts.next().flatten().filter(|part| !part.is_empty()).ok_or(EnvelopeError::Short);
    Ok(Sealed { salt: next()?, mac: next()?, encrypted: next()? })
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| Some(digit(&pair[0])? << 4 | digit(&pair[1])?)).collect()
}
