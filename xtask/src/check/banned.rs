//! Crates that must not be in the tree: one cryptography library, aws-lc, behind rustls.

use std::path::Path;

use super::{Finding, output};

/// Each with what takes its place.
const BANNED: &[(&str, &str)] = &[
    ("ring", "aws-lc-rs is the only provider"),
    ("openssl", "rustls is the only TLS"),
    ("openssl-sys", "rustls is the only TLS"),
    ("native-tls", "rustls is the only TLS"),
];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let arguments = ["tree", "--workspace", "-e", "normal,build,dev", "--prefix", "none", "--format", "{p}"];
    Ok(judge(&output(root, "cargo", &arguments)?))
}

/// `tree` holds one `name version ...` a line.
fn judge(tree: &str) -> Vec<Finding> {
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    let mut findings = Vec::new();
    for (name, instead) in BANNED {
        if names.contains(name) {
            findings.push(format!("{name}: {instead} (cargo tree -e all -i {name})"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn only_the_whole_name_counts() {
        assert!(judge("string v1.0.0\nrustls v0.23.0\n").is_empty());
        assert_eq!(judge("ring v0.17.14\nopenssl-sys v0.9.0\n").len(), 2);
    }
}
