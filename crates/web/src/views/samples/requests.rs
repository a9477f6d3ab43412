//! Samples of the pages of the main job and of its mails.

use super::{at, flash, idle, no, ok, signed_in, wait};
use crate::views::*;

/// Home with three tasks and three requests.
#[must_use]
pub fn home(theme: Theme) -> Home {
    let mut frame = signed_in(theme, "Home", Nav::Home);
    frame.flash = flash(Tone::Ok, "You approved “Desk lamps”, revision 1. It goes on to Finance.");
    let row = |title: &str, stage: &str, from: &str, since: When, amount: Option<&str>, due| WaitingRow {
        href: "/w/northwind/requests/0193".to_owned(),
        title: title.to_owned(),
        stage: stage.to_owned(),
        from: from.to_owned(),
        since,
        amount: amount.map(str::to_owned),
        due,
    };
    let mine = |title: &str, place: &str, state| RequestRow {
        href: "/w/northwind/requests/0194".to_owned(),
        title: title.to_owned(),
        place: place.to_owned(),
        state,
    };
    Home {
        frame,
        greeting: "Good morning, Ana".to_owned(),
        waiting: vec![
            row(
                "Laptop for new hire",
                "Finance, two of three",
                "Tom Becker",
                at("10:31", "10:31"),
                Some("1,499.00 EUR"),
                Some(wait("today 17:00")),
            ),
            row(
                "Trip to Utrecht, 3 days",
                "Budget owner",
                "Mia Chen",
                at("09:05", "yesterday"),
                Some("640.00 EUR"),
                Some(no("2 h late")),
            ),
            row("Access to payroll reports", "System owner", "Lee Park", at("09:05", "09:05"), None, None),
        ],
        waiting_next: Some("/w/northwind/?after=abc".to_owned()),
        mine: vec![
            mine("Standing desk", "with Jonas Weber since Monday", wait("Line manager")),
            mine("Conference in Ghent", "Mia Chen asks for changes", no("Returned to you").with_sign("↩")),
            mine("Monitor, 27 inch", "approved on 3 November 2026", ok("Approved")),
            mine("Second phone", "rejected by Jonas Weber on 28 October 2026", no("Rejected").with_sign("✕")),
            mine("Old draft of a trip", "withdrawn by you on 21 October 2026", idle("Withdrawn")),
        ],
        mine_next: None,
        ends: Some(at("2026-12-11", "11 December 2026, 09:00 UTC")),
    }
}

/// Home on the first day.
#[must_use]
pub fn home_empty(theme: Theme) -> Home {
    let mut frame = signed_in(theme, "Home", Nav::Home);
    if let Some(workspace) = &mut frame.workspace {
        workspace.waiting_count = 0;
        workspace.may_people = false;
        workspace.may_audit = false;
        workspace.may_processes = false;
        workspace.may_workspaces = false;
    }
    Home {
        frame,
        greeting: "Good afternoon, Ana".to_owned(),
        waiting: Vec::new(),
        waiting_next: None,
        mine: Vec::new(),
        mine_next: None,
        ends: None,
    }
}

/// The catalogue with the three sample processes.
#[must_use]
pub fn catalogue(theme: Theme) -> Catalogue {
    let card = |key: &str, name: &str, summary: &str, path: &str| ProcessCard {
        start: format!("/w/northwind/new/{key}"),
        name: name.to_owned(),
        summary: summary.to_owned(),
        path: path.to_owned(),
    };
    Catalogue {
        frame: signed_in(theme, "Catalogue", Nav::Catalogue),
        processes: vec![
            card("access", "Access", "Get access to a system or a report", "Line manager and system owner, both"),
            card(
                "purchase",
                "Purchase",
                "Buy something for the company",
                "Line manager, then Finance from 5,000.00 EUR",
            ),
            card(
                "travel",
                "Travel",
                "Travel for work, with a permit before you book",
                "Supervisor, budget owner, director",
            ),
        ],
    }
}

/// The catalogue before anything is published.
#[must_use]
pub fn catalogue_empty(theme: Theme) -> Catalogue {
    Catalogue { frame: signed_in(theme, "Catalogue", Nav::Catalogue), processes: Vec::new() }
}

fn field(key: &str, label: &str, kind: FieldKind) -> Field {
    Field {
        key: key.to_owned(),
        label: label.to_owned(),
        help: None,
        required: true,
        kind,
        error: None,
        show_when: None,
    }
}

