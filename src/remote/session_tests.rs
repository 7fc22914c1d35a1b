//! The session over real shells of this machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;

/// A shell over `sh`, each shell of this machine once.
async fn shells() -> Vec<Shell> {
    let mut shells = Vec::new();
    for wrapper in ["dash", "bash", "busybox"] {
        let found = std::process::Command::new(wrapper).args(["-c", ":"]).output();
        if wrapper != "busybox" && found.is_err() {
            continue;
        }
        let hello = nonce::nonce();
        let command = bootstrap::command(&hello);
        let command = match wrapper {
            "busybox" if found.is_err() => continue,
            // Its own applets also stand in for coreutils.
            "busybox" => command.replacen("sh -c", "exec busybox sh -c", 1),
            other => command.replacen("sh -c", &["exec ", other, " -c"].concat(), 1),
        };
        let command =
            if wrapper == "busybox" { command.replace("dd bs", "busybox dd bs") } else { command };
        let pipes = local::start(&command).unwrap();
        shells.push(Shell::open(wrapper, pipes, hello, Arc::new(Deaf)).await.unwrap());
    }
    assert!(!shells.is_empty());
    shells
}

async fn run(shell: &Shell, parts: &[&'static str], on_failure: OnFailure) -> Vec<(usize, Output)> {
    let parts: Vec<Script> = parts.iter().map(|text| Script::new().line(text).clone()).collect();
    let mut results = Vec::new();
    shell
        .run(&parts, on_failure, &mut |index, output| results.push((index, output)))
        .await
        .unwrap();
    results
}

async fn outputs(shell: &Shell, parts: &[&'static str]) -> Vec<(i32, String, String)> {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    run(shell, parts, OnFailure::Continue)
        .await
        .into_iter()
        .map(|(_, output)| (output.status, text(output.stdout), text(output.stderr)))
        .collect()
}

#[tokio::test]
async fn any_login_shell_starts_the_session() {
    for program in ["dash", "bash", "zsh", "fish", "tcsh", "ksh"] {
        let hello = nonce::nonce();
        let command = [program, " -c ", &quote(&bootstrap::command(&hello))].concat();
        if std::process::Command::new(program).args(["-c", "true"]).output().is_err() {
            eprintln!("skipped: there is no {program} here");
            continue;
        }
        let pipes = local::start(&command).unwrap();
        let shell = Shell::open(program, pipes, hello, Arc::new(Deaf)).await.unwrap();
        assert_eq!(outputs(&shell, &["echo 'it'; exit 3"]).await[0].1, "it\n", "{program}");
    }
}

#[tokio::test]
async fn streams_and_status_belong_to_their_part() {
    for shell in shells().await {
        let found = outputs(&shell, &["echo a; echo b >&2; exit 3", "printf c", "", "exit"]).await;
        let expected = [(3, "a\n", "b\n"), (0, "c", ""), (0, "", ""), (0, "", "")];
        let expected = expected.map(|(status, out, err)| (status, out.to_owned(), err.to_owned()));
        assert_eq!(found, expected, "{}", shell.host());
    }
}

#[tokio::test]
async fn the_first_failure_stops_a_batch_that_says_so() {
    for shell in shells().await {
        let results = run(&shell, &["true", "false", "echo no"], OnFailure::Stop).await;
        assert_eq!(results.len(), 2);
        assert_eq!(results[1].1.status, 1);
        assert_eq!(outputs(&shell, &["echo on"]).await[0].1, "on\n");
    }
}

#[tokio::test]
async fn a_part_with_broken_syntax_breaks_only_itself() {
    for shell in shells().await {
        for broken in ["echo 'open", "if true; then", "fi", ")", "}", "cat <<E", "a() {", "\"", "`"]
        {
            let found = outputs(&shell, &[broken, "echo fine"]).await;
            assert_eq!(found[1].1, "fine\n", "{}: {broken}", shell.host());
            if broken != "cat <<E" {
                assert_ne!(found[0].0, 0, "{}: {broken}", shell.host());
            }
        }
    }
}

#[tokio::test]
async fn a_part_cannot_reach_the_session() {
    for shell in shells().await {
        let parts = [
            "cat; read line; echo \"<$line>\"",
            "set -u; trap 'echo bye' EXIT; exec 1>&2",
            "mx_end() { :; }; mx_nonce=x; mx_report() { :; }; readonly mx_failed; cd /; umask 000; set -e; false",
            "echo \"[$mx_nonce]\"; exec true",
            "kill -9 $(sh -c 'echo $PPID')",
            "pwd >/dev/null; echo \"$#\"",
        ];
        let found = outputs(&shell, &parts).await;
        assert_eq!(found[0].1, "<>\n");
        assert_eq!(found[1].2, "bye\n");
        assert_eq!(found[2].0, 1);
        assert_eq!(found[3].1, "[]\n");
        assert_eq!(found[4].0, 137);
        assert_eq!(found[5].1, "0\n");
    }
}

#[tokio::test]
async fn a_background_process_does_not_hold_up_the_session() {
    for shell in shells().await {
        let start = Instant::now();
        outputs(&shell, &["sleep 20 & echo started", "echo next"]).await;
        assert!(start.elapsed() < Duration::from_secs(5), "{}", shell.host());
    }
}

#[tokio::test]
async fn a_time_limit_ends_a_part_and_its_children() {
    for shell in shells().await {
        let mut slow = Script::new();
        slow.line("sleep 987 | cat").limit(Duration::from_secs(1));
        let mut input = Script::new();
        input.line("cat; echo done").limit(Duration::from_secs(9));
        let mut statuses = Vec::new();
        let start = Instant::now();
        let parts = [slow, input, Script::of(["echo", "after"])];
        shell
            .run(&parts, OnFailure::Continue, &mut |_, output| {
                statuses.push((output.status, output.stdout));
            })
            .await
            .unwrap();
        assert!(statuses[0].0 == 124 || statuses[0].0 == 143, "{}: {statuses:?}", shell.host());
        assert_eq!(statuses[1], (0, b"done\n".to_vec()));
        assert_eq!(statuses[2], (0, b"after\n".to_vec()));
        assert!(start.elapsed() < Duration::from_secs(8));
    }
}

#[tokio::test]
async fn big_scripts_and_big_outputs_pass() {
    for shell in shells().await {
        let content = "line of text é\n".repeat(40_000);
        let mut script = Script::new();
        script.data("content", content.as_bytes()).line("content");
        let output = shell.run_one(script).await.unwrap();
        assert_eq!(output.stdout.len(), content.len(), "{}", shell.host());
        let mut flood = Script::new();
        flood.line("head -c 40000000 /dev/zero; head -c 3000000 /dev/zero >&2");
        let output = shell.run_one(flood).await.unwrap();
        assert!(output.truncated);
        assert_eq!((output.stdout.len(), output.stderr.len()), (OUTPUT_CAP, 3_000_000));
    }
}

#[tokio::test]
async fn a_session_that_ends_is_lost_never_fine() {
    for shell in shells().await {
        let result = shell.run_one(Script::new().line("kill -9 $$; sleep 5").clone()).await;
        let lost = result.unwrap_err();
        assert!(matches!(lost.cause, LostCause::Killed(_)), "{lost}");
        assert!(shell.is_lost());
        assert!(shell.run_one(Script::of(["true"])).await.is_err());
    }
}

#[tokio::test]
async fn a_dropped_run_leaves_the_session_in_order() {
    for shell in shells().await {
        let slow = [Script::of(["sleep", "1"]), Script::of(["echo", "old"])];
        let mut sink = |_, _| {};
        let run = shell.run(&slow, OnFailure::Stop, &mut sink);
        assert!(tokio::time::timeout(Duration::from_millis(200), run).await.is_err());
        assert_eq!(outputs(&shell, &["echo new"]).await[0].1, "new\n");
    }
}

#[tokio::test]
async fn a_local_connection_has_one_shell_per_user() {
    let target = Target::local("here");
    let env = Env::new("root", "/", "/");
    let connection = Connection::open(&target, &env).await.unwrap();
    let first = connection.shell(&Become::login()).await.unwrap();
    let second = connection.shell(&Become::login()).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    connection.close().await;
    assert!(first.run_one(Script::of(["true"])).await.is_err());
    assert!(connection.shell(&Become::login()).await.is_err());
}

#[tokio::test]
async fn files_go_both_ways_whole() {
    let directory = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..30_000_000_u32).map(|i| (i % 251) as u8).collect();
    for shell in shells().await {
        let path = directory.path().join(shell.host()).display().to_string();
        let size = shell.upload(&path, content.as_slice()).await.unwrap();
        assert_eq!(size, content.len() as u64);
        let mut back = Vec::new();
        assert_eq!(shell.download(&path, &mut back).await.unwrap(), size);
        assert!(back == content);
        let again = shell.upload(&path, &b"x"[..]).await.unwrap_err();
        assert!(again.to_string().contains("exist"), "{again}");
        let missing = shell.download("/nonexistent/a b", tokio::io::sink()).await.unwrap_err();
        assert!(missing.to_string().contains("No such file"), "{missing}");
        assert_eq!(outputs(&shell, &["echo on"]).await[0].1, "on\n");
    }
}

#[tokio::test]
async fn an_upload_that_is_given_up_condemns_the_session() {
    for shell in shells().await {
        let (reader, _writer) = tokio::io::duplex(10);
        let part = Script::of(["cat"]);
        let feed = shell.feed(&part, reader);
        assert!(tokio::time::timeout(Duration::from_millis(200), feed).await.is_err());
        assert!(shell.is_lost());
    }
}

#[tokio::test]
async fn a_part_that_does_not_read_its_data_is_fine() {
    for shell in shells().await {
        let content = vec![b'7'; 3_000_000];
        let mut part = Script::new();
        part.line("head -c 3; exit 4");
        let output = shell.feed(&part, content.as_slice()).await.unwrap();
        assert_eq!((output.status, output.stdout.as_slice()), (4, &b"777"[..]));
        assert_eq!(outputs(&shell, &["echo on"]).await[0].1, "on\n");
    }
}

#[tokio::test]
async fn a_detached_job_outlives_its_shell() {
    let open = || async {
        let connection =
            Connection::open(&Target::local("here"), &Env::new("root", "/", "/")).await;
        let connection = connection.unwrap();
        let shell = connection.shell(&Become::login()).await.unwrap();
        (connection, shell)
    };
    let id = JobId::random();
    let mut script = Script::new();
    script.line("echo one; umask; sleep 2; echo 'two it'\\''s'; echo bad >&2; exit 7");
    let (connection, shell) = open().await;
    let mask = outputs(&shell, &["umask"]).await[0].1.clone();
    shell.detach(&id, "a job", &script).await.unwrap();
    connection.close().await;
    drop(shell);
    let (_connection, shell) = open().await;
    let found = shell.jobs().await.unwrap().into_iter().find(|job| job.id == id).unwrap();
    assert!(found.running && found.label == "a job");
    // A start that is asked for again is the same job.
    shell.detach(&id, "a job", &script).await.unwrap();
    let mut seen = Vec::new();
    let output =
        shell.follow(&id, "a job", &mut |bytes| seen.extend_from_slice(bytes)).await.unwrap();
    assert_eq!((output.status, output.stderr.as_slice()), (7, &b"bad\n"[..]));
    assert_eq!(output.stdout, format!("one\n{mask}two it's\n").as_bytes());
    assert_eq!(seen, output.stdout);
    assert!(shell.jobs().await.unwrap().iter().all(|job| job.id != id));
    let gone = shell.follow(&id, "a job", &mut |_| {}).await.unwrap_err();
    assert!(matches!(gone, JobError::Unknown { .. }));
}

#[tokio::test]
async fn a_killed_job_is_no_result() {
    for shell in shells().await {
        let id = JobId::random();
        let mut script = Script::new();
        script.line("kill -9 $$");
        shell.detach(&id, "j", &script).await.unwrap();
        let error = shell.follow(&id, "j", &mut |_| {}).await.unwrap_err();
        assert!(matches!(error, JobError::Killed { .. }), "{error}");
    }
}

#[tokio::test]
async fn one_run_holds_the_lock_and_the_other_is_told_by_whom() {
    let env = Env::new("root", "/", "/");
    let first = Connection::open(&Target::local("here"), &env).await.unwrap();
    let second = Connection::open(&Target::local("here"), &env).await.unwrap();
    let none = LockWait { others: Duration::ZERO, own: Duration::ZERO };
    let wait = LockWait { others: Duration::from_secs(20), own: Duration::ZERO };
    let who = |who: &str| Holder { who: who.into(), run: who.into(), name: "here".into() };
    let held = first.lock(&Become::login(), &who("ann@desk since noon"), wait).await.unwrap();
    let refused = second.lock(&Become::login(), &who("bob"), none).await.unwrap_err();
    assert!(refused.to_string().contains("by another run: ann@desk since noon;"), "{refused}");
    let same = who("ann@desk since noon");
    let refused = second.lock(&Become::login(), &same, wait).await.unwrap_err();
    assert!(matches!(refused, LockError::Ours { name, .. } if name == "here"));
    assert!(!held.is_lost());
    held.release().await;
    let held = second.lock(&Become::login(), &who("bob"), none).await.unwrap();
    drop(held);
    let held = first.lock(&Become::login(), &who("ann"), wait).await.unwrap();
    held.release().await;
}

#[tokio::test]
async fn secrets_stay_out_of_process_lists_and_environments() {
    let secret = secrecy::SecretString::from("ca".to_owned() + "nary-9f3");
    for shell in shells().await {
        for limit in [None, Some(Duration::from_secs(9))] {
            let mut script = Script::new();
            script.secret_assign("password", &secret).data("content", b"canary-9f3");
            script.line("content >/dev/null");
            script.line("cat /proc/*/cmdline /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c '[c]anary-9f3'");
            script.line("echo \"${#password}\"");
            if let Some(limit) = limit {
                script.limit(limit);
            }
            let output = shell.run_one(script).await.unwrap();
            assert_eq!(output.stdout, b"0\n10\n", "{}", shell.host());
        }
    }
}
