//! Licences of everything in the tree: what a company may ship without asking a lawyer each time.

use std::path::Path;

use super::{Finding, output};

/// Licences (SPDX) that may stand alone. An exception of LLVM's only gives more.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let arguments =
        ["tree", "--workspace", "-e", "normal,build,dev", "--prefix", "none", "--no-dedupe", "--format", "{p}\t{l}"];
    let tree = output(root, "cargo", &arguments)?;
    let mut lines: Vec<&str> = tree.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines.dedup();
    Ok(lines.into_iter().filter_map(judge).collect())
}

/// A line is `name version<TAB>expression`.
fn judge(line: &str) -> Option<Finding> {
    let (package, expression) = line.split_once('\t')?;
    if allowed(expression) { None } else { Some(format!("{package}: licence {expression:?}")) }
}

/// Whether every part joined by AND offers an allowed licence among those joined by OR (or `/`, as
/// older manifests write it). Groups in parentheses are taken as alternatives of their own, which is
/// exact for the flat expressions that manifests use.
fn allowed(expression: &str) -> bool {
    let flat = expression.replace(" / ", " OR ").replace('/', " OR ");
    flat.split(" AND ").all(|part| part.split(" OR ").any(|one| ALLOWED.contains(&one.trim_matches(['(', ')', ' ']))))
}

#[cfg(test)]
mod tests {
    use super::{allowed, judge};

    #[test]
    fn choices_and_conjunctions_are_read() {
        assert!(allowed("MIT OR Apache-2.0"));
        assert!(allowed("MIT/Apache-2.0"));
        assert!(allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(allowed("GPL-3.0 OR MIT"));
        assert!(!allowed("GPL-3.0 AND MIT"));
        assert!(!allowed("AGPL-3.0-only"));
        assert!(!allowed(""));
    }

    #[test]
    fn the_package_is_named() {
        assert_eq!(judge("a v1.0.0\tMIT"), None);
        assert!(judge("b v1.0.0\t").is_some_and(|finding| finding.contains("b v1.0.0")));
    }
}