fn choices(chosen: &str, labels: &[&str]) -> Vec<Choice> {
    labels
        .iter()
        .map(|label| Choice {
            value: label.to_lowercase().replace(' ', "_"),
            label: (*label).to_owned(),
            chosen: *label == chosen,
        })
        .collect()
}

fn currencies() -> Vec<Choice> {
    ["EUR", "USD"].map(|code| Choice { value: code.to_owned(), label: code.to_owned(), chosen: code == "EUR" }).to_vec()
}

fn purchase_fields() -> Vec<Section> {
    let mut title =
        field("title", "Short title", FieldKind::Text { value: "Laptop for new hire".to_owned(), chars_max: Some(80) });
    title.help = Some("What people read in their lists.".to_owned());
    let category = field(
        "category",
        "Category",
        FieldKind::Choice { options: choices("Hardware", &["Hardware", "Software", "Consumables"]) },
    );
    let mut total =
        field("total", "Total", FieldKind::Money { amount: "1.499,00".to_owned(), currencies: currencies() });
    total.error = Some("Write the total with a point and two digits, such as 1499.00.".to_owned());
    let needed_by = field(
        "needed_by",
        "Needed by",
        FieldKind::Date { value: "2026-11-30".to_owned(), min: Some("2026-11-23".to_owned()), max: None },
    );
    let mut why_now =
        field("why_now", "Why so soon?", FieldKind::LongText { value: String::new(), chars_max: Some(2000) });
    why_now.show_when = Some(ShowWhen {
        text: "Only if Needed by is within 10 days.".to_owned(),
        rule_json: r#"{"cmp":{"field":"needed_by","op":"before","value":{"days_from_submit":3650}}}"#.to_owned(),
    });
    why_now.error = Some("Say why it is needed within 10 days.".to_owned());
    let mut pieces = field("pieces", "How many?", FieldKind::Integer { value: "1".to_owned() });
    pieces.help = Some("A whole number from 1 to 500.".to_owned());
    let centre = field(
        "cost_centre",
        "Cost centre",
        FieldKind::Choice { options: choices("", &["Research", "Sales", "Support", "Operations", "People", "Board"]) },
    );
    let mut person = field(
        "receiver",
        "Who receives it?",
        FieldKind::Person { options: choices("Lee Park", &["Jonas Weber", "Lee Park", "Mia Chen"]) },
    );
    person.required = false;
    let insured = field("insured", "Insure the delivery", FieldKind::Checkbox { ticked: true });
    vec![
        Section {
            key: "what".to_owned(),
            title: "What do you need?".to_owned(),
            fields: vec![title, category, total, needed_by, why_now],
        },
        Section {
            key: "where".to_owned(),
            title: "For whom?".to_owned(),
            fields: vec![pieces, centre, person, insured],
        },
    ]
}

/// A new purchase with two answers to put right.
#[must_use]
pub fn form_new(theme: Theme) -> RequestForm {
    let problem = |key: &str, text: &str| FormProblem { field_key: Some(key.to_owned()), text: text.to_owned() };
    let approval = |stage: &str, who: &str, condition: &str| Approval {
        stage: stage.to_owned(),
        who: who.to_owned(),
        condition: condition.to_owned(),
    };
    RequestForm {
        frame: signed_in(theme, "Purchase", Nav::Catalogue),
        headline: "Purchase".to_owned(),
        summary: "Buy something for the company".to_owned(),
        action: "/w/northwind/new/purchase".to_owned(),
        cancel: "/w/northwind/catalogue".to_owned(),
        submission_key: "01939f2c41d7".to_owned(),
        mode: FormMode::New,
        sections: purchase_fields(),
        problems: vec![
            problem("total", "Total: write it with a point and two digits, such as 1499.00."),
            problem("why_now", "Why so soon?: say why it is needed within 10 days."),
        ],
        approvals: vec![
            approval("Line manager", "Jonas Weber", ""),
            approval("Finance, two of the group", "Ana Ruiz, Lee Park, Sam Okoro", "from 5,000.00 EUR"),
        ],
    }
}

