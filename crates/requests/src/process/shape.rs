//! From the document as written to a [`Process`]: bounds, keys, and the settings each stage takes.

use std::collections::BTreeSet;

use super::document::{Document, FormPart, StagePart, StageType};
use super::{
    APPROVERS_MAX, Approval, Mode, Problem, Process, ROUTES_MAX, SAMPLES_MAX, STAGES_MAX, START, Sample, Stage,
    StageKind,
};
use crate::condition::{Condition, DEPTH_MAX, NODES_MAX};
use crate::engine::SEATS_MAX;
use crate::form::{FIELDS_MAX, Form, SECTIONS_MAX, Section};

/// Longest key, in characters.
const KEY_CHARS_MAX: usize = 40;
/// Longest name, label, title or summary, in characters.
const NAME_CHARS_MAX: usize = 200;

/// What is wrong, gathered while going on.
#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, pointer: impl Into<String>, code: &'static str, message: impl Into<String>) {
        self.0.push(Problem { pointer: pointer.into(), code, message: message.into() });
    }

    /// At most `max` of something.
    pub(super) fn at_most(&mut self, pointer: &str, what: &str, count: usize, max: usize) {
        if count > max {
            self.add(pointer, "over_bound", format!("{what}: {count} are more than the {max} there may be."));
        }
    }

    /// A key: a small letter, then small letters, digits, `_` and `-`.
    pub(super) fn key(&mut self, pointer: &str, what: &str, key: &str) {
        let good = key.starts_with(|c: char| c.is_ascii_lowercase())
            && key.len() <= KEY_CHARS_MAX
            && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
        if !good {
            let message = format!(
                "{what} has the key \"{key}\". A key begins with a small letter and has small letters, digits, _ and - only, {KEY_CHARS_MAX} at most."
            );
            self.add(format!("{pointer}/key"), "bad_key", message);
        }
    }

    /// Text that people read: there, one line, not endless.
    pub(super) fn name(&mut self, pointer: &str, what: &str, text: &str) {
        if text.trim().is_empty() {
            self.add(pointer, "missing_name", format!("{what} is empty. Give it words people can read."));
        } else if text.chars().count() > NAME_CHARS_MAX || text.chars().any(char::is_control) {
            let message = format!("{what} must be one line of at most {NAME_CHARS_MAX} characters.");
            self.add(pointer, "bad_name", message);
        }
    }

    /// A condition within its bounds.
    pub(super) fn condition(&mut self, pointer: &str, what: &str, condition: Option<&Condition>) {
        let Some((nodes, depth)) = condition.map(Condition::size) else { return };
        if nodes > NODES_MAX {
            let message = format!("{what} has a condition of {nodes} parts; {NODES_MAX} is the most.");
            self.add(pointer, "over_bound", message);
        }
        if depth > DEPTH_MAX {
            let message = format!("{what} has a condition {depth} levels deep; {DEPTH_MAX} is the most.");
            self.add(pointer, "over_bound", message);
        }
    }

    fn twice<'k>(&mut self, what: &str, places: impl Iterator<Item = (String, &'k str)>) {
        let mut seen = BTreeSet::new();
        for (pointer, key) in places {
            if !seen.insert(key) {
                self.add(pointer, "duplicate_key", format!("{what} \"{key}\" stands twice. Keys must differ."));
            }
        }
    }
}

/// The checked process of a document.
pub(super) fn build(document: Document, canonical: String) -> Result<Process, Vec<Problem>> {
    let mut problems = Problems::default();
    head(&document, &mut problems);
    let prefix = document.prefix.clone().unwrap_or_else(|| derived_prefix(&document.key));
    let form = form(document.form, &mut problems);
    let stages = stages(document.stages, &mut problems);
    for (from, routes) in &document.routes {
        let at = format!("/routes/{from}");
        problems.at_most(&at, &format!("Routes of \"{from}\""), routes.len(), ROUTES_MAX);
        for (n, route) in routes.iter().enumerate() {
            problems.condition(
                &format!("{at}/{n}/when"),
                &format!("Route {} of \"{from}\"", n + 1),
                route.when.as_ref(),
            );
        }
    }
    samples(&document.samples, &mut problems);
    if !problems.0.is_empty() {
        return Err(problems.0);
    }
    Ok(Process {
        key: document.key,
        name: document.name,
        summary: document.summary,
        locale: document.locale.unwrap_or_else(|| "en".to_owned()),
        prefix,
        form,
        stages,
        routes: document.routes,
        answer_without_edit: document.resubmit.answer_without_edit,
        access: document.access,
        samples: document.samples,
        canonical,
    })
}

