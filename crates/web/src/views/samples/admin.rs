//! Samples of the pages before sign-in and of those that keep a workspace in order.

use super::{at, idle, ok, outside, signed_in, wait};
use crate::views::*;

/// The question for the workspace, after a wrong answer.
#[must_use]
pub fn enter_workspace(theme: Theme) -> EnterWorkspace {
    EnterWorkspace {
        frame: outside(theme, "Which workspace?", Nav::Elsewhere),
        slug: "Northwind Ltd".to_owned(),
        error: Some(
            "A workspace's short name has lower-case letters, digits and hyphens, such as northwind.".to_owned(),
        ),
    }
}

/// Sign-in after a wrong password.
#[must_use]
pub fn sign_in(theme: Theme) -> SignIn {
    SignIn {
        frame: outside(theme, "Sign in", Nav::Elsewhere),
        slug: "northwind".to_owned(),
        next: "requests/0193".to_owned(),
        email: "ana@northwind.example".to_owned(),
        error: Some("E-mail and password do not belong together here. Check both and try again.".to_owned()),
    }
}

/// The button that uses a link.
#[must_use]
pub fn one_time_link(theme: Theme) -> OneTimeLink {
    OneTimeLink {
        frame: outside(theme, "Welcome", Nav::Elsewhere),
        action: "/link/northwind/sample".to_owned(),
        workspace_name: "Northwind".to_owned(),
        purpose: "Sign in as Ana Ruiz".to_owned(),
        expires: at("17:00", "today 17:00"),
    }
}

/// A new person chooses a password.
#[must_use]
pub fn set_password(theme: Theme) -> SetPassword {
    SetPassword {
        frame: outside(theme, "Choose a password", Nav::Elsewhere),
        action: "/link/northwind/sample".to_owned(),
        workspace_name: "Northwind".to_owned(),
        email: "sam@northwind.example".to_owned(),
        name: "Sam Okoro".to_owned(),
        chars_min: 12,
        skip: Some("/w/northwind/".to_owned()),
        name_error: None,
        password_error: Some("Many people use this password. Choose another one.".to_owned()),
    }
}

/// A link used twice.
#[must_use]
pub fn link_spent(theme: Theme) -> LinkSpent {
    LinkSpent {
        frame: outside(theme, "Link no longer works", Nav::Elsewhere),
        sign_in: Some("/w/northwind/sign-in".to_owned()),
    }
}

/// Nothing is here.
#[must_use]
pub fn error_page(theme: Theme) -> ErrorPage {
    ErrorPage {
        frame: signed_in(theme, "Not found", Nav::Elsewhere),
        status: 404,
        happened: "There is nothing here for you".to_owned(),
        what_to_do: "The address may be mistyped, or the page belongs to somebody else. Check the link, or go on from your home page.".to_owned(),
        request_id: "01939f2c-41d7-7e0a-a83b-19f2c41d7e0a".to_owned(),
        way_on: Some(("/w/northwind/".to_owned(), "Go to home".to_owned())),
    }
}

fn select(chosen: &str, labels: &[&str]) -> Vec<Selectable> {
    labels
        .iter()
        .map(|label| Selectable { value: label.to_lowercase(), label: (*label).to_owned(), chosen: *label == chosen })
        .collect()
}

