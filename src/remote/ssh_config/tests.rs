//! Configurations resolved by us and by `ssh -G`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::remote::skipped::skipped;

/// Configurations and the hosts that are asked for.
const CASES: &[(&str, &[&str])] = &[
    ("Host a\n Port 1\nHost *\n Port 2\n User all", &["a", "b"]),
    ("port=22\nHost a b*\n\tHostName = %h.example.org\n  user \"with blank\"", &["a", "bcd", "c"]),
    ("Host * !web*\n Port 1000\nHost web?\n Port 2000", &["x", "web1", "web12"]),
    ("HOST A\n PORT 7\nhost a\n port 8", &["a", "A"]),
    ("Host a\n HostName b\nHost b\n Port 5\nMatch host b\n Port 6", &["a", "b"]),
    (
        "Match originalhost a\n HostName z\nMatch host z\n User zu\nMatch user zu\n Port 44",
        &["a", "z"],
    ),
    ("Match all\n Port 3", &["a"]),
    (
        "Match exec \"test %n = a\"\n Port 3\nMatch !exec true\n Port 4\nMatch exec \"exit 1\"\n Port 5",
        &["a", "b"],
    ),
    (
        "Host a\n HostName b.c\nMatch final host b.c\n Port 9\nMatch final all\n User f",
        &["a", "b.c", "d"],
    ),
    ("Host n\n HostName m\nHost m\n Port 71\nMatch final\n User q", &["n", "m"]),
    ("Match localuser nobody-such\n Port 3\nMatch !localuser nobody-such\n Port 4", &["a"]),
    ("Match !host a,b* user *\n Port 3", &["a", "bb", "c"]),
    (
        "IdentityFile ~/one\nHost a\n IdentityFile /two # comment\n IdentityFile ~/one\nHost *\n IdentityFile three",
        &["a", "b"],
    ),
    ("IdentitiesOnly yes\nIdentitiesOnly no\nCertificateFile ~/c\nIdentityAgent none", &["a"]),
    (
        "UserKnownHostsFile /a \"/b c\" \nGlobalKnownHostsFile /g\nHashKnownHosts yes\nStrictHostKeyChecking accept-new",
        &["a"],
    ),
    ("StrictHostKeyChecking no\nHostKeyAlias alias\nAddressFamily inet6", &["a"]),
    (
        "StrictHostKeyChecking yes\nServerAliveInterval 1m30s\nServerAliveCountMax 5\nConnectTimeout 12",
        &["a"],
    ),
    ("ProxyJump u@j:2222,k\nProxyCommand nc %h %p", &["a"]),
    ("ProxyCommand nc -X connect  \"%h\" %p\nProxyJump j", &["a"]),
    ("Host a\n ProxyJump none\nHost *\n ProxyJump j", &["a", "b"]),
    ("Host a\n Include sub/*.conf\nHost *\n Port 99", &["a", "b"]),
    ("Include sub/one.conf\nInclude sub/missing*.conf\nUser last", &["a", "inner", "b"]),
    (
        "ControlMaster auto\nControlPersist 60s\nForwardAgent yes\nLogLevel ERROR\nSendEnv LANG LC_*",
        &["a"],
    ),
    ("CanonicalizeHostname no\nCanonicalizeHostname always\nPort 6", &["a"]),
    ("IgnoreUnknown Foo*,bar\nFooBar 1\nBar 2\nPort 3", &["a"]),
    (
        "PreferredAuthentications publickey,password\nPubkeyAuthentication no\nPasswordAuthentication no",
        &["a"],
    ),
    ("Port 1\r\nHost a\r\n User crlf\r\n", &["a"]),
];

const SUB: &[(&str, &str)] = &[
    ("one.conf", "Host inner\n Port 31\nHost *\n Compression yes"),
    ("two.conf", "Port 32\nUser two"),
];

/// Those that `-G` prints and we use, apart from what it derives in its own way.
const COMPARED: &[&str] = &[
    "addressfamily",
    "certificatefile",
    "connecttimeout",
    "globalknownhostsfile",
    "hashknownhosts",
    "hostkeyalias",
    "identitiesonly",
    "identityagent",
    "identityfile",
    "passwordauthentication",
    "port",
    "preferredauthentications",
    "proxycommand",
    "proxyjump",
    "pubkeyauthentication",
    "serveralivecountmax",
    "serveraliveinterval",
    "stricthostkeychecking",
    "user",
    "userknownhostsfile",
];

type Values = BTreeMap<String, Vec<String>>;

fn theirs(file: &str, host: &str) -> Option<Values> {
    let output = Command::new("ssh").args(["-G", "-F", file, host]).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut values = Values::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
        values.entry(keyword.to_owned()).or_default().push(value.to_owned());
    }
    Some(values)
}

