//! Vaults that real Ansible made, and ours that it can open.

use std::path::PathBuf;
use std::process::Command;

use proptest::prelude::*;

use super::*;

/// Made with `ansible-vault encrypt_string` 2.19: the label `a`, the password `pw1`.
const LABELLED: &str = "$ANSIBLE_VAULT;1.2;AES256;a
65356235386363613634313732323031663631323133373263353762313161613930653239633765
6462396462383465366634643336383735303337366136320a353663653230633438613661633164
32643762346537373737663333393636396366336638333866653061396338306663303634656666
6261653935613466300a636432616637656333386535626665623835623931333430626638333730
31393436343939636433363264323034646139373930383565306132623932653932
";

/// Made the same way without a label, the password `pw2`.
const PLAIN: &str = "$ANSIBLE_VAULT;1.1;AES256
61323962653934313631633565323133653739613738666536626430636336656561303730373565
3064393535373365653336343133303164323437333436390a353533636439623033653033323262
39373962663733363130333763666636376663623631393530613139663433353436356365353738
3561313939323238310a653534633863373830633730636635626233343735393461336239613566
3736
";

fn vault(passwords: &[(&str, &str)]) -> Vault {
    let mut all = Passwords::new();
    for (id, password) in passwords {
        all.add_text(id, password, "test").unwrap();
    }
    Vault::new(all, Redactor::new())
}

#[test]
fn vaults_of_ansible_open() {
    let vault = vault(&[("default", "pw2\n"), ("a", "pw1")]);
    assert_eq!(vault.open_text(LABELLED).unwrap().as_str(), "{{ 1 + 1 }} täst");
    assert_eq!(vault.open_text(PLAIN).unwrap().as_str(), "plain secret");
    assert_eq!(vault.redactor.mask("a plain secret!"), format!("a {}!", crate::value::MASK));
    assert_eq!(vault.keys.lock().unwrap().len(), 2, "the label's password was tried first");
}

#[test]
fn a_decrypted_value_is_secret_data() {
    let source = Source::new("v.yml", LABELLED);
    let encrypted = Encrypted::new(LABELLED, Some(Span::new(&source, 0, 5)));
    let text = vault(&[("x", "pw1")]).decrypt(&encrypted).unwrap();
    assert!(text.is_secret() && !text.is_template());
    assert_eq!(text.origin().unwrap().to_string(), "v.yml:1:1");
    assert!(encrypted.plain.get().is_some());
}

#[test]
fn a_wrong_password_names_the_place_and_the_ids() {
    let source = Source::new("v.yml", LABELLED);
    let encrypted = Encrypted::new(LABELLED, Some(Span::new(&source, 0, 5)));
    let told = |passwords: &[(&str, &str)]| {
        let problem = vault(passwords).decrypt(&encrypted).unwrap_err();
        format!("{problem} | {}", problem.hints.join(" | "))
    };
    assert_eq!(
        told(&[("default", "x"), ("prod", "y")]),
        "v.yml:1:1: no vault password that was given fits (tried `default` or `prod`) | it was made with the id `a`: give `--vault-id a@FILE`"
    );
    assert_eq!(
        told(&[("a", "x")]),
        "v.yml:1:1: no vault password that was given fits (tried `a`) | check the password, or whether the text was cut or changed"
    );
    assert_eq!(
        told(&[]),
        "v.yml:1:1: this is vaulted, and no vault password was given | give one with `--vault-password-file` or `--ask-vault-pass`"
    );
}

