//! Samples: examples that must still be valid and take the expected way, each time a document is published.

use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::publish::{Directory, Standing};
use super::shape::Problems;
use super::{EndOutcome, Process, START, Sample};
use crate::condition::{Scene, Subject};
use crate::engine::route;
use crate::form::{DateLimit, FieldKind, FormContext, Values, validate};

/// Runs every sample, everybody asked approving.
pub(super) fn run(process: &Process, directory: &dyn Directory, problems: &mut Problems) {
    for (n, sample) in process.samples.iter().enumerate() {
        let at = format!("/samples/{n}");
        let what = format!("Sample \"{}\"", sample.name);
        match values(process, sample, directory) {
            Err(wrong) => {
                for error in wrong {
                    let message = format!("{what} is not valid any more: {}", error.message);
                    problems.add(format!("{at}{}", error.pointer), "sample_invalid", message);
                }
            }
            Ok(values) => {
                let path = path(process, sample, &values, directory.today());
                if path != sample.expect_path {
                    let expected = sample.expect_path.join(", ");
                    let message = format!("{what} goes {}, but was expected to go {expected}.", path.join(", "));
                    problems.add(format!("{at}/expect_path"), "sample_path", message);
                }
            }
        }
    }
}

fn values(
    process: &Process,
    sample: &Sample,
    directory: &dyn Directory,
) -> Result<Values, Vec<crate::form::FieldError>> {
    let today = directory.today();
    let mut input = sample.values.clone();
    for field in process.form.fields().filter(|field| matches!(field.kind, FieldKind::Date { .. })) {
        if let Some(given) = input.get_mut(&field.key).filter(|given| given.is_object())
            && let Some(date) = DateLimit::from_json(given).and_then(|limit| limit.on(today, today))
        {
            *given = json!(date.to_string());
        }
    }
    let exists = |person: tenancy::PersonId| {
        let found = directory.person(&person.to_string());
        found.is_some_and(|facts| facts.standing == Standing::Active)
    };
    let cx = FormContext { today, submitted_on: today, person_exists: &exists };
    validate(&process.form, &Json::clone(&input), &cx)
}

/// The stages a request with these values passes when everybody approves. The flow check has run: there is no circle.
fn path(process: &Process, sample: &Sample, values: &Values, today: Date) -> Vec<String> {
    let member = |subject: Subject<'_>, group: &str| {
        subject == Subject::Requester && sample.requester_groups.iter().any(|one| one == group)
    };
    let scene = Scene { value: &|key| values.get(key), today, submitted_on: today, member: &member };
    let mut path: Vec<String> = Vec::new();
    let mut from = START;
    while let Some(next) = route(process, from, EndOutcome::Approved, &scene)
        && path.len() < super::STAGES_MAX
    {
        path.push(next.to_owned());
        from = next;
    }
    path
}