fn head(document: &Document, problems: &mut Problems) {
    if document.schema != 1 {
        problems.add("/schema", "unknown_schema", "The member \"schema\" must be 1.");
    }
    problems.key("", "The process", &document.key);
    problems.name("/name", "The name of the process", &document.name);
    if !document.summary.is_empty() {
        problems.name("/summary", "The summary of the process", &document.summary);
    }
    if let Some(locale) = &document.locale
        && !((2..=35).contains(&locale.len()) && locale.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
    {
        problems.add(
            "/locale",
            "bad_locale",
            "The member \"locale\" must be a language tag such as \"en\" or \"de-AT\".",
        );
    }
    if let Some(prefix) = &document.prefix
        && !((2..=4).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_uppercase()))
    {
        problems.add("/prefix", "bad_prefix", "The member \"prefix\" must be 2 to 4 capital letters.");
    }
    problems.at_most("/stages", "Stages", document.stages.len(), STAGES_MAX);
    problems.at_most("/routes", "Stages with routes", document.routes.len(), STAGES_MAX + 1);
    problems.at_most("/samples", "Samples", document.samples.len(), SAMPLES_MAX);
    problems.at_most("/form/sections", "Sections", document.form.sections.len(), SECTIONS_MAX);
    let fields = document.form.sections.iter().map(|section| section.fields.len()).sum();
    problems.at_most("/form/sections", "Fields", fields, FIELDS_MAX);
}

/// The first three letters of the key as capitals; `purchase` gives `PUR`.
fn derived_prefix(key: &str) -> String {
    let letters = key.chars().filter(char::is_ascii_lowercase).chain("xx".chars());
    letters.take(3).collect::<String>().to_ascii_uppercase()
}

fn form(part: FormPart, problems: &mut Problems) -> Form {
    let places = part.sections.iter().enumerate().map(|(n, s)| (format!("/form/sections/{n}/key"), s.key.as_str()));
    problems.twice("The section key", places);
    let fields = part.sections.iter().enumerate().flat_map(|(s, section)| {
        let at = move |n| format!("/form/sections/{s}/fields/{n}/key");
        section.fields.iter().enumerate().map(move |(n, field)| (at(n), field.key.as_str()))
    });
    problems.twice("The field key", fields);
    let mut sections = Vec::new();
    for (s, section) in part.sections.into_iter().enumerate() {
        let at = format!("/form/sections/{s}");
        let what = format!("Section \"{}\"", section.title);
        problems.key(&at, &what, &section.key);
        problems.name(&format!("{at}/title"), &format!("The title of section \"{}\"", section.key), &section.title);
        let mut fields = Vec::new();
        for (n, field) in section.fields.into_iter().enumerate() {
            fields.extend(super::shape_field::field(field, &format!("{at}/fields/{n}"), problems));
        }
        sections.push(Section { key: section.key, title: section.title, fields });
    }
    Form { sections }
}

fn stages(parts: Vec<StagePart>, problems: &mut Problems) -> Vec<Stage> {
    let places = parts.iter().enumerate().map(|(n, stage)| (format!("/stages/{n}/key"), stage.key.as_str()));
    problems.twice("The stage key", places);
    parts.into_iter().enumerate().filter_map(|(n, part)| stage(part, &format!("/stages/{n}"), problems)).collect()
}

