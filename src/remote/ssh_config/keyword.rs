//! The keywords of `ssh_config(5)`.

/// Keywords whose values are used. Several values of the first two add up.
const USED: &[&str] = &[
    "certificatefile",
    "identityfile",
    "addressfamily",
    "connecttimeout",
    "globalknownhostsfile",
    "hashknownhosts",
    "hostkeyalgorithms",
    "hostkeyalias",
    "hostname",
    "identitiesonly",
    "identityagent",
    "kbdinteractiveauthentication",
    "passwordauthentication",
    "port",
    "preferredauthentications",
    "proxycommand",
    "proxyjump",
    "pubkeyauthentication",
    "serveralivecountmax",
    "serveraliveinterval",
    "stricthostkeychecking",
    "tag",
    "user",
    "userknownhostsfile",
];

/// Keywords that OpenSSH knows and that change nothing here: forwarding, terminals, sharing of
/// connections, choices of algorithms that russh makes.
const PASSED_OVER: &[&str] = &[
    "addkeystoagent",
    "afstokenpassing",
    "applemultipath",
    "batchmode",
    "bindaddress",
    "bindinterface",
    "canonicaldomains",
    "canonicalizefallbacklocal",
    "canonicalizemaxdots",
    "canonicalizepermittedcnames",
    "casignaturealgorithms",
    "challengeresponseauthentication",
    "channeltimeout",
    "checkhostip",
    "cipher",
    "ciphers",
    "clearallforwardings",
    "compression",
    "compressionlevel",
    "connectionattempts",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "dsaauthentication",
    "dynamicforward",
    "enableescapecommandline",
    "enablesshkeysign",
    "escapechar",
    "exitonforwardfailure",
    "fallbacktorsh",
    "fingerprinthash",
    "forkafterauthentication",
    "forwardagent",
    "forwardx11",
    "forwardx11timeout",
    "forwardx11trusted",
    "gatewayports",
    "gssapiauthentication",
    "gssapidelegatecredentials",
    "hostbasedacceptedalgorithms",
    "hostbasedauthentication",
    "hostbasedkeytypes",
    "ignoreunknown",
    "ipqos",
    "kbdinteractivedevices",
    "kexalgorithms",
    "keychaintype",
    "knownhostscommand",
    "localcommand",
    "localforward",
    "loglevel",
    "logverbose",
    "macs",
    "nohostauthenticationforlocalhost",
    "numberofpasswordprompts",
    "obscurekeystroketiming",
    "permitlocalcommand",
    "permitremoteopen",
    "pkcs11provider",
    "protocol",
    "pubkeyacceptedalgorithms",
    "pubkeyacceptedkeytypes",
    "refuseconnection",
    "rekeylimit",
    "remotecommand",
    "remoteforward",
    "requesttty",
    "requiredrsasize",
    "rhostsauthentication",
    "rhostsrsaauthentication",
    "rsaauthentication",
    "securitykeyprovider",
    "sendenv",
    "sessiontype",
    "setenv",
    "skeyauthentication",
    "smartcarddevice",
    "stdinnull",
    "streamlocalbindmask",
    "streamlocalbindunlink",
    "syslogfacility",
    "tcpkeepalive",
    "tisauthentication",
    "tunnel",
    "tunneldevice",
    "updatehostkeys",
    "useblacklistedkeys",
    "usekeychain",
    "useprivilegedport",
    "useroaming",
    "usersh",
    "verifyhostkeydns",
    "versionaddendum",
    "visualhostkey",
    "warnweakcrypto",
    "xauthlocation",
    // Debian's patches.
    "gssapiclientidentity",
    "gssapikeyexchange",
    "gssapikexalgorithms",
    "gssapirenewalforcesrekey",
    "gssapiserveridentity",
    "gssapitrustdns",
    "protocolkeepalives",
    "setuptimeout",
];

/// Settings that change which host is reached, how, or which keys are refused: going on without
/// them would be wrong in silence.
pub(super) const NOT_FOLLOWED: [&str; 3] =
    ["canonicalizehostname", "proxyusefdpass", "revokedhostkeys"];

/// What a keyword is to us.
pub(super) enum Keyword {
    Used(&'static str),
    PassedOver,
    Unknown,
}

/// Sorts a keyword, which is in lower case.
pub(super) fn sort(keyword: &str) -> Keyword {
    let keyword = match keyword {
        "keepalive" => "tcpkeepalive",
        "hostkeyalgorithm" => return Keyword::Unknown,
        other => other,
    };
    if let Some(used) = USED.iter().chain(&NOT_FOLLOWED).find(|used| **used == keyword) {
        Keyword::Used(used)
    } else if PASSED_OVER.contains(&keyword) {
        Keyword::PassedOver
    } else {
        Keyword::Unknown
    }
}

/// Whether further values are added to the first one.
pub(super) fn adds_up(keyword: &str) -> bool {
    USED[..2].contains(&keyword)
}

/// Whether the value is the rest of the line as it stands.
pub(super) fn takes_the_line(keyword: &str) -> bool {
    matches!(keyword, "proxycommand" | "localcommand" | "remotecommand" | "knownhostscommand")
}
