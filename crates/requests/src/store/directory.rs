//! What the engine asks of people: read inside the act's own transaction.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use seal::columns;
use tenancy::policy::Role;
use tenancy::{Error, Mode, PersonId, Scope};
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

use crate::condition::Condition;
use crate::engine::{Asked, FactQuery, Facts};
use crate::form::{Value, Values};
use crate::process::{Approver, Directory, PeopleFacts, PersonFacts, Principal, Process, START, Standing};
use crate::statements as sql;

use super::remembered::{self, Answer, Question};

/// Reads an answer to every question.
///
/// # Errors
/// The general failures of a query.
pub async fn facts_for<M: Mode>(scope: &Scope<M>, queries: &[FactQuery], values: &Values) -> Result<Facts, Error> {
    let mut facts = Facts::default();
    for query in queries {
        match query {
            FactQuery::Field(key) => facts.field(query, values.get(key).cloned()),
            FactQuery::Member { asked, group } => {
                let person = match asked {
                    Asked::Person(person) => Some(*person),
                    Asked::Field(field) => match values.get(field) {
                        Some(Value::Person(person)) => Some(*person),
                        _ => None,
                    },
                };
                let member = match person {
                    Some(person) => group_members(scope, group).await?.contains(&person),
                    None => false,
                };
                facts.member(query, member);
            }
            FactQuery::Person(key) => facts.people(query, person(scope, key).await?.into_iter().collect()),
            FactQuery::Group(key) => facts.people(query, group_members(scope, key).await?),
            FactQuery::Role(key) => facts.people(query, role_holders(scope, key).await?),
            FactQuery::ManagerOf(person) => facts.people(query, manager_of(scope, *person).await?),
        }
    }
    Ok(facts)
}

/// The people that answers to questions name, for showing who will be asked.
#[must_use]
pub fn people_named(values: &Values) -> Vec<PersonId> {
    values
        .iter()
        .filter_map(|(_, value)| match value {
            Value::Person(person) => Some(*person),
            _ => None,
        })
        .collect()
}

/// The one way a name becomes a blind index's input: trimmed, NFC, lower case.
fn folded(text: &str) -> Vec<u8> {
    text.trim().nfc().collect::<String>().to_lowercase().into_bytes()
}

fn id_in(key: &str) -> Uuid {
    key.rsplit(':').next().and_then(|text| Uuid::parse_str(text).ok()).unwrap_or(Uuid::nil())
}

/// The people that a statement answers with, one a row, or what is remembered of it in this epoch.
async fn people<M: Mode>(
    scope: &Scope<M>,
    question: Question,
    statement: &'static tenancy::Sql,
    params: tenancy::Params<'_>,
) -> Result<Vec<PersonId>, Error> {
    let place = remembered::place(scope, question);
    if let Some(Answer::People(people)) = remembered::recall(place.as_ref()) {
        return Ok(people.to_vec());
    }
    let rows = scope.rows(statement, params).await?;
    let people: Vec<PersonId> = rows.iter().map(|row| PersonId::from_uuid(row.get(0))).collect();
    // A grant that runs out ends without a change that would move the epoch.
    let lasts = rows.iter().all(|row| row.len() < 2 || row.get::<_, Option<jiff::Timestamp>>(1).is_none());
    remembered::keep(place.filter(|_| lasts), Answer::People(people.as_slice().into()));
    Ok(people)
}

/// Whether somebody is an active person of the workspace, read fresh.
pub(super) async fn is_active<M: Mode>(scope: &Scope<M>, person: PersonId) -> Result<bool, Error> {
    let unset: Vec<u8> = Vec::new();
    let row = scope.maybe(&sql::PERSON_ACTIVE, &[&scope.workspace().uuid(), &person.uuid(), &unset]).await?;
    Ok(row.is_some())
}

async fn person<M: Mode>(scope: &Scope<M>, key: &str) -> Result<Option<PersonId>, Error> {
    let blind = scope.keys().blind::<columns::PersonEmail>(&folded(key)).to_vec();
    let params: tenancy::Params<'_> = &[&scope.workspace().uuid(), &id_in(key), &blind];
    let found = people(scope, Question::Person(key.to_owned()), &sql::PERSON_ACTIVE, params).await?;
    Ok(found.first().copied())
}

