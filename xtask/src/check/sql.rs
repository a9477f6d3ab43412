//! SQL files: every statement's file names `workspace_id`, none steers a transaction or a setting
//! (a Scope does), none asks for columns it does not name.

use std::path::Path;

use super::{Finding, SourceFile, sources};

/// Files that run before a workspace is known or over no tenant table, each with the reason.
const WITHOUT_WORKSPACE: &[(&str, &str)] = &[
    ("crates/tenancy/sql/catalogue_audit.sql", CATALOGUE),
    ("crates/tenancy/sql/catalogue_check.sql", CATALOGUE),
    ("crates/tenancy/sql/catalogue_tables.sql", CATALOGUE),
    ("crates/tenancy/sql/deployment_age.sql", DEPLOYMENT),
    ("crates/tenancy/sql/deployment_entries.sql", DEPLOYMENT),
    ("crates/tenancy/sql/deployment_entry_of.sql", DEPLOYMENT),
    ("crates/tenancy/sql/log_advance.sql", DEPLOYMENT),
    ("crates/tenancy/sql/log_begin.sql", DEPLOYMENT),
    ("crates/tenancy/sql/log_begun.sql", DEPLOYMENT),
    ("crates/tenancy/sql/log_raise.sql", DEPLOYMENT),
    ("crates/tenancy/sql/log_cursor.sql", DEPLOYMENT),
    ("crates/tenancy/sql/log_cosignatures.sql", DEPLOYMENT),
    ("crates/tenancy/sql/log_entry_hashes.sql", DEPLOYMENT),
    ("crates/tenancy/sql/log_forget_cosignatures.sql", DEPLOYMENT),
    ("crates/tenancy/sql/log_store_cosignature.sql", DEPLOYMENT),
    ("crates/tenancy/sql/log_deployment.sql", DEPLOYMENT),
    ("crates/tenancy/sql/log_is_behind.sql", DEPLOYMENT),
    ("crates/tenancy/sql/log_last_entry.sql", DEPLOYMENT),
    ("crates/tenancy/sql/log_lock.sql", DEPLOYMENT),
    ("crates/tenancy/sql/custody_erase.sql", BY_SETTING),
    ("crates/tenancy/sql/custody_end_rows.sql", BY_SETTING),
];

/// Why a statement that only calls a function names no workspace.
const BY_SETTING: &str = "calls the function that finds its workspace by the setting";

/// Why the live check of the catalogue names no workspace of its own.
const CATALOGUE: &str = "reads the catalogue, which belongs to no workspace";

/// Why the integrator's statements about all workspaces' logs name none; its own role runs them, and holds no values.
const DEPLOYMENT: &str = "is of the deployment's log, which belongs to no workspace";

/// Words that may not begin a statement: a Scope alone begins, ends and configures a transaction.
const STEERING: &[&str] =
    &["begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "set", "reset", "discard"];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let files: Vec<SourceFile> = sources(root, "crates", &[".sql"])?
        .into_iter()
        .filter(|file| file.path.split('/').nth(2) == Some("sql"))
        .collect();
    let mut findings: Vec<Finding> = files.iter().flat_map(judge).collect();
    for (path, reason) in WITHOUT_WORKSPACE {
        match files.iter().find(|file| file.path == *path) {
            None => findings.push(format!("{path}: excepted ({reason}) and not there")),
            Some(file) if names_workspace(&tokens(&file.text)) => {
                findings.push(format!("{path}: excepted and not in need of it"));
            }
            Some(_) => {}
        }
    }
    Ok(findings)
}

fn judge(file: &SourceFile) -> Vec<Finding> {
    let path = &file.path;
    let tokens = tokens(&file.text);
    let mut findings = Vec::new();
    let excepted = WITHOUT_WORKSPACE.iter().any(|(name, _)| name == path);
    if !excepted && !names_workspace(&tokens) {
        findings.push(format!("{path}: does not mention workspace_id"));
    }
    let mut before = ";";
    for token in &tokens {
        if before == ";" && STEERING.contains(&token.as_str()) {
            findings.push(format!("{path}: {} steers the transaction; a Scope does that", token));
        }
        if token == "*" && ["select", "distinct", "all", "returning", ",", "."].contains(&before) {
            findings.push(format!("{path}: name the columns instead of *"));
        }
        before = token;
    }
    findings
}

fn names_workspace(tokens: &[String]) -> bool {
    tokens.iter().any(|token| token == "workspace_id")
}

/// Words in lower case and single marks, without comments and string literals.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if first == '\'' {
            rest[1..].find('\'').map_or(rest.len(), |at| at + 2)
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(rest[..end].to_lowercase());
            end
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, judge};

    fn findings(text: &str) -> usize {
        judge(&SourceFile { path: "crates/a/sql/b.sql".to_owned(), text: text.to_owned() }).len()
    }

    #[test]
    fn a_good_file_passes() {
        let update = "UPDATE request SET state = 'open' WHERE workspace_id = $1;\n";
        let count = "select count(*), 2 * cost from t where workspace_id = $1 -- select *\n";
        assert_eq!(findings(update), 0);
        assert_eq!(findings(count), 0);
    }

    #[test]
    fn each_rule_is_seen() {
        assert_eq!(findings("select id from t where note = 'workspace_id'"), 1);
        assert_eq!(findings("select id from t -- workspace_id"), 1);
        assert_eq!(findings("begin; select workspace_id from t; commit"), 2);
        assert_eq!(findings("Set x = 1; select workspace_id from t"), 1);
        assert_eq!(findings("select * from t where workspace_id = $1"), 1);
        assert_eq!(findings("select r.* from t r where workspace_id = $1"), 1);
        assert_eq!(findings("delete from t where workspace_id = $1 returning *"), 1);
    }
}
