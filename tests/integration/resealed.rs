//! What only one comparison of the live verification shows: values that open and were not committed to, and a log that agrees
//! with itself and not with its note.

use crate::ledger::House;

/// Values that were sealed anew under the right key, for the right record: they open, and are not what was committed to.
#[tokio::test]
async fn values_that_open_and_were_not_committed_to_are_seen() {
    let house = House::with(1).await;
    let newest =
        "SELECT rec, person_part, person_key_no FROM audit.record WHERE workspace_id = $1 ORDER BY id DESC LIMIT 1";
    let row = house.t.owner.query_one(newest, &[&house.north.id.uuid()]).await.unwrap();
    let rec = tenancy::RecordId::from_uuid(row.get(0));
    let keys = house.t.db.keys(house.north.id).await.unwrap();
    let sealed = seal::Sealed::<seal::columns::AuditPersonPart>::from_envelope(row.get(1));
    let opened = String::from_utf8(keys.open(rec.bytes(), &sealed).unwrap().to_vec()).unwrap();
    let other = opened.replace("127.0.0.1", "127.0.0.2");
    assert_ne!(opened, other);
    let number = u32::try_from(row.get::<_, i32>(2)).unwrap();
    let other = other.into_bytes();
    let sealed = keys.seal_under::<seal::columns::AuditPersonPart>(number, rec.bytes(), &other).unwrap();
    let hex = data_encoding::HEXLOWER.encode(&sealed.into_bytes());
    house.break_in(&format!("UPDATE audit.record SET person_part = '\\x{hex}' WHERE rec = '{rec}'")).await;
    let findings = house.findings().await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].contains("its field ip is not what was committed to"), "{findings:?}");
}

/// Records, leaves, tiles and head were made anew alike, and only the note is the genuine one.
#[tokio::test]
async fn a_root_that_was_not_signed_is_seen() {
    let house = House::with(2).await;
    house
        .break_in(
            "CREATE TABLE public.kept AS SELECT * FROM audit.head WHERE workspace_id = $north;
             UPDATE audit.record SET action = 'request.reject' WHERE id =
               (SELECT max(id) FROM audit.record WHERE workspace_id = $north);
             DELETE FROM audit.leaf WHERE workspace_id = $north; DELETE FROM audit.head WHERE workspace_id = $north;
             DELETE FROM audit.tile WHERE workspace_id = $north; DELETE FROM audit.leaf WHERE workspace_id = $south;
             DELETE FROM audit.head WHERE workspace_id = $south; DELETE FROM audit.tile WHERE workspace_id = $south;
             UPDATE audit.cursor SET xid = '0'",
        )
        .await;
    house.tick().await;
    house
        .break_in(
            "UPDATE audit.head h SET checkpoint = k.checkpoint FROM public.kept k WHERE h.workspace_id = $north;
             DELETE FROM audit.deployment_entry WHERE of_workspace = $north",
        )
        .await;
    let findings = house.findings().await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].contains("is not the one that was signed"), "{findings:?}");
}