/// Everybody, and an invitation just made.
#[must_use]
pub fn people(theme: Theme) -> People {
    let row = |name: &str, email: &str, role: &str, manager: &str, groups: &str, state| PersonRow {
        href: "/w/northwind/people/0193".to_owned(),
        name: name.to_owned(),
        email: email.to_owned(),
        role: role.to_owned(),
        manager: manager.to_owned(),
        groups: groups.to_owned(),
        state,
    };
    People {
        frame: signed_in(theme, "People", Nav::People),
        people: vec![
            row("Ana Ruiz", "ana@northwind.example", "Owner", "", "Finance, Purchasing", ok("Active")),
            row("Jonas Weber", "jonas@northwind.example", "Member", "Ana Ruiz", "", ok("Active")),
            row(
                "Mia Chen",
                "mia.chen.with.a.long.address@northwind.example",
                "Administrator",
                "Ana Ruiz",
                "Finance",
                ok("Active"),
            ),
            row("Sam Okoro", "sam@northwind.example", "Member", "Jonas Weber", "Finance", wait("Invited")),
            row("Tom Becker", "tom@northwind.example", "Member", "Jonas Weber", "", idle("Ended")),
        ],
        next: Some("/w/northwind/people?after=abc".to_owned()),
        invite: Some(InviteForm {
            email: String::new(),
            name: String::new(),
            roles: select("Member", &["Administrator", "Member", "Auditor"]),
            error: None,
            fresh_link: Some(
                "https://countersign.example/link/northwind/sample-secret-of-a-link-that-works-once".to_owned(),
            ),
        }),
    }
}

/// One person.
#[must_use]
pub fn person(theme: Theme) -> PersonPage {
    let tick = |name: &str, ticked| GroupTick { id: name.to_lowercase(), name: name.to_owned(), ticked };
    PersonPage {
        frame: signed_in(theme, "Mia Chen", Nav::People),
        action: "/w/northwind/people/0193".to_owned(),
        name: "Mia Chen".to_owned(),
        email: "mia@northwind.example".to_owned(),
        state: ok("Active"),
        since: at("09:00", "3 March 2025"),
        last_seen: Some(at("09:40", "today 09:40")),
        roles: select("Administrator", &["Owner", "Administrator", "Member", "Auditor"]),
        managers: select("Ana Ruiz", &["Ana Ruiz", "Jonas Weber"]),
        groups: vec![tick("Finance", true), tick("Purchasing", false)],
        may_edit: true,
        may_end: true,
        end_note: "2 open tasks go to the fallback of their stage.".to_owned(),
        error: None,
        fresh_link: None,
    }
}

/// Two groups.
#[must_use]
pub fn groups(theme: Theme) -> Groups {
    let row = |name: &str, size: &str, used_by: &str| GroupRow {
        href: "/w/northwind/groups/0193".to_owned(),
        name: name.to_owned(),
        size: size.to_owned(),
        used_by: used_by.to_owned(),
    };
    Groups {
        frame: signed_in(theme, "Groups", Nav::Groups),
        groups: vec![row("Finance", "3 people", "Asked by Purchase: Finance"), row("Research", "1 person", "")],
        may_create: true,
        name: "Finance".to_owned(),
        error: Some("There is a group of that name already. Choose another name.".to_owned()),
    }
}

/// A group of two.
#[must_use]
pub fn group(theme: Theme) -> GroupPage {
    let member = |name: &str, email: &str| MemberRow {
        person: email.to_owned(),
        href: "/w/northwind/people/0193".to_owned(),
        name: name.to_owned(),
        email: email.to_owned(),
    };
    GroupPage {
        frame: signed_in(theme, "Finance", Nav::Groups),
        action: "/w/northwind/groups/0193".to_owned(),
        name: "Finance".to_owned(),
        members: vec![member("Ana Ruiz", "ana@northwind.example"), member("Mia Chen", "mia@northwind.example")],
        others: select("", &["Jonas Weber", "Lee Park"]),
        may_edit: true,
        error: None,
    }
}