/// An edit that voids a decision.
#[must_use]
pub fn form_edit(theme: Theme) -> RequestForm {
    let mut form = form_new(theme);
    form.frame.title = "Edit Laptop for new hire".to_owned();
    form.headline = "Edit “Laptop for new hire”".to_owned();
    form.summary = "Purchase · PUR-7K3M9Q2D · revision 2".to_owned();
    form.action = "/w/northwind/requests/0193/edit".to_owned();
    form.mode = FormMode::Edit {
        revision_hash: "9f2c41d7e0aa83b1".to_owned(),
        next_revision: 3,
        voids: vec!["Mia Chen approved as line manager, Tuesday 10:31".to_owned()],
    };
    form.problems.clear();
    for section in &mut form.sections {
        for field in &mut section.fields {
            field.error = None;
        }
    }
    form
}

fn asked() -> Vec<AskedSection> {
    let row = |label: &str, value: &str| Asked {
        label: label.to_owned(),
        value: value.to_owned(),
        before: None,
        is_sum: false,
    };
    let mut total = row("Total", "1,499.00 EUR");
    total.is_sum = true;
    total.before = Some("1,399.00 EUR".to_owned());
    vec![AskedSection {
        title: String::new(),
        rows: vec![
            total,
            row("Category", "Hardware"),
            row("Needed by", "30 November 2026"),
            row("Why now", "Starts on the first; the spare pool is empty since the office move."),
            row("Who receives it", ""),
        ],
    }]
}

fn happened() -> Vec<Happening> {
    let line = |initials: &str, text: &str, clock: &str, detail: &str, quote: &str| Happening {
        initials: initials.to_owned(),
        text: text.to_owned(),
        when: at(clock, &format!("Tue {clock}")),
        detail: detail.to_owned(),
        quote: quote.to_owned(),
    };
    vec![
        line("TB", "Tom Becker handed it in", "09:14", "", ""),
        line("MC", "Mia Chen approved as line manager", "09:40", "", ""),
        line(
            "TB",
            "Tom Becker raised the total from 1,399.00 to 1,499.00 EUR",
            "10:02",
            "Revision 2. The earlier approval by Mia Chen no longer counted.",
            "",
        ),
        line("MC", "Mia Chen approved as line manager", "10:31", "", ""),
        line("TB", "Tom Becker commented", "10:40", "", "Vendor holds the price until Friday."),
    ]
}

fn rail() -> Vec<Stop> {
    let stop = |state, name: &str, who: &str, since, note: &str| Stop {
        state,
        name: name.to_owned(),
        who: who.to_owned(),
        since,
        note: note.to_owned(),
    };
    vec![
        stop(StopState::Done, "Line manager", "Mia Chen", Some(at("10:31", "Tue 10:31")), ""),
        stop(
            StopState::Now,
            "Finance, two of three",
            "You, Lee Park, Sam Okoro",
            Some(at("10:31", "since 10:31")),
            "2 of 2 still needed",
        ),
        stop(StopState::Next, "Place the order", "", None, ""),
    ]
}

/// A request that waits for the reader.
#[must_use]
pub fn request(theme: Theme) -> RequestPage {
    RequestPage {
        frame: signed_in(theme, "Laptop for new hire", Nav::Home),
        title: "Laptop for new hire".to_owned(),
        state: wait("Waiting for you"),
        process: "Purchase".to_owned(),
        number: "PUR-7K3M9Q2D".to_owned(),
        requester: "Tom Becker".to_owned(),
        handed_in: at("09:14", "Tuesday 09:14"),
        notice: None,
        stale: None,
        asked: asked(),
        decision: Some(DecisionCard {
            action: "/w/northwind/requests/0193/decide".to_owned(),
            task: "01939f2c".to_owned(),
            revision_hash: "9f2c41d7e0aa83b1".to_owned(),
            revision: 2,
            stage: "Finance, two of three".to_owned(),
            reason: String::new(),
            error: None,
        }),
        happened: happened(),
        comment: Some(CommentForm {
            action: "/w/northwind/requests/0193/comment".to_owned(),
            text: String::new(),
            submission_key: "01939f2c41d8".to_owned(),
            error: None,
        }),
        rail: rail(),
        seal: SealCard {
            revision: 2,
            hash: "9f2c41d7e0aa83b1".repeat(4),
            hash_short: "9f2c 41d7 e0aa 83b1".to_owned(),
            record_count: 5,
            audit: Some("/w/northwind/audit?request=PUR-7K3M9Q2D".to_owned()),
        },
        actions: RequestActions::default(),
    }
}

