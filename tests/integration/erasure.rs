//! Erasure of what records hold: what was ordered goes and cannot come back, everything else stays, and every proof holds.

use identity::people;
use ledger::Eraser;
use ledger::live::Report;
use tenancy::erasure::{self, OrderError, Subject};
use tenancy::policy::{EndPerson, OrderErasure};
use tenancy::{ErasureId, Error, PersonId, RecordId, Whole, trail};
use testkit::{Workspace, approve, purchase, submit};
use uuid::Uuid;

use crate::ledger::{Export, House, view};
use crate::support::count;

/// A house in which a manager approved a request and left.
async fn left() -> (House, PersonId) {
    let house = House::with(2).await;
    let north = &house.north;
    let request = submit(north, "member", "purchase", &purchase("Desk", "10.00")).await.unwrap();
    approve(north, "manager", &request).await;
    let manager = north.person("manager");
    let (mut scope, permit) = north.permit::<EndPerson>("owner", manager).await.unwrap();
    people::end(&mut scope, permit).await.unwrap();
    drop(scope.commit().await.unwrap());
    house.tick().await;
    (house, manager)
}

async fn order(north: &Workspace, who: &str, subject: Subject) -> Result<ErasureId, OrderError> {
    let (mut scope, permit) = north.permit::<OrderErasure>(who, Whole).await?;
    let id = erasure::order(&mut scope, permit, subject).await?;
    drop(scope.commit().await?);
    Ok(id)
}

async fn report(house: &House) -> Report {
    let (scope, permit) = view(&house.north).await;
    let report = ledger::live::verify(&house.t.db, &scope, &permit, |_, _| {}).await.unwrap();
    scope.finish();
    report
}

fn eraser(house: &House) -> Eraser {
    Eraser::new(house.t.db.clone())
}

/// Records whose person part stands under this person's own key.
async fn held_of(house: &House, person: PersonId) -> i64 {
    let sql = format!(
        "SELECT count(*) FROM audit.record r JOIN countersign.person p ON p.workspace_id = r.workspace_id AND p.audit_key_no = r.person_key_no
         WHERE p.person_id = '{person}' AND r.person_part IS NOT NULL"
    );
    count(&house.t, &sql).await
}

#[tokio::test]
async fn a_person_is_erased_and_every_proof_made_before_still_holds() {
    let (house, manager) = left().await;
    let north = &house.north;
    let held = held_of(&house, manager).await;
    assert!(held >= 2, "an approval and a sign-in by link: {held}");
    let before = house.export().await;
    let keys = before.text("vkey");
    let rows = house
        .t
        .owner
        .query("SELECT rec, person_part FROM audit.record WHERE actor_id = $1 ORDER BY id", &[&manager.uuid()])
        .await
        .unwrap();
    let (rec, sealed): (Uuid, Vec<u8>) = (rows[0].get(0), rows[0].get(1));
    let (scope, permit) = view(north).await;
    let row = trail::one(&scope, &permit, RecordId::from_uuid(rec)).await.unwrap().unwrap();
    let proof = ledger::proof::prove(&scope, &permit, &row).await.unwrap().unwrap();
    scope.finish();

    order(north, "owner", Subject::Person(manager)).await.unwrap();
    assert_eq!(eraser(&house).look(true).await.unwrap(), 2, "the keys, then the parts");
    assert_eq!(eraser(&house).look(true).await.unwrap(), 0, "and nothing twice");
    house.tick().await;

    assert_eq!(held_of(&house, manager).await, 0);
    let named = format!("SELECT count(*) FROM audit.record WHERE actor_id = '{manager}'");
    assert_eq!(count(&house.t, &named).await, 0, "no index leads to them");
    let found = report(&house).await;
    assert_eq!(
        (found.findings.as_slice(), found.erased, found.under_way),
        ([].as_slice(), u64::try_from(held).unwrap(), 0)
    );
    let envelope = seal::Sealed::<seal::columns::AuditPersonPart>::from_envelope(sealed);
    for node in [house.t.db.clone(), house.t.another_node()] {
        let opened = node.keys(north.id).await.unwrap().open(RecordId::from_uuid(rec).bytes(), &envelope);
        assert!(matches!(opened, Err(seal::Error::DoesNotOpen)), "what a backup of the database holds does not open");
    }
    let file = tlog::ProofFile::parse(proof.file.as_bytes()).unwrap();
    let log_key = tlog::VerifierKey::parse(keys.lines().next().unwrap()).unwrap();
    file.verify(proof.entry.as_bytes(), &[log_key], &[]).unwrap();
    before.verify(Some(&keys), &[]).unwrap();

    let after = house.export().await;
    let verdict = after.verify(Some(&keys), &[before.text("checkpoint")]).unwrap();
    assert_eq!(verdict.erased, u64::try_from(held).unwrap());
    assert!(
        verdict
            .words()
            .contains(&format!("{held} parts were erased, each as a record of this log says; 0 are missing"))
    );
    assert!(
        !after.text("records.ndjson").contains(&manager.to_string()[..])
            || after.text("records.ndjson").contains("target")
    );
    let (scope, permit) = view(north).await;
    let row = trail::one(&scope, &permit, RecordId::from_uuid(rec)).await.unwrap().unwrap();
    assert_eq!(
        (row.actor, row.actor_kind.as_str(), row.ip.as_str(), row.device.as_str()),
        (None, "erased", "erased", "erased")
    );
    assert!(row.context.is_object(), "what was done stays");
    let others = trail::list(&scope, &permit, &trail::TrailFilter::default(), 200).await.unwrap();
    assert!(
        others.iter().any(|row| row.actor == Some(north.person("member")) && row.ip != "erased"),
        "others still open"
    );
    scope.finish();
}