/// Five records.
#[must_use]
pub fn audit(theme: Theme) -> Audit {
    let row = |clock: &str, who: &str, action: &str, detail: &str| AuditRow {
        when: at(clock, &format!("Tue {clock}")),
        who: who.to_owned(),
        on_behalf: String::new(),
        action: action.to_owned(),
        target: "Laptop for new hire".to_owned(),
        target_href: Some("/w/northwind/requests/0193".to_owned()),
        detail: detail.to_owned(),
        href: "/w/northwind/audit/0193".to_owned(),
        mark: ok("in the signed log"),
    };
    let mut for_another = row("10:31", "Mia Chen", "approved", "Line manager · page");
    for_another.on_behalf = "Jonas Weber".to_owned();
    let mut courier = row("10:31", "Courier", "sent a mail", "task waiting");
    courier.target_href = None;
    courier.target = "Ana Ruiz".to_owned();
    let action = |value: &str, words: &str, chosen| (value.to_owned(), words.to_owned(), chosen);
    Audit {
        frame: signed_in(theme, "Audit", Nav::Audit),
        filter: AuditFilter {
            actions: vec![
                action("", "All actions", true),
                action("request.submitted", "handed in", false),
                action("request.decided", "decided", false),
            ],
            who: AuditField { value: "mia@northwind.example".to_owned(), error: None },
            request: AuditField { value: "PUR-7K3M9Q2D".to_owned(), error: None },
            from: AuditField { value: "2026-11-27T08:00".to_owned(), error: None },
            until: AuditField {
                value: "noon".to_owned(),
                error: Some("Write a day as 2026-11-27 or a minute as 2026-11-27T16:30.".to_owned()),
            },
        },
        rows: vec![
            row("10:40", "Tom Becker", "commented on", ""),
            courier,
            for_another,
            row("10:02", "Tom Becker (token “ERP”)", "edited", "revision 2 · API"),
            row("09:14", "Tom Becker", "handed in", "revision 1 · page"),
        ],
        next: Some("/w/northwind/audit?cursor=abc".to_owned()),
        may_erase: true,
        stands: Stands::of("countersign.example/ws/0193/e1\n70000\nIWqDtqKrQwmZFMZVXN4M9DQAmlt2SWzvbgQrAAkUXpE=\n"),
    }
}

/// A log with something wrong, kept nowhere and cosigned by one witness.
#[must_use]
pub fn audit_log(theme: Theme) -> AuditLog {
    let anchor = |name: &str, text: &str, when: Option<When>, state| Anchor {
        name: name.to_owned(),
        text: text.to_owned(),
        when,
        state,
    };
    let id = "0198f0c4-7a51-7d3b-9a44-3f1c2b5d6e70";
    AuditLog {
        frame: signed_in(theme, "The log", Nav::Audit),
        stands: Some((70_000, "countersign.example/ws/0193/e2".to_owned(), at("10:40", "1 min ago"))),
        began: vec![(
            at("08:30", "131 min ago"),
            "Epoch 2, because the database was put back to an earlier state: 3 records that had been signed are lost."
                .to_owned(),
        )],
        running: None,
        lost: Some(at("10:00", "41 min ago")),
        verdict: Some(LogVerdict {
            at: at("09:12", "89 min ago"),
            failed: None,
            origin: "countersign.example/ws/0193/e1".to_owned(),
            records: 69_998,
            signed: 69_998,
            intact: 69_996,
            waiting: 1,
            wrong: 30,
            findings: vec![
                Finding {
                    record: Some((id.to_owned(), format!("/w/northwind/audit/{id}"))),
                    text: "(leaf 46666) is not what its leaf says".to_owned(),
                },
                Finding { record: None, text: "Leaf 5 is missing".to_owned() },
            ],
            more: 28,
        }),
        error: Some("The server recomputes 2 logs already; come again in a minute".to_owned()),
        is_mailed: false,
        minutes_max: 60,
        anchors: vec![
            anchor("A checkpoint that you keep", "None was taken out of this workspace yet.", None, idle("none")),
            anchor("The deployment's log", "The newest one came", Some(at("10:41", "10 s ago")), ok("alive")),
        ],
    }
}

/// A log that is being recomputed.
#[must_use]
pub fn audit_log_running(theme: Theme) -> AuditLog {
    let stopped = audit_log(theme);
    AuditLog { running: Some(Verifying::new(12_288, 70_000)), lost: None, error: None, verdict: None, ..stopped }
}

