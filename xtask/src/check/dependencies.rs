//! `docs/dependencies.md` says of every direct dependency why it earns its place, and of no other.

use std::collections::BTreeSet;
use std::path::Path;

use super::Finding;

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let read = |name: &str| std::fs::read_to_string(root.join(name)).map_err(|error| format!("{name}: {error}"));
    Ok(judge(&read("Cargo.toml")?, &read("docs/dependencies.md")?))
}

fn judge(manifest: &str, page: &str) -> Vec<Finding> {
    let used = external(manifest);
    let explained = explained(page);
    let unexplained = used.difference(&explained).map(|name| format!("{name} has no line"));
    let gone = explained.difference(&used).map(|name| format!("{name} is not a dependency any more"));
    unexplained.chain(gone).collect()
}

/// Names in `[workspace.dependencies]` that come from outside (no `path`).
fn external(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim() == "[workspace.dependencies]";
        } else if inside
            && !line.trim_start().starts_with('#')
            && !line.contains("path =")
            && let Some((name, _)) = line.split_once('=')
        {
            names.insert(name.trim().to_owned());
        }
    }
    names
}

/// Names that begin a row of the page's tables: `` | `name` | why | ``.
fn explained(page: &str) -> BTreeSet<String> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|rest| rest.split_once("` | "))
        .filter(|(_, why)| why.trim().len() > 3)
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::judge;

    const MANIFEST: &str =
        "[workspace.dependencies]\nseal = { path = \"a\" }\nserde = \"1\"\n[profile.dev]\ndebug = 1\n";

    #[test]
    fn both_directions_are_seen() {
        assert!(judge(MANIFEST, "| `serde` | reads JSON |\n").is_empty());
        assert_eq!(judge(MANIFEST, "| `serde` | |\n").len(), 1);
        assert_eq!(judge(MANIFEST, "| `serde` | reads JSON |\n| `rand` | dice |\n").len(), 1);
    }
}
