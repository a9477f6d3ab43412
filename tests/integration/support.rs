//! What several modules need: golden files, and counting what the superuser sees.

use std::path::Path;

use testkit::TestDb;

/// Compares a text with a committed file. `COUNTERSIGN_TEST_UPDATE=1` writes the file instead, and never where `CI` is
/// set.
pub(crate) fn golden(path: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let updating = std::env::var("COUNTERSIGN_TEST_UPDATE").is_ok_and(|value| value == "1");
    if updating && std::env::var_os("CI").is_none() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, found).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let different: Vec<String> =
        lines_of_one(found, &committed, "+").chain(lines_of_one(&committed, found, "-")).collect();
    assert!(
        committed == found,
        "{} differs; read the difference, and if it is meant, run again with COUNTERSIGN_TEST_UPDATE=1\n{}",
        path.display(),
        different.join("\n")
    );
}

fn lines_of_one<'a>(one: &'a str, other: &'a str, sign: &'a str) -> impl Iterator<Item = String> + 'a {
    one.lines().filter(move |line| !other.lines().any(|known| known == *line)).map(move |line| format!("{sign}{line}"))
}

/// A number that the superuser counts.
pub(crate) async fn count(t: &TestDb, sql: &str) -> i64 {
    t.owner.query_one(sql, &[]).await.unwrap().get(0)
}
