//! `cargo xtask check`: rules about the repository that neither rustc nor clippy holds.
//!
//! Each rule is a function from the tree (or a piece of text) to findings; a finding names the file
//! and what to do. The command fails when there is any.

mod arrows;
mod banned;
mod dependencies;
mod files;
mod licences;
mod registry;
mod sql;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// A file of the repository: its path below the root and its text.
pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// One broken rule, in words for the person who broke it.
pub(crate) type Finding = String;

/// A rule over the repository's root.
type Rule = fn(&Path) -> Result<Vec<Finding>, String>;

/// Every rule with its name, in the order they are reported.
const RULES: &[(&str, Rule)] = &[
    ("arrows between crates", arrows::check),
    ("files", files::check),
    ("SQL files", sql::check),
    ("banned crates", banned::check),
    ("licences", licences::check),
    ("docs/dependencies.md", dependencies::check),
    ("crates/seal/aad-registry.tsv", registry::check),
];

/// Runs every rule and prints its findings. Fails when a rule found something or could not run.
pub(crate) fn run() -> ExitCode {
    let root = root();
    let mut findings_total = 0;
    for (name, rule) in RULES {
        let findings = rule(&root).unwrap_or_else(|error| vec![format!("could not run: {error}")]);
        for finding in &findings {
            println!("{name}: {finding}");
        }
        findings_total += findings.len();
    }
    if findings_total == 0 {
        println!("check: {} rules, nothing found", RULES.len());
        return ExitCode::SUCCESS;
    }
    println!("check: {findings_total} findings");
    ExitCode::FAILURE
}

/// The repository's root: the parent of this crate's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in a folder of the repository").to_path_buf()
}

/// Runs a program in `root` and returns its standard output; its error output on failure.
fn output(root: &Path, program: &str, arguments: &[&str]) -> Result<String, String> {
    let done = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if !done.status.success() {
        let words = String::from_utf8_lossy(&done.stderr);
        return Err(format!("{program} {}: {}", arguments.join(" "), words.trim()));
    }
    String::from_utf8(done.stdout).map_err(|error| format!("{program}: {error}"))
}

/// Every file below `folder` (a path below `root`) whose name ends in one of `endings`, by path.
/// Hidden folders and `target` are left out. A missing folder holds nothing.
fn sources(root: &Path, folder: &str, endings: &[&str]) -> Result<Vec<SourceFile>, String> {
    /// More files than this and something is in the tree that is not source.
    const FILES_MAX: usize = 20_000;
    let mut found = Vec::new();
    let mut waiting = vec![root.join(folder)];
    while let Some(directory) = waiting.pop() {
        if !directory.is_dir() {
            continue;
        }
        let entries = std::fs::read_dir(&directory).map_err(|e| format!("{directory:?}: {e}"))?;
        for entry in entries {
            let entry = entry.map_err(|e| format!("{directory:?}: {e}"))?;
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(|e| format!("{path:?}: {e}"))?;
            if kind.is_dir() {
                if !name.starts_with('.') && name != "target" && name != "node_modules" {
                    waiting.push(path);
                }
            } else if kind.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
                let text = std::fs::read_to_string(&path).map_err(|e| format!("{path:?}: {e}"))?;
                let below = path.strip_prefix(root).unwrap_or(&path);
                found.push(SourceFile { path: below.to_string_lossy().into_owned(), text });
                if found.len() > FILES_MAX {
                    return Err(format!("more than {FILES_MAX} files below {folder}"));
                }
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}
