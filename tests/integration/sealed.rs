//! Canaries typed into every field of the product stand in no file of the server, in no form of writing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use identity::{groups, idempotency, passwords, people, sign_in, tokens};
use memchr::memmem::Finder;
use requests::store;
use serde_json::json;
use tenancy::policy::{
    AddGroup, ChangePerson, CommentOnRequest, EditRequest, IssueToken, Role, SetPassword, TokenScope,
};
use tenancy::{Channel, Origin, PersonTarget, Whole};
use testkit::{TestDb, Workspace, approve, ask_changes, purchase, reject, submit};
use zeroize::Zeroizing;

/// The ways a text may be written.
pub(crate) fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |swap: bool| -> Vec<u8> {
        let bytes = |unit: u16| if swap { unit.to_be_bytes() } else { unit.to_le_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    };
    let mut forms = vec![
        ("as it is", text.as_bytes().to_vec()),
        ("UTF-16 little endian", utf16(false)),
        ("UTF-16 big endian", utf16(true)),
        ("hex", HEXLOWER.encode(text.as_bytes()).into_bytes()),
        ("capital hex", HEXUPPER.encode(text.as_bytes()).into_bytes()),
    ];
    for (name, skipped) in [("base64, first", 0), ("base64, second", 1), ("base64, third", 2)] {
        // Of the text at each of three places within its groups of three: the groups that hold nothing else.
        let start = (3 - skipped) % 3;
        let whole = &text.as_bytes()[start..];
        forms.push((name, BASE64.encode(&whole[..whole.len() / 3 * 3]).into_bytes()));
    }
    forms
}