/// A change of an export that was made after an erasure; each is refused.
pub(crate) type Change = fn(&Export);

pub(crate) const LIES: [(&str, Change); 6] = [
    ("one more part is said to be erased", |e| {
        edit(e, |lines| {
            let line = lines.iter_mut().find(|line| line.contains("\"actor\"")).unwrap();
            let (head, _) = line.split_once("\"shown\"").unwrap();
            let head = head.to_owned();
            *line = format!("{{\"erased\":{{\"person\":1}},{}\"shown\":{{}}}}", &head[1..]);
        });
    }),
    ("an erased part is passed over in silence", |e| {
        edit(e, |lines| {
            let line = lines.iter_mut().find(|line| line.contains("\"erased\":")).unwrap();
            let at = line.find("\"erased\":").unwrap();
            let end = line[at..].find('}').unwrap() + at + 2;
            line.replace_range(at..end, "");
        });
    }),
    ("another key", |e| replace_all(e, "\"person\":", "\"person\":9")),
    ("a part that there is none of", |e| replace_all(e, "{\"person\":", "{\"persons\":")),
    ("the erasure does not show of what", |e| {
        edit(e, |lines| {
            let line = lines.iter_mut().find(|line| line.contains("audit.erased")).unwrap();
            let (head, _) = line.split_once("\"shown\"").unwrap();
            *line = format!("{head}\"shown\":{{}}}}");
        });
    }),
    ("a negative key", |e| replace_all(e, "{\"person\":", "{\"person\":-")),
];

fn edit(export: &Export, change: impl FnOnce(&mut Vec<String>)) {
    let text = export.text("records.ndjson");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    std::fs::write(export.path("records.ndjson"), lines.join("\n") + "\n").unwrap();
}

fn replace_all(export: &Export, from: &str, to: &str) {
    let text = export.text("records.ndjson");
    assert!(text.contains(from), "{from}");
    std::fs::write(export.path("records.ndjson"), text.replace(from, to)).unwrap();
}

/// An export of a log from which a person was erased, and how many parts are gone.
pub(crate) async fn erased_export() -> (Export, u64) {
    let (house, manager) = left().await;
    order(&house.north, "owner", Subject::Person(manager)).await.unwrap();
    eraser(&house).look(true).await.unwrap();
    house.tick().await;
    let export = house.export().await;
    let erased = export.verify(None, &[]).unwrap().erased;
    (export, erased)
}

#[tokio::test]
async fn what_an_export_says_was_erased_must_be_what_the_log_says() {
    let (whole, erased) = erased_export().await;
    assert!(erased > 0);
    let keys = whole.text("vkey");
    for (what, change) in LIES {
        let copy = whole.copied();
        copy.verify(Some(&keys), &[]).unwrap();
        change(&copy);
        let refused = copy.verify(Some(&keys), &[]);
        assert!(refused.is_err(), "{what}: {refused:?}");
        println!("{what}: {}", refused.unwrap_err());
    }
}