async fn group_members<M: Mode>(scope: &Scope<M>, key: &str) -> Result<Vec<PersonId>, Error> {
    let blind = scope.keys().blind::<columns::GroupNameIndex>(&folded(key)).to_vec();
    let params: tenancy::Params<'_> = &[&scope.workspace().uuid(), &blind, &id_in(key)];
    people(scope, Question::Group(key.to_owned()), &sql::PEOPLE_BY_GROUP, params).await
}

async fn role_holders<M: Mode>(scope: &Scope<M>, key: &str) -> Result<Vec<PersonId>, Error> {
    let mut found =
        people(scope, Question::Role(key.to_owned()), &sql::PEOPLE_BY_ROLE, &[&scope.workspace().uuid(), &key]).await?;
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

async fn manager_of<M: Mode>(scope: &Scope<M>, person: PersonId) -> Result<Vec<PersonId>, Error> {
    let params: tenancy::Params<'_> = &[&scope.workspace().uuid(), &person.uuid()];
    people(scope, Question::ManagerOf(person), &sql::MANAGER_OF, params).await
}

/// What the publish check may ask, read beforehand for the names that the document uses.
pub(super) struct Snapshot {
    groups: BTreeMap<String, usize>,
    roles: BTreeMap<String, usize>,
    people: BTreeMap<String, PersonFacts>,
    today: Date,
}

impl Directory for Snapshot {
    fn group(&self, key: &str) -> Option<PeopleFacts> {
        self.groups.get(key).map(|active| PeopleFacts { active: *active })
    }
    fn role(&self, key: &str) -> Option<PeopleFacts> {
        self.roles.get(key).map(|active| PeopleFacts { active: *active })
    }
    fn person(&self, key: &str) -> Option<PersonFacts> {
        self.people.get(key).copied()
    }
    fn today(&self) -> Date {
        self.today
    }
}

/// Reads what a document names of the workspace's people.
pub(super) async fn snapshot<M: Mode>(scope: &Scope<M>, process: &Process) -> Result<Snapshot, Error> {
    let mut known = Snapshot {
        groups: BTreeMap::new(),
        roles: BTreeMap::new(),
        people: BTreeMap::new(),
        today: scope.now().to_zoned(TimeZone::UTC).date(),
    };
    let (groups, people) = named(process);
    for key in groups {
        let blind = scope.keys().blind::<columns::GroupNameIndex>(&folded(&key)).to_vec();
        let workspace = scope.workspace().uuid();
        if scope.maybe(&sql::GROUP_EXISTS, &[&workspace, &blind, &id_in(&key)]).await?.is_some() {
            let active = group_members(scope, &key).await?.len();
            known.groups.insert(key, active);
        }
    }
    for role in Role::OF_WORKSPACE {
        known.roles.insert(role.text().to_owned(), role_holders(scope, role.text()).await?.len());
    }
    for key in people {
        if person(scope, &key).await?.is_some() {
            known.people.insert(key, PersonFacts { standing: Standing::Active });
        }
    }
    Ok(known)
}

/// The groups and people that a document names: in stages, conditions, proposals of rights and samples.
fn named(process: &Process) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut groups, mut people) = (BTreeSet::new(), BTreeSet::new());
    let approvals = process.stages().iter().filter_map(|stage| process.approval(&stage.key));
    for approver in approvals.flat_map(|approval| approval.approvers.iter().chain(&approval.fallback)) {
        match approver {
            Approver::Group(key) => groups.insert(key.clone()),
            Approver::Person(key) => people.insert(key.clone()),
            Approver::Role(_) | Approver::ManagerOf(_) => false,
        };
    }
    let from_stages = process.stages().iter().map(|stage| stage.key.as_str()).chain([START]);
    let routes = from_stages.flat_map(|key| process.routes(key)).filter_map(|route| route.when.as_ref());
    let shown = process.form().fields().filter_map(|field| field.show_when.as_ref());
    groups.extend(
        routes
            .chain(shown)
            .flat_map(Condition::comparisons)
            .filter_map(crate::condition::Comparison::group)
            .map(str::to_owned),
    );
    groups.extend(process.samples().iter().flat_map(|sample| sample.requester_groups.iter().cloned()));
    if let Some(access) = process.access() {
        for principal in access.submit.iter().chain(&access.view).chain(&access.report).chain(&access.administer) {
            match principal {
                Principal::Group(key) => groups.insert(key.clone()),
                Principal::Person(key) => people.insert(key.clone()),
                Principal::Role(_) => false,
            };
        }
    }
    (groups, people)
}