fn stage(part: StagePart, at: &str, problems: &mut Problems) -> Option<Stage> {
    let name = part.name.clone().unwrap_or_else(|| part.key.clone());
    let what = format!("Stage \"{name}\"");
    problems.key(at, &what, &part.key);
    problems.name(&format!("{at}/name"), &format!("The name of stage \"{}\"", part.key), &name);
    if part.key == START {
        problems.add(format!("{at}/key"), "reserved_key", format!("{what} has the key \"start\", which is reserved."));
    }
    let kind = match part.kind {
        StageType::End => end(&part, &what, at, problems),
        StageType::Approval => approval(&part, &what, at, problems),
    }?;
    Some(Stage { key: part.key, name, kind })
}

fn end(part: &StagePart, what: &str, at: &str, problems: &mut Problems) -> Option<StageKind> {
    let settings = [
        ("approvers", part.approvers.is_some()),
        ("fallback", part.fallback.is_some()),
        ("mode", part.mode.is_some()),
        ("reject", part.reject.is_some()),
        ("requester_may_decide", part.requester_may_decide.is_some()),
        ("same_person", part.same_person.is_some()),
        ("undo_seconds", part.undo_seconds.is_some()),
    ];
    for (name, _) in settings.iter().filter(|(_, given)| *given) {
        let message = format!("{what} is an end and asks nobody: it has no \"{name}\".");
        problems.add(format!("{at}/{name}"), "setting_not_here", message);
    }
    if part.outcome.is_none() {
        let message = format!("{what} is an end and needs an \"outcome\": approved or rejected.");
        problems.add(format!("{at}/outcome"), "missing_outcome", message);
    }
    part.outcome.map(StageKind::End)
}

fn approval(part: &StagePart, what: &str, at: &str, problems: &mut Problems) -> Option<StageKind> {
    if part.outcome.is_some() {
        let message = format!("{what} asks for approval: only an end has an \"outcome\".");
        problems.add(format!("{at}/outcome"), "setting_not_here", message);
    }
    let approvers = part.approvers.clone().unwrap_or_default();
    if approvers.is_empty() {
        problems.add(
            format!("{at}/approvers"),
            "no_approvers",
            format!("{what} names nobody to ask in \"approvers\"."),
        );
    }
    problems.at_most(&format!("{at}/approvers"), &format!("{what}, approvers"), approvers.len(), APPROVERS_MAX);
    if part.undo_seconds.is_some_and(|seconds| seconds > 0) {
        let message = format!("{what}: \"undo_seconds\" must be 0, decisions cannot be taken back yet.");
        problems.add(format!("{at}/undo_seconds"), "undo_not_available", message);
    }
    if let Some(Mode::Quorum(quorum)) = part.mode
        && !(1..=SEATS_MAX).contains(&usize::from(quorum))
    {
        let message = format!("{what}: a quorum must be 1 to {SEATS_MAX}, not {quorum}.");
        problems.add(format!("{at}/mode"), "over_bound", message);
    }
    Some(StageKind::Approval(Approval {
        approvers,
        fallback: part.fallback.clone(),
        mode: part.mode.unwrap_or_default(),
        reject: part.reject.unwrap_or_default(),
        requester_may_decide: part.requester_may_decide.unwrap_or(false),
        same_person: part.same_person,
        undo_seconds: part.undo_seconds.unwrap_or(0),
    }))
}

fn samples(samples: &[Sample], problems: &mut Problems) {
    for (n, sample) in samples.iter().enumerate() {
        let at = format!("/samples/{n}");
        problems.name(&format!("{at}/name"), &format!("The name of sample {}", n + 1), &sample.name);
        let what = format!("Sample \"{}\"", sample.name);
        problems.at_most(&format!("{at}/expect_path"), &what, sample.expect_path.len(), STAGES_MAX);
        problems.at_most(&format!("{at}/requester_groups"), &what, sample.requester_groups.len(), STAGES_MAX);
        if !sample.values.is_object() {
            problems.add(format!("{at}/values"), "wrong_shape", format!("{what}: \"values\" must be an object."));
        }
    }
}