#[tokio::test]
async fn what_may_not_be_erased_is_refused_by_name() {
    let (house, manager) = left().await;
    let north = &house.north;
    let next_century = Subject::Month("2126-11-01".parse().unwrap());
    assert!(matches!(
        order(north, "member", Subject::Person(manager)).await,
        Err(OrderError::Tenancy(Error::Forbidden))
    ));
    assert!(matches!(order(north, "owner", Subject::Person(north.person("member"))).await, Err(OrderError::StillHere)));
    assert!(matches!(order(north, "owner", Subject::Person(PersonId::random())).await, Err(OrderError::Unknown)));
    let foreign = house.south.person("manager");
    assert!(matches!(order(north, "owner", Subject::Person(foreign)).await, Err(OrderError::Unknown)), "a neighbour's");
    assert!(matches!(order(north, "owner", next_century).await, Err(OrderError::NotOver)));
    let long_ago = Subject::Month("2001-01-01".parse().unwrap());
    assert!(matches!(order(north, "owner", long_ago).await, Err(OrderError::Nothing)));
    order(north, "owner", Subject::Person(manager)).await.unwrap();
    assert!(matches!(order(north, "owner", Subject::Person(manager)).await, Err(OrderError::UnderWay)));
    eraser(&house).look(true).await.unwrap();
    assert!(matches!(order(north, "owner", Subject::Person(manager)).await, Err(OrderError::Nothing)), "it is done");
    house.tick().await;
    assert_eq!(report(&house).await.findings, [""; 0]);
}

/// The server dies behind each step; what was begun is under way and no alarm, and is ended later.
#[tokio::test]
async fn a_crash_between_the_steps_is_made_good() {
    let (house, manager) = left().await;
    let north = house.north.id;
    let id = order(&house.north, "owner", Subject::Person(manager)).await.unwrap();
    let db = &house.t.db;
    assert_eq!(db.carry_out(north, id).await.unwrap(), erasure::Step::Shredded);
    house.tick().await;
    let found = report(&house).await;
    assert_eq!(
        (found.findings.as_slice(), found.under_way),
        ([].as_slice(), 1),
        "the parts do not open, and an order says so"
    );
    let (scope, permit) = view(&house.north).await;
    let listed = trail::list(&scope, &permit, &trail::TrailFilter::default(), 200).await.unwrap();
    assert!(listed.iter().any(|row| row.ip == "does not open"), "the list is there meanwhile");
    let out = tempfile::tempdir().unwrap();
    let refused = ledger::export::export(db, house.south.id, &scope, &permit, out.path()).await.unwrap_err();
    assert!(matches!(refused, ledger::export::ExportError::Erasing), "{refused}");
    scope.finish();
    // The keys were destroyed and the order does not know: the step is made again.
    let again = format!("UPDATE countersign.erasure SET shredded_at = NULL WHERE erasure_id = '{id}'");
    house.t.owner.batch_execute(&again).await.unwrap();
    assert_eq!(db.carry_out(north, id).await.unwrap(), erasure::Step::Shredded);
    assert!(matches!(db.carry_out(north, id).await.unwrap(), erasure::Step::Erased(records) if records > 0));
    assert_eq!(db.carry_out(north, id).await.unwrap(), erasure::Step::Nothing);
    let found = report(&house).await;
    assert_eq!(found.findings, [""; 0], "its record has no leaf yet, and that is no alarm");
    house.tick().await;
    assert!(report(&house).await.erased > 0);
}

/// A part that an act under way wrote late is erased as well; one that somebody removes by hand is found.
#[tokio::test]
async fn what_comes_late_is_erased_and_what_goes_by_hand_is_found() {
    let (house, manager) = left().await;
    let saved = "CREATE TABLE public.saved AS SELECT * FROM audit.record WHERE workspace_id = $north";
    house.break_in(saved).await;
    order(&house.north, "owner", Subject::Person(manager)).await.unwrap();
    eraser(&house).look(true).await.unwrap();
    house.tick().await;
    house
        .break_in(&format!(
            "UPDATE audit.record r SET person_part = s.person_part, actor_id = s.actor_id FROM public.saved s
             WHERE s.rec = r.rec AND r.workspace_id = $north AND s.actor_id = '{manager}'"
        ))
        .await;
    assert_eq!(eraser(&house).look(false).await.unwrap(), 0, "what was carried out is looked at once a minute");
    assert_eq!(eraser(&house).look(true).await.unwrap(), 1, "looked for once more");
    house.tick().await;
    let found = report(&house).await;
    assert_eq!(found.findings, [""; 0], "the later record of erasure speaks of all");
    house
        .break_in(&format!(
            "UPDATE audit.record SET person_part = NULL, actor_id = NULL WHERE workspace_id = $north AND id =
               (SELECT max(id) FROM audit.record WHERE workspace_id = $north AND actor_id = '{}')",
            house.north.person("member")
        ))
        .await;
    let found = report(&house).await;
    assert!(found.findings.iter().any(|finding| finding.contains("no erasure says why")), "{:?}", found.findings);
    let (scope, permit) = view(&house.north).await;
    let out = tempfile::tempdir().unwrap();
    let refused = ledger::export::export(&house.t.db, house.south.id, &scope, &permit, out.path()).await.unwrap_err();
    assert!(matches!(refused, ledger::export::ExportError::Damaged(_)), "{refused}");
    scope.finish();
}