#[test]
fn broken_envelopes_say_what_is_broken() {
    let told = |text: &str| vault(&[("default", "pw2")]).open(text).unwrap_err().to_string();
    for (text, expected) in [
        ("hello", "it does not start with `$ANSIBLE_VAULT;`"),
        ("$ANSIBLE_VAULT;2.0;AES256\n31", "its version `2.0` is not 1.1 or 1.2"),
        ("$ANSIBLE_VAULT;1.1;AES\n31", "its cipher `AES` is not AES256"),
        (
            "$ANSIBLE_VAULT;1.1;AES256\n31\n3z",
            "line 3 of it is not hexadecimal; it may be cut or edited by hand",
        ),
        (
            "$ANSIBLE_VAULT;1.1;AES256\n313",
            "line 2 of it is not hexadecimal; it may be cut or edited by hand",
        ),
        ("$ANSIBLE_VAULT;1.1;AES256\n3131", "it is cut off"),
        ("$ANSIBLE_VAULT;1.1;AES256\n", "it is cut off"),
    ] {
        assert_eq!(told(text), format!("this is not a vault that can be read: {expected}"));
    }
    let changed = PLAIN.replace("\n3736\n", "\n3737\n");
    assert!(told(&changed).starts_with("no vault password that was given fits"));
}

#[test]
fn what_is_sealed_opens_again_and_with_a_new_password() {
    let old = vault(&[("default", "one")]);
    let new = vault(&[("prod", "two"), ("b", "three")]);
    for clear in [&b""[..], b"x", b"exactly sixteen!", &[0, 255, 10, 128]] {
        let text = old.seal(clear, None).unwrap();
        assert!(text.starts_with("$ANSIBLE_VAULT;1.1;AES256\n"));
        assert_eq!(old.open(&text).unwrap().as_slice(), clear);
        let again = old.rekey(&text, &new, Some("b")).unwrap();
        assert!(again.starts_with("$ANSIBLE_VAULT;1.2;AES256;b\n"));
        assert_eq!(new.open(&again).unwrap().as_slice(), clear);
        assert!(old.open(&again).is_err());
    }
    let unknown = new.seal(b"x", Some("c")).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no vault password with the id `c`");
}

#[test]
fn a_vaulted_value_in_yaml_is_read_back() {
    let vault = vault(&[("default", "one")]);
    let text = as_yaml(Some("key"), &vault.seal("geheim".as_bytes(), None).unwrap());
    let node = parse_one(&Source::new("v.yml", text)).unwrap();
    let encrypted = node.entry("key").unwrap().1.encrypted().unwrap();
    assert_eq!(vault.decrypt(encrypted).unwrap().as_str(), "geheim");
}

#[test]
fn of_a_vaulted_file_the_values_are_masked_and_the_keys_are_not() {
    let vault = vault(&[("default", "one")]);
    let text =
        vault.seal(b"users:\n  - name: hunter22\n    pin: 123456\n    port: 8080\n", None).unwrap();
    let (_, sealed) = vault.open_file("v.yml", text.into_bytes()).unwrap();
    assert!(sealed);
    let mask = crate::value::MASK;
    assert_eq!(
        vault.redactor.mask("users: hunter22 123456 8080"),
        format!("users: {mask} {mask} 8080")
    );
    assert_eq!(vault.open_file("x", b"plain".to_vec()).unwrap(), (b"plain".to_vec(), false));
}

/// `ansible-vault`, where the machine has it on its PATH.
fn ansible_vault() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("ansible-vault"))
        .find(|tool| tool.exists())
}

#[test]
fn real_ansible_opens_what_we_seal() {
    let Some(tool) = ansible_vault() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pw"), "one\n").unwrap();
    for (id, clear) in [("default", "a text\n"), ("prod", "ünï")] {
        let text = vault(&[(id, "one")]).seal(clear.as_bytes(), None).unwrap();
        std::fs::write(folder.path().join("sealed"), text).unwrap();
        let output = Command::new(&tool)
            .args(["view", "--vault-id", &format!("{id}@pw"), "sealed"])
            .env("PAGER", "cat")
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), clear.trim_end());
    }
}

proptest! {
    #[test]
    fn any_envelope_is_read_or_refused(text in prop_oneof!["(\\$ANSIBLE_VAULT;|1\\.1;|AES256|\n|3[0-9a]|é){0,12}", any::<String>()]) {
        let _ = Envelope::parse(&text);
    }
}
