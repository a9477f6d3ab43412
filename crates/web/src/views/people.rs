//! People and groups.

use super::{Frame, Pill, When};
use askama::Template;

/// `/w/{slug}/people`: everybody, and the invitation.
#[derive(Debug, Clone, Template)]
#[template(path = "people.html")]
pub struct People {
    /// What every page has.
    pub frame: Frame,
    /// One page of people, by name.
    pub people: Vec<PersonRow>,
    /// URL of the next page.
    pub next: Option<String>,
    /// Shown to those who may invite.
    pub invite: Option<InviteForm>,
}

/// One person.
#[derive(Debug, Clone)]
pub struct PersonRow {
    /// Path of the person's page.
    pub href: String,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Role: Owner, Administrator, Member, Auditor.
    pub role: String,
    /// Name of the manager; empty for none.
    pub manager: String,
    /// Names of groups, joined; empty for none.
    pub groups: String,
    /// Active, invited, ended.
    pub state: Pill,
}

/// Posts `email`, `name` and `role` to `/w/{slug}/people`.
#[derive(Debug, Clone)]
pub struct InviteForm {
    /// What was typed before.
    pub email: String,
    /// What was typed before.
    pub name: String,
    /// Roles the reader may give.
    pub roles: Vec<Selectable>,
    /// What is wrong and what to do.
    pub error: Option<String>,
    /// The link of an invitation just made, to be handed over; shown once.
    pub fresh_link: Option<String>,
}

/// One entry of a select.
#[derive(Debug, Clone)]
pub struct Selectable {
    /// What is posted.
    pub value: String,
    /// What is read.
    pub label: String,
    /// Chosen now.
    pub chosen: bool,
}

/// `/w/{slug}/people/{id}`: posts to itself with `act` = `save` (`role`, `manager`, `group` once for each), `invite`
/// (a new link) or `end`.
#[derive(Debug, Clone, Template)]
#[template(path = "person.html")]
pub struct PersonPage {
    /// What every page has.
    pub frame: Frame,
    /// The path to post to: the page's own.
    pub action: String,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Active, invited, ended.
    pub state: Pill,
    /// Member since.
    pub since: When,
    /// Last sign-in.
    pub last_seen: Option<When>,
    /// Roles, the present one chosen.
    pub roles: Vec<Selectable>,
    /// Possible managers, the present one chosen.
    pub managers: Vec<Selectable>,
    /// Groups to be in.
    pub groups: Vec<GroupTick>,
    /// The reader may change role, manager and groups.
    pub may_edit: bool,
    /// The reader may end the membership.
    pub may_end: bool,
    /// What ending would leave behind: "2 open tasks go to the fallback of their stage."
    pub end_note: String,
    /// What is wrong and what to do.
    pub error: Option<String>,
    /// A one-time link just made for this person, to be handed over; shown once.
    pub fresh_link: Option<String>,
}

/// A group with a box to tick.
#[derive(Debug, Clone)]
pub struct GroupTick {
    /// Id of the group.
    pub id: String,
    /// Name of the group.
    pub name: String,
    /// The person is in it.
    pub ticked: bool,
}

/// `/w/{slug}/groups`: posts `name` to itself.
#[derive(Debug, Clone, Template)]
#[template(path = "groups.html")]
pub struct Groups {
    /// What every page has.
    pub frame: Frame,
    /// By name.
    pub groups: Vec<GroupRow>,
    /// The reader may create groups.
    pub may_create: bool,
    /// What was typed before.
    pub name: String,
    /// What is wrong and what to do.
    pub error: Option<String>,
}

/// One group.
#[derive(Debug, Clone)]
pub struct GroupRow {
    /// Path of the group's page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// "3 people".
    pub size: String,
    /// Stages that ask it: "Purchase: Finance"; empty for none.
    pub used_by: String,
}

/// `/w/{slug}/groups/{id}`: posts to itself with `act` = `add` or `remove` and `person`.
#[derive(Debug, Clone, Template)]
#[template(path = "group.html")]
pub struct GroupPage {
    /// What every page has.
    pub frame: Frame,
    /// The path to post to: the page's own.
    pub action: String,
    /// Its name.
    pub name: String,
    /// Who is in it, by name.
    pub members: Vec<MemberRow>,
    /// Who could be added; empty hides the form.
    pub others: Vec<Selectable>,
    /// The reader may add and remove.
    pub may_edit: bool,
    /// What is wrong and what to do.
    pub error: Option<String>,
}

/// One member.
#[derive(Debug, Clone)]
pub struct MemberRow {
    /// Id of the person.
    pub person: String,
    /// Path of the person's page.
    pub href: String,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
}