/// Two processes.
#[must_use]
pub fn processes(theme: Theme) -> Processes {
    let version = |number, state, text: &str| VersionRow {
        number,
        hash_short: "41d7 e0aa 83b1 9f2c".to_owned(),
        state,
        when: at("09:00", text),
        who: "Ana Ruiz".to_owned(),
        href: format!("/w/northwind/processes/purchase?version={number}"),
    };
    let process = |key: &str, name: &str, summary: &str, versions| ProcessRow {
        href: format!("/w/northwind/processes/{key}"),
        key: key.to_owned(),
        name: name.to_owned(),
        summary: summary.to_owned(),
        versions,
    };
    Processes {
        frame: signed_in(theme, "Processes", Nav::Processes),
        processes: vec![
            process(
                "access",
                "Access",
                "Get access to a system or a report",
                vec![version(1, ok("Published"), "3 March 2025")],
            ),
            process(
                "purchase",
                "Purchase",
                "Buy something for the company",
                vec![version(2, ok("Published"), "12 October 2026"), version(1, idle("Retired"), "3 March 2025")],
            ),
        ],
        new: Some("/w/northwind/processes/new".to_owned()),
    }
}

/// A document with two findings.
#[must_use]
pub fn process_edit(theme: Theme) -> ProcessEdit {
    let problem = |pointer: &str, text: &str| ProcessProblem { pointer: pointer.to_owned(), text: text.to_owned() };
    ProcessEdit {
        frame: signed_in(theme, "Purchase", Nav::Processes),
        action: "/w/northwind/processes/purchase".to_owned(),
        headline: "Purchase".to_owned(),
        version: "Version 2, published on 12 October 2026 by Ana Ruiz".to_owned(),
        base_hash: "41d7e0aa83b19f2c".to_owned(),
        document: "{\n  \"schema\": 1,\n  \"key\": \"purchase\",\n  \"name\": \"Purchase\",\n  \"form\": { \"sections\": [] }\n}".to_owned(),
        problems: vec![
            problem("/form/sections", "The form has no section. Add at least one with one field."),
            problem("/routes/manager/1", "The route leads to “finanse”, which is no stage. Write the key of a stage."),
        ],
        may_publish: true,
    }
}

/// Three streams, and a form that was sent with a mistake.
#[must_use]
pub fn streams(theme: Theme) -> Streams {
    let row = |name: &str, to: &str, state, lag: &str, last_sent, dead| StreamLine {
        href: "/w/northwind/streams/0193".to_owned(),
        name: name.to_owned(),
        to: to.to_owned(),
        state,
        lag: lag.to_owned(),
        last_sent,
        dead,
    };
    let sent = Some(at("10:02", "2 min ago"));
    Streams {
        frame: signed_in(theme, "Streams", Nav::Audit),
        streams: vec![
            row("SIEM", "https://siem.northwind.example/in", ok("active"), "nothing", sent.clone(), 0),
            row("Archive", "https://s3.example.org/trail/", idle("paused"), "1,204 records, 5 h", sent, 0),
            row("Old collector", "syslog.northwind.example:6514", wait("stands still"), "40 records, 9 min", None, 1),
        ],
        may_add: true,
        typed: StreamTyped {
            receiver: "webhook".to_owned(),
            name: "Second SIEM".to_owned(),
            url: "http://siem.northwind.example/in".to_owned(),
            ..StreamTyped::default()
        },
        error: Some("The address must begin with https.".to_owned()),
    }
}

