//! Arrows between crates: `seal, tlog <- tenancy <- the rooms <- claims <- web <- countersign`.
//!
//! A crate may use every crate of a lower step and none of its own: siblings meet in rows of the
//! outbox. `testkit`, `integration` and `xtask` stand outside and no product crate ships with them.

use std::path::Path;

use serde_json::Value;

use super::{Finding, output};

/// The steps from the bottom up.
const STEPS: &[&[&str]] = &[
    &["seal", "tlog"],
    &["tenancy"],
    &["identity", "requests", "library", "channels", "custody", "ledger"],
    &["claims"],
    &["web"],
    &["countersign"],
];

/// Crates that are used to develop the product and are no part of it.
const OUTSIDE: &[&str] = &["testkit", "integration", "xtask"];

/// One use of a workspace crate by another; `shipped` is false for dev-dependencies.
#[derive(Debug, Clone, Copy)]
struct Arrow<'a> {
    from: &'a str,
    to: &'a str,
    shipped: bool,
}

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let text = output(root, "cargo", &["metadata", "--format-version", "1", "--no-deps"])?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    let names: Vec<&str> = packages.iter().filter_map(|p| p["name"].as_str()).collect();
    let mut arrows = Vec::new();
    for package in packages {
        let from = package["name"].as_str().ok_or("a package without a name")?;
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().ok_or("a dependency without a name")?;
            if names.contains(&to) {
                let shipped = dependency["kind"].as_str() != Some("dev");
                arrows.push(Arrow { from, to, shipped });
            }
        }
    }
    Ok(judge(&names, &arrows))
}

fn judge(names: &[&str], arrows: &[Arrow<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in names {
        if step(name).is_none() && !OUTSIDE.contains(name) {
            findings.push(format!("{name} has no place in the architecture"));
        }
    }
    for arrow in arrows {
        if let Some(reason) = refusal(*arrow) {
            findings.push(format!("{} -> {}: {reason}", arrow.from, arrow.to));
        }
    }
    findings
}

fn refusal(arrow: Arrow<'_>) -> Option<&'static str> {
    if OUTSIDE.contains(&arrow.from) {
        return None;
    }
    if OUTSIDE.contains(&arrow.to) {
        // A dev-dependency on the test kit ships with nobody.
        return arrow.shipped.then_some("the product does not ship with development crates");
    }
    match (step(arrow.from)?, step(arrow.to)?) {
        (from, to) if from > to => None,
        (from, to) if from == to => Some("siblings never import each other"),
        _ => Some("points upwards"),
    }
}

fn step(name: &str) -> Option<usize> {
    STEPS.iter().position(|step| step.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::{Arrow, judge, refusal};

    fn arrow<'a>(from: &'a str, to: &'a str) -> Arrow<'a> {
        Arrow { from, to, shipped: true }
    }

    #[test]
    fn downwards_is_right() {
        assert_eq!(refusal(arrow("web", "tenancy")), None);
        assert_eq!(refusal(arrow("tenancy", "seal")), None);
        assert_eq!(refusal(arrow("testkit", "countersign")), None);
    }

    #[test]
    fn sideways_and_upwards_are_refused() {
        assert!(refusal(arrow("requests", "identity")).is_some());
        assert!(refusal(arrow("seal", "tlog")).is_some());
        assert!(refusal(arrow("tenancy", "claims")).is_some());
        assert!(refusal(Arrow { shipped: false, ..arrow("seal", "tenancy") }).is_some());
    }

    #[test]
    fn the_test_kit_is_for_tests() {
        assert!(refusal(arrow("web", "testkit")).is_some());
        assert_eq!(refusal(Arrow { shipped: false, ..arrow("web", "testkit") }), None);
    }

    #[test]
    fn a_crate_without_a_place_is_named() {
        assert_eq!(judge(&["utils", "seal"], &[]).len(), 1);
    }
}
