//! The registry of associated data only grows: a number that was ever given to a column stays with
//! it, or values sealed under it open as something else or not at all.

use std::path::Path;

use super::{Finding, output};

const REGISTRY: &str = "crates/seal/aad-registry.tsv";

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let log = output(root, "git", &["log", "--reverse", "--format=%H", "--", REGISTRY])?;
    let mut versions = Vec::new();
    for commit in log.lines() {
        // A commit that removed the file has no version to show; the working tree then tells.
        if let Ok(text) = output(root, "git", &["show", &format!("{commit}:{REGISTRY}")]) {
            versions.push((commit.chars().take(12).collect::<String>(), text));
        }
    }
    match std::fs::read_to_string(root.join(REGISTRY)) {
        Ok(text) => versions.push(("the working tree".to_owned(), text)),
        Err(_) if versions.is_empty() => return Ok(Vec::new()),
        Err(error) => return Ok(vec![format!("it was there and is gone: {error}")]),
    }
    Ok(judge(&versions))
}

/// `versions` from the oldest on, each with the name it is reported under.
fn judge(versions: &[(String, String)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pair in versions.windows(2) {
        let [(_, before), (name, after)] = pair else { continue };
        let mut later = rows(after);
        for row in rows(before) {
            if later.next() != Some(row) {
                findings.push(format!("append-only, but {name} changed or moved the row {row:?}"));
                break;
            }
        }
    }
    findings
}

/// Rows without comments and blank lines.
fn rows(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::judge;

    fn versions(texts: &[&str]) -> Vec<(String, String)> {
        texts.iter().map(|text| ("later".to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn growing_is_right() {
        assert!(judge(&versions(&["# a\n1\tx\n", "# b\n1\tx\n2\ty\n"])).is_empty());
    }

    #[test]
    fn changing_removing_and_inserting_before_are_found() {
        assert_eq!(judge(&versions(&["1\tx\n", "1\ty\n"])).len(), 1);
        assert_eq!(judge(&versions(&["1\tx\n2\ty\n", "1\tx\n"])).len(), 1);
        assert_eq!(judge(&versions(&["1\tx\n", "0\tw\n1\tx\n"])).len(), 1);
    }
}