/// The same after a decision on an older revision was refused.
#[must_use]
pub fn request_stale(theme: Theme) -> RequestPage {
    let mut page = request(theme);
    page.stale = Some(StaleNotice {
        text: "Tom Becker saved revision 2 at 10:02 while you were reading revision 1.".to_owned(),
        changes: vec![
            Change { label: "Total".to_owned(), before: "1,399.00 EUR".to_owned(), after: "1,499.00 EUR".to_owned() },
            Change { label: "Why now".to_owned(), before: String::new(), after: "Starts on the first.".to_owned() },
        ],
    });
    if let Some(card) = &mut page.decision {
        card.error = Some("Say why you reject it, so that Tom Becker knows what to change.".to_owned());
    }
    page
}

/// The requester's own view of a returned request.
#[must_use]
pub fn request_returned(theme: Theme) -> RequestPage {
    let mut page = request(theme);
    page.state = no("Returned to you").with_sign("↩");
    page.decision = None;
    page.notice = Some(Notice {
        tone: Tone::Wait,
        title: "Mia Chen asks for changes".to_owned(),
        text: "Please add the quote of the vendor\nand the cost centre.".to_owned(),
    });
    page.actions = RequestActions {
        edit: Some("/w/northwind/requests/0193/edit".to_owned()),
        resubmit: Some("/w/northwind/requests/0193/resubmit".to_owned()),
        withdraw: Some("/w/northwind/requests/0193/withdraw".to_owned()),
    };
    if let Some(stop) = page.rail.last_mut() {
        stop.state = StopState::Next;
    }
    if let Some(stop) = page.rail.get_mut(1) {
        stop.state = StopState::Returned;
        stop.who = "Mia Chen".to_owned();
        stop.note = "waits for your answer".to_owned();
    }
    page
}

/// A task waits.
#[must_use]
pub fn task_mail() -> TaskMail {
    TaskMail {
        to_name: "Ana Ruiz".to_owned(),
        workspace_name: "Northwind".to_owned(),
        requester: "Tom Becker".to_owned(),
        process: "Purchase".to_owned(),
        number: "PUR-7K3M9Q2D".to_owned(),
        title: "Laptop for new hire".to_owned(),
        stage: "Finance, two of three".to_owned(),
        revision: 2,
        link: "https://countersign.example/w/northwind/requests/0193".to_owned(),
    }
}

/// A request was rejected.
#[must_use]
pub fn decided_mail() -> DecidedMail {
    let task = task_mail();
    DecidedMail {
        to_name: task.requester,
        workspace_name: task.workspace_name,
        number: task.number,
        title: task.title,
        outcome: "rejected".to_owned(),
        by: "Ana Ruiz".to_owned(),
        reason: "The spare pool is being filled this week.".to_owned(),
        link: task.link,
    }
}

/// A request came back.
#[must_use]
pub fn returned_mail() -> ReturnedMail {
    let task = task_mail();
    ReturnedMail {
        to_name: task.requester,
        workspace_name: task.workspace_name,
        number: task.number,
        title: task.title,
        by: "Mia Chen".to_owned(),
        reason: "Please add the quote of the vendor.".to_owned(),
        link: task.link,
    }
}

/// An invitation.
#[must_use]
pub fn invitation_mail() -> InvitationMail {
    InvitationMail {
        to_name: "Sam Okoro".to_owned(),
        workspace_name: "Northwind".to_owned(),
        by: "Ana Ruiz".to_owned(),
        role: "Member".to_owned(),
        link: "https://countersign.example/link/northwind/sample".to_owned(),
        expires: "24 November 2026, 10:31 CET".to_owned(),
    }
}

/// The mail with a checkpoint to be kept.
#[must_use]
pub fn checkpoint_mail() -> CheckpointMail {
    let key = "countersign.example/ws/0193/e1 Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=";
    CheckpointMail {
        to_name: "Ana Ruiz".to_owned(),
        workspace_name: "Northwind".to_owned(),
        note: format!(
            "countersign.example/ws/0193/e1\n70000\nIWqDtqKrQwmZFMZVXN4M9DQAmlt2SWzvbgQrAAkUXpE=\n\n\u{2014} {key}\n"
        ),
        link: "https://countersign.example/w/northwind/audit/log".to_owned(),
    }
}