pub(crate) fn files_below(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        // A file may go while we look: the server removes what it no longer needs.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path(), found),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

/// Where a text stands: files of the server's data, its log, the keys, and a dump of this database.
async fn places(t: &TestDb, text: &str) -> (Vec<String>, u64) {
    t.owner.batch_execute("CHECKPOINT").await.unwrap();
    let mut files = Vec::new();
    for dir in [t.data_dir(), t.log_dir(), t.keys_dir()] {
        files_below(&dir, &mut files);
    }
    assert!(files.iter().any(|file| file.to_string_lossy().contains("pg_wal")), "the write-ahead log is searched");
    let forms = forms(text);
    let finders: Vec<(&str, Finder<'_>)> = forms.iter().map(|(name, bytes)| (*name, Finder::new(bytes))).collect();
    let mut found = Vec::new();
    let mut searched_bytes = 0;
    let mut search = |what: &str, content: &[u8]| {
        searched_bytes += content.len() as u64;
        for (name, finder) in &finders {
            if finder.find(content).is_some() {
                found.push(format!("{what}: {name}"));
            }
        }
    };
    for file in &files {
        if let Ok(content) = fs::read(file) {
            search(&file.display().to_string(), &content);
        }
    }
    let dump = Command::new(t.bin_dir().join("pg_dump"))
        .args(["-U", "postgres", "--inserts", "-h"])
        .arg(t.socket_dir())
        .arg(&t.server.database)
        .output()
        .unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    search("dump", &dump.stdout);
    (found, searched_bytes)
}

/// A word that nobody has written before; lower case, so that folding leaves it alone.
fn canary() -> String {
    format!("zq{}", HEXLOWER.encode(&seal::random::<12>()))
}

/// Types the canary into every field there is.
async fn type_everywhere(t: &TestDb, word: &str) {
    let north = Workspace::make(&t.db, "north").await;
    identity::workspaces::create(&t.db, "other", &format!("House {word}")).await.unwrap();
    let person = north.add_person(&format!("{word}@{word}.test"), &format!("Name {word}"), Role::Member, None).await;
    let (mut scope, permit) = north.permit::<ChangePerson>("owner", person).await.unwrap();
    people::change(&mut scope, permit, &format!("New {word}"), Some(north.person("manager"))).await.unwrap();
    drop(scope.commit().await.unwrap());
    let (mut scope, permit) = north.permit::<AddGroup>("owner", Whole).await.unwrap();
    groups::add(&mut scope, permit, &format!("Group {word}")).await.unwrap();
    drop(scope.commit().await.unwrap());
    let document = testkit::PROCESSES[0].1;
    for (old, new) in [("Buy something", "Buy"), ("Line manager", "Boss"), ("Short title", "Title")] {
        testkit::publish(&north, &document.replace(old, &format!("{new} {word}"))).await;
    }
    let secret = format!("Quartz {word} timber");
    sign_in_everywhere(&north, person, word, &secret).await;
    requests_everywhere(&north, word).await;
    let own = PersonTarget(north.person("member"));
    let (mut scope, permit) = north.permit::<IssueToken>("member", own).await.unwrap();
    tokens::issue(&mut scope, permit, &[TokenScope::RequestsRead], &format!("Token {word}"), 1).await.unwrap();
    let key = format!("key-{word}");
    idempotency::begin(&mut scope, &key, [1; 32]).await.unwrap();
    idempotency::keep(&mut scope, &key, [1; 32], 201, format!("{{\"title\":\"{word}\"}}").as_bytes()).await.unwrap();
    drop(scope.commit().await.unwrap());
}

/// Password, failed sign-in, and the browser's own words.
async fn sign_in_everywhere(north: &Workspace, person: tenancy::PersonId, word: &str, secret: &str) {
    let session = north.sign_in(person).await;
    let browser = || Origin::network([127, 0, 0, 1].into(), &format!("Browser {word}"), Channel::Page);
    let view = north.db.view(session, north.id, browser()).await.unwrap();
    let choosing = passwords::choosing(&view, "north").await.unwrap();
    view.finish();
    // A password near one's own name is refused; the words of this one are others.
    let typed = secret.replace(word, &word.chars().rev().collect::<String>());
    let new = choosing.choose(None, Zeroizing::new(typed.clone())).await.unwrap();
    let mut scope = north.db.scope(session, north.id, browser()).await.unwrap();
    let permit = scope.permit::<SetPassword>(PersonTarget(person)).await.unwrap();
    passwords::set(&mut scope, permit, new).await.unwrap();
    drop(scope.commit().await.unwrap());
    for (email, password) in [
        (format!("{word}@{word}.test"), typed),
        (format!("{word}@{word}.test"), format!("wrong {word}")),
        (format!("nobody-{word}@else.test"), "some password".to_owned()),
        (format!("no address {word}"), word.to_owned()),
    ] {
        let outcome = sign_in::sign_in(&north.db, north.id, browser(), &email, Zeroizing::new(password)).await;
        outcome.unwrap();
    }
}

/// Values, reasons and comments.
async fn requests_everywhere(north: &Workspace, word: &str) {
    let mut values = purchase(&format!("Title {word}"), "10.00");
    let tomorrow = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(3));
    values["needed_by"] = json!(tomorrow.to_string());
    values["why_now"] = json!(format!("Because {word}"));
    let made = submit(north, "member", "purchase", &values).await.unwrap();
    ask_changes(north, "manager", &made, &format!("Ask {word}")).await;
    values["title"] = json!(format!("Edited {word}"));
    let (mut scope, permit) = north.permit::<EditRequest>("member", made.id).await.unwrap();
    let edited = store::edit(&mut scope, permit, made.revision_hash, &values).await.unwrap();
    drop(scope.commit().await.unwrap());
    let (mut scope, permit) = north.permit::<CommentOnRequest>("member", made.id).await.unwrap();
    store::comment(&mut scope, permit, &format!("Comment {word}")).await.unwrap();
    drop(scope.commit().await.unwrap());
    approve(north, "manager", &edited).await;
    let second = submit(north, "member", "purchase", &values).await.unwrap();
    reject(north, "manager", &second, &format!("No {word}")).await;
    let refused = submit(north, "member", "purchase", &json!({"title": word, "category": word, "else": word})).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn canaries_stand_nowhere_in_clear_and_a_planted_one_is_found() {
    let t = TestDb::new().await;
    let word = canary();
    type_everywhere(&t, &word).await;
    let (found, searched_bytes) = places(&t, &word).await;
    assert_eq!(found, Vec::<String>::new());
    assert!(searched_bytes > 20_000_000, "{searched_bytes} bytes are a server's files");
    // The search itself is judged: what stands in clear is found, in files, log and dump.
    let planted = canary();
    t.owner.batch_execute("CREATE TABLE public.planted (clear text, wide bytea, code text)").await.unwrap();
    let forms = forms(&planted);
    let code = String::from_utf8(forms[5].1.clone()).unwrap();
    t.owner.execute("INSERT INTO public.planted VALUES ($1, $2, $3)", &[&planted, &forms[1].1, &code]).await.unwrap();
    let (found, _) = places(&t, &planted).await;
    for (place, form) in [
        ("base/", "as it is"),
        ("pg_wal/", "as it is"),
        ("dump", "as it is"),
        ("base/", "UTF-16 little"),
        ("base/", "base64, first"),
    ] {
        assert!(found.iter().any(|line| line.contains(place) && line.contains(form)), "{place} {form}: {found:?}");
    }
}

#[test]
fn a_text_is_known_at_each_place_of_base64() {
    let word = canary();
    for before in ["", "x", "xy"] {
        let written = BASE64.encode(format!("{before}{word} and more").as_bytes()).into_bytes();
        let known = forms(&word).iter().any(|(_, form)| Finder::new(form).find(&written).is_some());
        assert!(known, "after {} characters", before.len());
    }
}