#[tokio::test]
async fn a_month_is_erased_with_what_was_done_in_it_and_who_did_it_stays() {
    let (house, _) = left().await;
    let north = house.north.id;
    // The month is not over, so the order is written by hand; everything behind it is the product's.
    let id = Uuid::now_v7();
    let sql = format!(
        "INSERT INTO countersign.erasure (workspace_id, erasure_id, part, subject, key_nos)
         SELECT '{north}', '{id}', 'period', gen_random_uuid(), array_agg(DISTINCT period_key_no)
         FROM audit.record WHERE workspace_id = '{north}'"
    );
    house.t.owner.batch_execute(&sql).await.unwrap();
    let before = house.export().await;
    let keys = before.text("vkey");
    assert_eq!(eraser(&house).look(true).await.unwrap(), 2);
    house.tick().await;
    let found = report(&house).await;
    assert_eq!(found.findings, [""; 0]);
    assert!(found.erased > 5);
    let after = house.export().await;
    assert_eq!(after.verify(Some(&keys), &[before.text("checkpoint")]).unwrap().erased, found.erased);
    let (scope, permit) = view(&house.north).await;
    let rows = trail::list(&scope, &permit, &trail::TrailFilter::default(), 200).await.unwrap();
    scope.finish();
    let submitted = rows.iter().find(|row| row.action == "request.submit").unwrap();
    assert_eq!((submitted.actor, submitted.target), (Some(house.north.person("member")), None));
    assert!(submitted.context.is_null(), "{submitted:?}");
    let kept = rows.iter().find(|row| row.action == "audit.erased").unwrap();
    assert!(kept.context.is_object(), "what says why is of another class and stays");
}

/// Parts go through the one function, for what was ordered, in the custodian's name.
#[tokio::test]
async fn nobody_else_clears_a_part() {
    let (house, manager) = left().await;
    let north = house.north.id;
    let id = order(&house.north, "owner", Subject::Person(manager)).await.unwrap();
    let setting = format!("SET app.workspace_id = '{north}'");
    let clear = "UPDATE audit.record SET person_part = NULL, actor_id = NULL";
    let erase = format!("SELECT audit.erase_part('{id}', 10)");
    for (role, sql) in [
        ("countersign_app", clear),
        ("countersign_app", &erase),
        ("countersign_worker", &erase),
        ("countersign_integrator", &erase),
        ("countersign_operator", &erase),
        ("countersign_custody", clear),
        // Ordered, and its keys are still there.
        ("countersign_custody", &erase),
        ("countersign_custody", "SELECT audit.erase_part(gen_random_uuid(), 10)"),
        ("countersign_custody", "DELETE FROM audit.record"),
    ] {
        let client = house.t.connect_as(role).await;
        client.batch_execute(&setting).await.unwrap();
        let refused = client.batch_execute(sql).await.unwrap_err();
        assert_eq!(refused.code().map(|code| code.code()), Some("42501"), "{role}: {sql}: {refused:?}");
    }
    for sql in [
        "UPDATE audit.record SET action = 'x'",
        "UPDATE audit.record SET person_part = NULL, action = 'x'",
        "UPDATE audit.record SET person_part = NULL, person_key_no = 7",
        "UPDATE audit.record SET actor_id = NULL",
        "UPDATE audit.record SET person_part = '\\x00'",
        "DELETE FROM audit.record",
    ] {
        let all = format!("{setting}; SET ROLE countersign_owner; {sql}");
        let refused = house.t.owner.batch_execute(&all).await.unwrap_err();
        assert_eq!(refused.code().map(|code| code.code()), Some("42501"), "as the owner: {sql}");
        house.t.owner.batch_execute("RESET ROLE").await.unwrap();
    }
    let refused = house.t.owner.batch_execute(clear).await.unwrap_err();
    assert_eq!(refused.code().map(|code| code.code()), Some("42501"), "as a superuser in the superuser's name");
    let south = house.t.connect_as("countersign_custody").await;
    south.batch_execute(&format!("SET app.workspace_id = '{}'", house.south.id)).await.unwrap();
    house.t.db.carry_out(north, id).await.unwrap();
    let refused = south.batch_execute(&erase).await.unwrap_err();
    assert_eq!(refused.code().map(|code| code.code()), Some("42501"), "an order of another workspace");
}