fn resolved(layers: &[Layer], host: &str) -> Result<Resolved, ConfigError> {
    let tokens = Tokens { name: host.into(), host: host.into(), port: 22, ..Tokens::default() };
    let user = Command::new("id").arg("-un").output().unwrap().stdout;
    let user = String::from_utf8_lossy(&user);
    #[expect(clippy::disallowed_methods, reason = "ssh reads it, too")]
    let home = std::env::var("HOME").unwrap_or_default();
    let query = Query {
        name: host,
        user: None,
        local_user: user.trim(),
        home: Path::new(&home),
        tokens: &tokens,
        exec: &|command| Command::new("sh").args(["-c", command]).status().unwrap().success(),
    };
    resolve(layers, &query)
}

fn ours(value: &Value, keyword: &str) -> String {
    let text = value.words.join(" ");
    match (keyword, text.as_str()) {
        ("stricthostkeychecking", "yes") => "true".into(),
        ("stricthostkeychecking" | "pubkeyauthentication", "no") => "false".into(),
        ("serveraliveinterval" | "connecttimeout", _) => {
            value.duration().unwrap().as_secs().to_string()
        }
        _ => text,
    }
}

#[test]
fn ssh_resolves_to_the_same() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("sub")).unwrap();
    for (name, text) in SUB {
        std::fs::write(directory.path().join("sub").join(name), text).unwrap();
    }
    let file = directory.path().join("config");
    let sub = format!("Include {}/sub", directory.path().display());
    for (text, hosts) in CASES {
        std::fs::write(&file, text.replace("Include sub", &sub)).unwrap();
        for host in *hosts {
            let Some(theirs_set) = theirs(file.to_str().unwrap(), host) else {
                skipped("there is no ssh here");
                return;
            };
            let defaults = theirs("/dev/null", host).unwrap();
            let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&file).unwrap());
            let found = resolved(&[Layer::User(file.clone(), uid)], host).unwrap();
            assert_eq!(
                theirs_set["hostname"][0],
                found.host(host).unwrap().to_lowercase(),
                "{text}: {host}"
            );
            for keyword in COMPARED {
                let mine: Vec<String> =
                    found.all(keyword).iter().map(|value| ours(value, keyword)).collect();
                let none = mine.is_empty() || mine == ["none"];
                let mine = if none { defaults.get(*keyword).cloned() } else { Some(mine) };
                let same = mine.as_ref() == theirs_set.get(*keyword)
                    || none && theirs_set.get(*keyword).is_none_or(|value| value == &["none"]);
                assert!(
                    same,
                    "{text}: {host}: {keyword}: {mine:?}, ssh {:?}",
                    theirs_set.get(*keyword)
                );
            }
        }
    }
}

/// As `ssh -G` of OpenSSH 9.4 and later has it; older ones do not know the keyword.
#[test]
fn a_tag_is_matched_once_it_is_set() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    let text = "Match tagged work\n Port 1\nHost a\n Tag work\nMatch tagged work,other\n Port 2\n\
                Match tagged \"\"\n Port 3\nTag late";
    std::fs::write(&file, text).unwrap();
    let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&file).unwrap());
    let port = |host| {
        let found = resolved(&[Layer::User(file.clone(), uid)], host).unwrap();
        found.get("port").unwrap().first().to_owned()
    };
    assert_eq!((port("a"), port("b")), ("2".to_owned(), "3".to_owned()));
}

#[test]
fn errors_say_where() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    let uid = || std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&file).unwrap());
    let error = |text: &str| {
        std::fs::write(&file, text).unwrap();
        resolved(&[Layer::User(file.clone(), uid())], "a").unwrap_err().to_string()
    };
    for (text, line, why) in [
        ("\n# c\nProt 22", 3, "`prot` is no keyword"),
        ("User \"open", 1, "quote"),
        ("Host a\n Port", 2, "needs a value"),
        ("Match hots a", 1, "`match hots`"),
        ("Match all host a", 1, "stands alone"),
        ("Host b\n RevokedHostKeys /x\nHost a\n RevokedHostKeys /y", 4, "cannot be followed"),
        ("RevokedHostKeys none\nCanonicalizeHostname yes", 2, "cannot be followed"),
        ("Match exec %z", 1, "`%z`"),
        (
            "Match host b localnetwork 10.0.0.0/8\nMatch localnetwork 10.0.0.0/8",
            2,
            "cannot be followed",
        ),
        ("Include config", 1, "too many"),
    ] {
        let text = text.replace("Include config", &format!("Include {}", file.display()));
        let said = error(&text);
        assert!(said.contains(&format!("config:{line}: ")) && said.contains(why), "{text}: {said}");
    }
    assert!(resolved(&[Layer::System(directory.path().into())], "a").is_err());
    std::fs::write(&file, "Port 1").unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    std::fs::set_permissions(&file, open).unwrap();
    assert!(
        resolved(&[Layer::User(file.clone(), uid())], "a")
            .unwrap_err()
            .to_string()
            .contains("chmod")
    );
}
