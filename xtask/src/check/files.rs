//! Files: at most 600 lines of Rust before its tests, no lint switched off by `allow`, no note that
//! puts work off, and a script that stays small.

use std::path::Path;

use super::{Finding, SourceFile, sources};

/// Longest Rust file, in lines; its tests at the end are not counted.
const RUST_LINES_MAX: usize = 600;

/// Longest script, in lines: pages are complete without it.
const SCRIPT_LINES_MAX: usize = 250;

/// Tables, which are read row by row and may be longer: folders, each ending in a slash, or files.
const TABLES: &[&str] = &["crates/claims/src/ledger/", "crates/claims/src/ledger.rs"];

/// Folders that hold source.
const FOLDERS: &[&str] = &["crates", "migrations", "tests", "xtask"];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for folder in FOLDERS {
        for file in sources(root, folder, &[".rs", ".sql", ".js", ".html", ".css", ".toml"])? {
            findings.extend(judge(&file));
        }
    }
    Ok(findings)
}

fn judge(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = &file.path;
    let lines = own_lines(&file.text);
    let is_test = path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs");
    let is_table = TABLES.iter().any(|table| path.starts_with(table));
    if path.ends_with(".rs") && !is_test && !is_table && lines > RUST_LINES_MAX {
        findings.push(format!("{path}: {lines} lines, at most {RUST_LINES_MAX}; split it"));
    }
    let lines_total = file.text.lines().count();
    if path.ends_with(".js") && lines_total > SCRIPT_LINES_MAX {
        findings.push(format!("{path}: {lines_total} lines, at most {SCRIPT_LINES_MAX}"));
    }
    for (index, line) in file.text.lines().enumerate() {
        let number = index + 1;
        let code = line.trim_start();
        if path.ends_with(".rs") && (code.starts_with("#[allow(") || code.starts_with("#![allow(")) {
            findings.push(format!("{path}:{number}: #[expect(lint, reason = \"...\")] instead"));
        }
        if puts_off(line) {
            findings.push(format!("{path}:{number}: a note that puts work off; do it or file it"));
        }
    }
    findings
}

/// Lines before the test module at the end.
fn own_lines(text: &str) -> usize {
    let tests_at = text.lines().position(|line| line.trim() == "#[cfg(test)]");
    let followed = |at: usize| text.lines().skip(at + 1).any(|line| line.starts_with("mod "));
    match tests_at {
        Some(at) if followed(at) => at,
        _ => text.lines().count(),
    }
}

/// Whether a line carries one of the usual marks, as a word of its own.
fn puts_off(line: &str) -> bool {
    // Written apart, so that this file does not find itself.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let macros = [concat!("to", "do!("), concat!("unimpl", "emented!(")];
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| marks.contains(&word))
        || macros.iter().any(|call| line.contains(call))
}

#[cfg(test)]
mod tests {
    use super::{RUST_LINES_MAX, SourceFile, judge};

    fn file(path: &str, text: String) -> SourceFile {
        SourceFile { path: path.to_owned(), text }
    }

    #[test]
    fn lines_are_counted_at_the_bound_and_past_it() {
        let at = "fn f() {}\n".repeat(RUST_LINES_MAX);
        let past = format!("{at}fn f() {{}}\n");
        let with_tests = format!("{at}#[cfg(test)]\nmod tests {{}}\n");
        assert!(judge(&file("crates/web/src/a.rs", at)).is_empty());
        assert_eq!(judge(&file("crates/web/src/a.rs", past.clone())).len(), 1);
        assert!(judge(&file("tests/integration/a.rs", past)).is_empty());
        assert!(judge(&file("crates/web/src/a.rs", with_tests)).is_empty());
    }

    #[test]
    fn allow_and_notes_are_found() {
        let allow = format!("    #[{}(dead_code)]\n", "allow");
        assert_eq!(judge(&file("crates/web/src/a.rs", allow)).len(), 1);
        let note = format!("// {}: later\n", concat!("TO", "DO"));
        assert_eq!(judge(&file("crates/web/src/a.rs", note)).len(), 1);
        assert!(judge(&file("crates/web/src/a.rs", "// nothing to do\n".to_owned())).is_empty());
    }
}
