//! Logs of ours before a judge that is not: Go's checksum-database code (tests/judges/go), built by `./test`.

use std::path::Path;
use std::process::Command;

use crate::ledger::{CHANGES, House};

/// What the judge says of a folder, under one key a line; `kept` is a checkpoint that was kept.
fn judge(folder: &Path, keys: &str, kept: Option<&Path>) -> Result<String, String> {
    let program = std::env::var_os("LOG_JUDGE").expect("LOG_JUDGE names the judge; ./test builds it");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), keys).unwrap();
    let said = Command::new(program).arg(folder).arg(file.path()).args(kept).output().unwrap();
    let words = String::from_utf8(said.stdout).unwrap().trim_end().to_owned();
    if said.status.success() { Ok(words) } else { Err(words) }
}

#[tokio::test]
async fn a_stranger_s_program_judges_our_logs_as_we_do() {
    let house = House::with(250).await;
    let whole = house.export().await;
    let keys = whole.text("vkey");
    let (own, common) = keys.trim_end().split_once('\n').unwrap();
    let size = whole.text("checkpoint").lines().nth(1).unwrap().to_owned();
    assert_eq!(judge(whole.dir.path(), own, None), Ok(format!("ok size={size}")));
    let deployment = whole.path("deployment");
    assert!(judge(&deployment, common, None).unwrap().starts_with("ok size="));
    assert!(judge(whole.dir.path(), common, None).is_err(), "another log's key");
    // It sees every change of what it looks at: tiles, entries and checkpoint.
    let mut seen = 0;
    for (what, change) in CHANGES {
        let copy = whole.copied();
        change(&copy);
        let is_of_the_log = ["tile", "checkpoint"].iter().any(|part| differs(&whole.path(part), &copy.path(part)));
        let verdict = judge(copy.dir.path(), own, None);
        assert_eq!(verdict.is_err(), is_of_the_log, "{what}: {verdict:?}");
        seen += usize::from(is_of_the_log);
    }
    assert!(seen >= 10, "{seen} changes are of the log itself");
    // A genuine older state, before one that was kept.
    house.submit(1).await;
    house.tick().await;
    let later = house.export().await;
    let refused = judge(whole.dir.path(), own, Some(&later.path("checkpoint"))).unwrap_err();
    assert!(!refused.is_empty());
}

fn differs(one: &Path, other: &Path) -> bool {
    let status = Command::new("diff").arg("-rq").arg(one).arg(other).output().unwrap().status;
    !status.success()
}