/// A stream that stands still, after a test and with a fresh secret.
#[must_use]
pub fn stream(theme: Theme) -> StreamPage {
    let fact = |label: &str, value: &str| (label.to_owned(), value.to_owned());
    StreamPage {
        frame: signed_in(theme, "SIEM", Nav::Audit),
        action: "/w/northwind/streams/0193".to_owned(),
        name: "SIEM".to_owned(),
        state: wait("stands still"),
        state_text: "The receiver answered HTTP 413. It stands still until somebody lets it go on; nothing is lost."
            .to_owned(),
        facts: vec![
            fact("Goes to", "https://siem.northwind.example/in"),
            fact("Format", "lines of an export, with proof"),
            fact("Made", "3 November 2026"),
            fact("Next record", "501"),
            fact("Behind", "1,204 records, 9 min"),
        ],
        last_sent: Some(at("10:02", "9 min ago")),
        next_try: None,
        vkey: Some(
            "sign.northwind.example/ws/6f9619ff-8b86-4d01-b42d-00c04fc964ff/e1+0a1b2c3d+AQIDBAUGBwgJ".to_owned(),
        ),
        may_change: true,
        can_pause: false,
        can_resume: true,
        can_skip: Some("records 501 to 1000".to_owned()),
        can_rotate: true,
        dead: vec![DeadLine {
            when: at("10:11", "just now"),
            records: "records 501 to 1000".to_owned(),
            why: "The receiver answered HTTP 413.".to_owned(),
            state: wait("waits"),
        }],
        fresh: Some("whsec_sample_shown_once_and_not_a_secret_of_any_installation".to_owned()),
        tested: Some(Tested {
            is_taken: false,
            text: "The test event did not arrive: the receiver answered HTTP 413.".to_owned(),
            said: String::new(),
        }),
    }
}

/// Two tokens and a fresh one.
#[must_use]
pub fn tokens(theme: Theme) -> Tokens {
    let row = |label: &str, last_used, text: &str| TokenRow {
        id: label.to_lowercase(),
        label: label.to_owned(),
        prefix: "csk_7K3M9Q2D".to_owned(),
        scopes: "requests:read, requests:write".to_owned(),
        last_used,
        expires: at("09:00", text),
    };
    let scope = |name: &str, help: &str, ticked| ScopeTick { name: name.to_owned(), help: help.to_owned(), ticked };
    Tokens {
        frame: signed_in(theme, "API tokens", Nav::Tokens),
        tokens: vec![
            row("ERP", Some(at("10:02", "today 10:02")), "17 December 2026"),
            row("Nightly report", None, "24 November 2026"),
        ],
        scopes: vec![
            scope("requests:read", "read requests you may see", true),
            scope("requests:write", "hand in, edit, comment, withdraw", false),
            scope("decisions:write", "decide where you are asked", false),
        ],
        label: String::new(),
        error: None,
        fresh: Some(FreshToken {
            label: "Warehouse".to_owned(),
            secret: "csk_sample_shown_once_and_not_a_token_of_any_installation".to_owned(),
        }),
    }
}

/// Two workspaces.
#[must_use]
pub fn workspaces(theme: Theme) -> Workspaces {
    let row = |slug: &str, state| WorkspaceRow { slug: slug.to_owned(), created: at("09:00", "3 March 2025"), state };
    Workspaces {
        frame: signed_in(theme, "Workspaces", Nav::Workspaces),
        workspaces: vec![row("northwind", ok("Active")), row("sample", ok("Active"))],
        slug: "northwind".to_owned(),
        name: "Northwind".to_owned(),
        owner_email: String::new(),
        error: Some("A workspace with that short name exists. Choose another one.".to_owned()),
        fresh_link: None,
    }
}

/// One record with its proof.
#[must_use]
pub fn record(theme: Theme) -> RecordPage {
    let row = audit(theme).rows.swap_remove(0);
    RecordPage {
        frame: signed_in(theme, "Record", Nav::Audit),
        row,
        id: "0193f0c4-7a10-7c3e-9a4e-0d4f6b2a9c11".to_owned(),
        facts: vec![("Address".to_owned(), "192.0.2.7".to_owned()), ("Device".to_owned(), "Firefox".to_owned())],
        changes: vec![("Manager".to_owned(), "Ana Ruiz".to_owned(), "Mia Chen".to_owned())],
        proof: Some(RecordProof {
            origin: "sign.example.org/ws/6f9619ff-8b86-4d01-b42d-00c04fc964ff/e1".to_owned(),
            number: 46_667,
            size: 70_000,
            entry: "{\"action\":\"request.approve\",\"class\":1,\"e\":1}".to_owned(),
            holds: true,
            href: "/w/northwind/audit/0193/proof".to_owned(),
        }),
    }
}
