//! The publish check: what a document of the right shape must still promise before anybody may use it.

use jiff::civil::Date;

use super::shape::Problems;
use super::{Problem, Process, StageKind, flow, people, samples};
use crate::condition::{check, check_show_when};

/// What the check asks of the workspace's directory.
pub trait Directory {
    /// The group of that key or id.
    fn group(&self, key: &str) -> Option<PeopleFacts>;
    /// The role of that key or id.
    fn role(&self, key: &str) -> Option<PeopleFacts>;
    /// The person of that address or id.
    fn person(&self, key: &str) -> Option<PersonFacts>;
    /// Today (UTC), for samples with relative days.
    fn today(&self) -> Date;
}

/// What the check needs to know about a group or a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeopleFacts {
    /// Active people in it: the most it could ever ask.
    pub active: usize,
}

/// What the check needs to know about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonFacts {
    /// Whether the person may still act.
    pub standing: Standing,
}

/// Whether somebody may still act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Yes.
    Active,
    /// Deactivated.
    Left,
}

/// Every reason not to publish this document in this workspace; none: it may be published.
///
/// Samples run only when everything else is right, since their way would be meaningless otherwise.
#[must_use]
pub fn publish_check(process: &Process, directory: &dyn Directory) -> Vec<Problem> {
    let mut problems = Problems::default();
    form(process, &mut problems);
    conditions(process, &mut problems);
    flow::check(process, &mut problems);
    people::check(process, directory, &mut problems);
    if problems.0.is_empty() {
        samples::run(process, directory, &mut problems);
    }
    problems.0
}

/// Where a field stands in the document.
fn field_place(process: &Process, key: &str) -> String {
    for (s, section) in process.form.sections.iter().enumerate() {
        if let Some(n) = section.fields.iter().position(|field| field.key == key) {
            return format!("/form/sections/{s}/fields/{n}");
        }
    }
    "/form".to_owned()
}

fn form(process: &Process, problems: &mut Problems) {
    if process.form.fields().next().is_none() {
        problems.add("/form/sections", "no_fields", "The form asks nothing. Add a field.");
    }
    for field in process.form.fields() {
        let Some(condition) = &field.show_when else { continue };
        let at = format!("{}/show_when", field_place(process, &field.key));
        for finding in check_show_when(condition, &process.form) {
            let message = format!("Field \"{}\", show_when, {}", field.label, finding.message);
            problems.add(at.clone(), finding.code, message);
        }
        if shown_by_itself(process, &field.key) {
            let message = format!("Field \"{}\" is shown depending on itself. Break the circle.", field.label);
            problems.add(at, "show_when_cycle", message);
        }
    }
}

/// Whether following `show_when` from a field leads back to it.
fn shown_by_itself(process: &Process, key: &str) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let mut open = vec![key];
    while let Some(at) = open.pop() {
        let condition = process.form.field(at).and_then(|field| field.show_when.as_ref());
        for next in condition.into_iter().flat_map(|condition| condition.comparisons()) {
            if next.field == key {
                return true;
            }
            if seen.insert(next.field.as_str()) {
                open.push(&next.field);
            }
        }
    }
    false
}

fn conditions(process: &Process, problems: &mut Problems) {
    let approvals = |stage: &&super::Stage| matches!(stage.kind, StageKind::Approval(_));
    let keys: Vec<&str> = process.stages.iter().filter(approvals).map(|stage| stage.key.as_str()).collect();
    for (from, routes) in &process.routes {
        let earlier: Vec<&str> =
            keys.iter().copied().filter(|key| *key == from || flow::leads_to(process, key, from)).collect();
        let name = process.stage(from).map_or("start", |stage| &stage.name);
        for (n, route) in routes.iter().enumerate() {
            let Some(condition) = &route.when else { continue };
            for finding in check(condition, &process.form, &earlier) {
                let message = format!("Stage \"{name}\", route {}, {}", n + 1, finding.message);
                problems.add(format!("/routes/{from}/{n}/when"), finding.code, message);
            }
        }
    }
}
