//! Logs of ours before a judge that is not: Go's checksum-database code (tests/judges/go), built by `./test`.

use std::path::Path;
use std::process::Command;

use crate::ledger::{CHANGES, Export, House};
use crate::restored::Installation;

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

/// What was kept is left by a proof: a log that has grown has one, and for a rewritten one there is none, whoever signed it.
#[tokio::test]
async fn a_stranger_s_program_sees_by_proof_that_history_was_rewritten() {
    let house = House::with(250).await;
    let first = house.export().await;
    let keys = first.text("vkey");
    let own = keys.lines().next().unwrap();
    let (kept, note) = (first.path("checkpoint"), first.text("checkpoint"));
    house.submit(20).await;
    house.tick().await;
    let later = house.export().await;
    let unproved = judge(later.dir.path(), own, Some(&kept)).unwrap_err();
    assert!(unproved.contains("consistency."), "the proof is missing: {unproved}");
    let prove = |export: &Export| ledger::consistency::prove(export.dir.path(), &kept, &note).unwrap();
    let grown = prove(&later);
    assert!(grown.holds, "{grown:?}");
    let words = format!("ok size={}", grown.size);
    assert_eq!(judge(later.dir.path(), own, Some(&kept)), Ok(words), "honest growth");
    // Longer than what was kept, signed with the log's own key, whole in itself, and with the best proof that there is.
    let rewritten = house.rewritten().await;
    let proof = prove(&rewritten);
    assert!(!proof.holds && proof.size > proof.kept, "{proof:?}");
    assert_eq!(judge(rewritten.dir.path(), own, None), Ok(format!("ok size={}", proof.size)));
    let refused = judge(rewritten.dir.path(), own, Some(&kept)).unwrap_err();
    assert!(refused.contains(&proof.file.unwrap()), "{refused}");
    // The proof of the other history does not help it.
    std::fs::copy(
        later.path(&grown.file.unwrap()),
        rewritten.path(&format!("consistency.{}-{}", proof.kept, proof.size)),
    )
    .unwrap();
    judge(rewritten.dir.path(), own, Some(&kept)).unwrap_err();
    let ours = rewritten.verify(Some(own), &[note]).unwrap_err();
    assert!(ours.contains("are not those of the kept checkpoint"), "{ours}");
}

/// A log that began anew is a log like any other to a stranger's program.
#[tokio::test]
async fn a_stranger_s_program_judges_a_log_that_began_anew() {
    let place = Installation::new(testkit::OwnCluster::new().await).await;
    place.submit(250).await;
    place.tick().await;
    let early = place.export().await;
    assert_eq!(place.integrator.order_epoch(None).await.unwrap(), 2);
    place.submit(1).await;
    place.tick().await;
    let later = place.export().await;
    let keys = later.text("vkey");
    let lines: Vec<&str> = keys.lines().collect();
    let size = later.text("checkpoint").lines().nth(1).unwrap().to_owned();
    assert!(size.parse::<u64>().unwrap() > 256, "{size}: more than one tile");
    assert_eq!(judge(later.dir.path(), lines[0], None), Ok(format!("ok size={size}")));
    assert!(judge(&later.path("deployment"), lines[1], None).unwrap().starts_with("ok size="));
    judge(later.dir.path(), lines[2], None).unwrap_err();
    // It knows nothing of epochs: a checkpoint of before is of another log to it, and ours says what of it is there.
    judge(later.dir.path(), lines[0], Some(&early.path("checkpoint"))).unwrap_err();
    let verdict = later.verify(Some(&keys), &[early.text("checkpoint")]).unwrap();
    assert_eq!(verdict.kept_earlier[0].lost, 0);
}

fn differs(one: &Path, other: &Path) -> bool {
    let status = Command::new("diff").arg("-rq").arg(one).arg(other).output().unwrap().status;
    !status.success()
}
