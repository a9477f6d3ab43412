//! `verify.html` of an export in a real browser, opened from the disk: it says of every folder what the program says.

use std::path::Path;

use ledger::page::PAGE;
use serde_json::{Value, json};
use thirtyfour::By;
use tlog::{CosignerSigningKey, Note, SigningKey};

use crate::browser::{Browser, Scripts, THEMES, WIDTHS, axe, faults, repository, until};
use crate::erasure::{LIES, erased_export};
use crate::ledger::{CHANGES, Export, House};
use crate::restored::Installation;

/// What is given beside the folder: keys, kept checkpoint and witnesses' keys as texts, and how many must have cosigned.
#[derive(Default)]
struct Given<'a> {
    keys: &'a str,
    kept: &'a str,
    witnesses: &'a str,
    required: u8,
}

const PUT: &str = "document.getElementById(arguments[0]).value = arguments[1];";

/// Opens the page from a folder and lets it judge another; its headline and its lines.
async fn judge(browser: &Browser, page: &Path, folder: &Path, given: &Given<'_>) -> (String, String) {
    open(browser, page).await;
    browser.fill("#folder", &folder.to_string_lossy()).await;
    verdict(browser, given).await
}

async fn open(browser: &Browser, page: &Path) {
    browser.go(&page.join("verify.html").to_string_lossy()).await;
}

async fn verdict(browser: &Browser, given: &Given<'_>) -> (String, String) {
    let required = given.required.to_string();
    for (id, text) in
        [("keys", given.keys), ("kept", given.kept), ("witnesses", given.witnesses), ("required", required.as_str())]
    {
        browser.driver.execute(PUT, vec![json!(id), json!(text)]).await.unwrap();
    }
    browser.click("#start").await;
    until("the verdict", async || browser.has("#verdict:not([hidden])").await).await;
    let text = async |id: &str| browser.driver.find(By::Id(id)).await.unwrap().text().await.unwrap();
    (text("h-verdict").await, text("lines").await)
}

fn assert_holds(said: &(String, String)) {
    assert_eq!(said.0, "The export holds, as far as is said here", "{}", said.1);
}

async fn from_disk() -> Browser {
    Browser::open_at("file://", Scripts::Run).await
}

/// A log that began anew: the page verifies it with the newest keys, and says what it does not do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_verifies_a_log_that_began_anew() {
    let place = Installation::new(testkit::OwnCluster::new().await).await;
    place.submit(1).await;
    place.tick().await;
    let early = place.export().await;
    place.integrator.order_epoch(None).await.unwrap();
    place.tick().await;
    let later = place.export().await;
    let [old, new] = [early.text("vkey"), later.text("vkey")];
    let browser = from_disk().await;
    let said = judge(&browser, later.dir.path(), later.dir.path(), &Given { keys: &new, ..Given::default() }).await;
    assert_holds(&said);
    assert!(said.1.contains("epoch 2: the log began anew") && said.1.contains("both keys"), "{}", said.1);
    let said = judge(&browser, later.dir.path(), later.dir.path(), &Given { keys: &old, ..Given::default() }).await;
    assert!(said.0.starts_with("NOT") && said.1.contains("wants the newest"), "{}", said.1);
    let kept = early.text("checkpoint");
    let given = Given { keys: &new, kept: &kept, ..Given::default() };
    let said = judge(&browser, later.dir.path(), later.dir.path(), &given).await;
    assert!(said.0.starts_with("NOT") && said.1.contains("checkpoints of the same epoch alone"), "{}", said.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_sees_every_change_that_the_program_sees() {
    let house = House::with(250).await;
    let whole = house.export().await;
    let keys = whole.text("vkey");
    let given = Given { keys: &keys, ..Given::default() };
    let browser = from_disk().await;
    let said = judge(&browser, whole.dir.path(), whole.dir.path(), &given).await;
    assert_holds(&said);
    for line in whole.verify(Some(&keys), &[]).unwrap().words().lines().filter(|line| !line.contains("given (--")) {
        let is_of_the_program = line.contains("verify.html");
        assert!(is_of_the_program || said.1.contains(line), "the program says: {line}\nthe page says: {}", said.1);
    }
    assert!(!said.1.to_lowercase().contains("passed"));
    for (what, change) in CHANGES {
        let copy = whole.copied();
        change(&copy);
        let refused = judge(&browser, whole.dir.path(), copy.dir.path(), &given).await;
        println!("{what}: {}", refused.1);
        assert_eq!(refused.0, "NOT what was signed", "{what}: {}", refused.1);
        // It names the file that the program names.
        let program = copy.verify(Some(&keys), &[]).unwrap_err();
        let file = program.split(": ").next().unwrap().trim_start_matches(&*copy.dir.path().to_string_lossy());
        let file = file.trim_start_matches('/');
        assert!(refused.1.contains(file), "{what}: the program names {file}, the page says {}", refused.1);
    }
    browser.close().await;
}

/// One field of record 37 altered, in each part of its line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_names_the_record_that_was_altered() {
    let house = House::with(40).await;
    let whole = house.export().await;
    let (page, browser) = (whole.dir.path(), from_disk().await);
    let line = |edit: &dyn Fn(&mut Value)| {
        let copy = whole.copied();
        let text = copy.text("records.ndjson");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut record: Value = serde_json::from_str(&lines[37]).unwrap();
        edit(&mut record);
        lines[37] = record.to_string();
        std::fs::write(copy.path("records.ndjson"), lines.join("\n") + "\n").unwrap();
        copy
    };
    let none = Given::default();
    for (edit, words) in [
        (
            &(|record: &mut Value| record["shown"]["ip"]["value"] = json!("\"10.0.0.1\"")) as &dyn Fn(&mut Value),
            "the field ip is not what was committed to",
        ),
        (&|record| record["shown"]["ip"]["salt"] = json!("AA"), "the salt of ip is not"),
        (&|record| record["shown"]["name"] = record["shown"]["ip"].clone(), "the field name is not what"),
        (&|record| record["index"] = json!(36), "it is not the entry of its leaf"),
        (&|record| record["more"] = json!(1), "it has not the members"),
        (&|record| record["shown"]["ip"]["value"] = json!(7), "the field ip is not what"),
    ] {
        let copy = line(edit);
        let said = judge(&browser, page, copy.dir.path(), &none).await;
        assert_eq!(said.0, "NOT what was signed");
        assert!(said.1.contains(&format!("records.ndjson: line 38 (record 37): {words}")), "{}", said.1);
        copy.verify(None, &[]).unwrap_err();
    }
    // A field that is left out is withheld, and nothing is wrong.
    let copy = line(&|record| drop(record["shown"].as_object_mut().unwrap().remove("ip")));
    let said = judge(&browser, page, copy.dir.path(), &none).await;
    assert_holds(&said);
    assert!(said.1.contains("1 are committed to and not shown"), "{}", said.1);
    // A member that stands there twice would be read differently by two readers.
    let text =
        whole.text("records.ndjson").replacen("\"shown\":{", "\"shown\":{\"ip\":{\"salt\":\"\",\"value\":\"\"},", 1);
    let copy = whole.copied();
    std::fs::write(copy.path("records.ndjson"), text).unwrap();
    let said = judge(&browser, page, copy.dir.path(), &none).await;
    assert!(said.1.contains("line 1 (record 0): a member stands there twice"), "{}", said.1);
    browser.close().await;
}

fn cosigned(export: &Export, witness: &CosignerSigningKey) {
    let note = export.text("deployment/checkpoint");
    let line = witness.cosign(Note::parse(note.as_bytes()).unwrap().text, 1_800_000_000).unwrap();
    std::fs::write(export.path("deployment/checkpoint"), format!("{note}{line}")).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_says_how_far_its_verdict_reaches() {
    let house = House::with(10).await;
    let first = house.export().await;
    let (keys, kept) = (first.text("vkey"), first.text("checkpoint"));
    house.submit(300).await;
    house.tick().await;
    let later = house.export().await;
    let size = kept.lines().nth(1).unwrap();
    let grown = ledger::consistency::prove(later.dir.path(), Path::new("kept"), &kept).unwrap();
    assert!(grown.holds);
    let (browser, page) = (from_disk().await, later.dir.path().to_owned());
    let alone = judge(&browser, &page, &page, &Given::default()).await;
    assert_holds(&alone);
    for words in [
        "the keys came with the export itself",
        "no earlier checkpoint was given",
        "no witness's key was given",
        "this page itself",
    ] {
        assert!(alone.1.contains(words), "{words}: {}", alone.1);
    }
    let own = keys.lines().next().unwrap();
    let said = judge(&browser, &page, &page, &Given { keys: own, kept: &kept, ..Given::default() }).await;
    assert_holds(&said);
    assert!(said.1.contains("the deployment's came with the export"), "{}", said.1);
    assert!(said.1.contains(&format!("goes on from the checkpoint of {size} records that you kept")), "{}", said.1);
    assert!(said.1.contains("1 proofs of consistency"), "{}", said.1);
    // A proof that was altered, an older state, a rewritten history, a key of somebody else.
    let copy = later.copied();
    let name = grown.file.unwrap();
    let proof = copy.text(&name);
    let other = if proof.starts_with('A') { "B" } else { "A" };
    std::fs::write(copy.path(&name), format!("{other}{}", &proof[1..])).unwrap();
    let said = judge(&browser, &page, copy.dir.path(), &Given::default()).await;
    assert!(said.1.contains(&name) && said.1.contains("does not lead"), "{}", said.1);
    let newer = later.text("checkpoint");
    let said = judge(&browser, &page, first.dir.path(), &Given { keys: &keys, kept: &newer, ..Given::default() }).await;
    assert!(said.1.contains("was kept, and the log has"), "{}", said.1);
    let stranger = SigningKey::from_seed("log.example/e1", &[1; 32]).unwrap().verifier().to_string();
    let said = judge(&browser, &page, &page, &Given { keys: &stranger, ..Given::default() }).await;
    assert!(said.0.starts_with("NOT") && said.1.contains("no key of"), "{}", said.1);
    // A browser by itself would take this key, which is the number 1 in another form, for a witness's.
    let mut other = [0xff_u8; 33];
    (other[0], other[1], other[32]) = (4, 0xee, 0x7f);
    let id = &seal::sha256(&[b"one.example\n".as_slice(), &other].concat())[..4];
    let other = format!("one.example+{}+{}", data_encoding::HEXLOWER.encode(id), data_encoding::BASE64.encode(&other));
    let said = judge(&browser, &page, &page, &Given { keys: &keys, witnesses: &other, ..Given::default() }).await;
    assert!(said.1.contains("line 1: this is no verifier key: its key is not a point in its one form"), "{}", said.1);
    let said = judge(&browser, &page, &page, &Given { keys: &format!("{keys}x"), ..Given::default() }).await;
    assert!(said.1.contains("your keys: line 3: this is no verifier key"), "{}", said.1);
    witnesses(&browser, &later, &keys).await;
    browser.close().await;
}

/// Who cosigned and when, who did not, and what is required.
async fn witnesses(browser: &Browser, export: &Export, keys: &str) {
    let page = export.dir.path();
    let [one, two] = ["one.example", "two.example"]
        .map(|name| CosignerSigningKey::from_seed(name, &[name.as_bytes()[0]; 32]).unwrap());
    let copy = export.copied();
    cosigned(&copy, &one);
    let both = format!("{}\n{}\n", one.verifier(), two.verifier());
    let given = |required| Given { keys, witnesses: &both, required, ..Given::default() };
    let said = judge(browser, page, copy.dir.path(), &given(1)).await;
    assert_holds(&said);
    assert!(
        said.1.contains("one.example cosigned") && said.1.contains("2027-01-15T08:00:00Z, by its clock"),
        "{}",
        said.1
    );
    assert!(said.1.contains("NOT cosigned: two.example"), "{}", said.1);
    let said = judge(browser, page, copy.dir.path(), &given(2)).await;
    assert!(said.1.contains("1 of the witnesses that you gave cosigned it, and 2 are required"), "{}", said.1);
    let unchecked = judge(browser, page, copy.dir.path(), &Given::default()).await;
    assert!(unchecked.1.contains("it carries signatures of one.example, which nobody checked"), "{}", unchecked.1);
    let note = copy.text("deployment/checkpoint");
    let at = note.len() - 30;
    let other = if note[at..].starts_with('A') { "B" } else { "A" };
    std::fs::write(copy.path("deployment/checkpoint"), format!("{}{other}{}", &note[..at], &note[at + 1..])).unwrap();
    let said = judge(browser, page, copy.dir.path(), &given(0)).await;
    assert!(said.1.contains("the cosignature of one.example does not hold"), "{}", said.1);
}

/// A history that was rewritten and signed with the log's own key, before the checkpoint that was kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_sees_a_rewritten_history_by_what_was_kept() {
    let house = House::with(5).await;
    let export = house.export().await;
    let (keys, kept) = (export.text("vkey"), export.text("checkpoint"));
    let rewritten = house.rewritten().await;
    let browser = from_disk().await;
    let page = export.dir.path();
    let said = judge(&browser, page, rewritten.dir.path(), &Given { keys: &keys, ..Given::default() }).await;
    assert!(said.1.contains("the log was forked"), "the deployment's log knows of another: {}", said.1);
    let said =
        judge(&browser, page, rewritten.dir.path(), &Given { keys: &keys, kept: &kept, ..Given::default() }).await;
    assert!(said.1.contains("are not those of the kept checkpoint"), "{}", said.1);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_takes_a_folder_that_is_dropped() {
    let house = House::with(1).await;
    let export = house.export().await;
    let browser = from_disk().await;
    open(&browser, export.dir.path()).await;
    let place = "const box = document.getElementById('drop').getBoundingClientRect(); return [box.x + 20, box.y + 20]";
    let place = browser.driver.execute(place, vec![]).await.unwrap().json().clone();
    let data = json!({"items": [], "files": [export.dir.path()], "dragOperationsMask": 1});
    for kind in ["dragEnter", "dragOver", "drop"] {
        let event = json!({"type": kind, "x": place[0], "y": place[1], "data": data});
        browser.devtools("Input.dispatchDragEvent", event).await;
    }
    let chosen = async || browser.driver.find(By::Id("chosen")).await.unwrap().text().await.unwrap();
    until("the files", async || chosen().await != "No folder is chosen.").await;
    assert!(chosen().await.contains("are chosen"), "{}", chosen().await);
    assert_holds(&verdict(&browser, &Given::default()).await);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_for_everybody_and_asks_no_network() {
    let house = House::with(3).await;
    let export = house.export().await;
    assert_eq!(export.text("verify.html"), PAGE);
    let copy = export.copied();
    std::fs::remove_file(copy.path("tile/0/000.p/1")).unwrap_or_default();
    std::fs::write(copy.path("deployment/own"), "").unwrap();
    let browser = from_disk().await;
    let mut wrong = Vec::new();
    for theme in THEMES {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
        browser.devtools("Emulation.setEmulatedMedia", media).await;
        for width in WIDTHS {
            let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
            browser.devtools("Emulation.setDeviceMetricsOverride", size).await;
            for (state, folder) in [("empty", None), ("holds", Some(&export)), ("refused", Some(&copy))] {
                open(&browser, export.dir.path()).await;
                if let Some(folder) = folder {
                    browser.fill("#folder", &folder.dir.path().to_string_lossy()).await;
                    verdict(&browser, &Given::default()).await;
                }
                let name = format!("verify-{state}-{theme}-{width}");
                let picture = repository().join("screenshots").join(format!("{name}.png"));
                std::fs::create_dir_all(picture.parent().unwrap()).unwrap();
                browser.driver.screenshot(&picture).await.unwrap();
                wrong.extend(faults(&browser, &axe(), width).await.into_iter().map(|fault| format!("{name}: {fault}")));
            }
        }
    }
    // Whatever asks for the network is refused by the page's own policy.
    let ask =
        "const done = arguments[0]; fetch('http://127.0.0.1:9/').then(() => done('asked'), error => done(error.name));";
    open(&browser, export.dir.path()).await;
    assert_eq!(*browser.driver.execute_async(ask, vec![]).await.unwrap().json(), "TypeError");
    let log = browser.raw("se/log", &json!({"type": "browser"})).await.to_string();
    assert!(log.contains("Content Security Policy"), "{log}");
    // The keyboard reaches all of it, and the verdict takes the focus.
    verdict(&browser, &Given::default()).await;
    let focused = browser.driver.execute("return document.activeElement.id", vec![]).await.unwrap();
    assert_eq!(*focused.json(), "h-verdict");
    browser.close().await;
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

/// Fifty thousand records: how far it is stands there, it can be stopped, and a stopped one says nothing of the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_log_shows_how_far_it_is_and_can_be_stopped() {
    let house = House::with(1).await;
    house.fill(50_000).await;
    house.erase_what_is_missing().await;
    let export = house.export().await;
    let browser = from_disk().await;
    open(&browser, export.dir.path()).await;
    browser.fill("#folder", &export.dir.path().to_string_lossy()).await;
    browser.click("#start").await;
    let text = async |id: &str| browser.driver.find(By::Id(id)).await.unwrap().text().await.unwrap();
    until("progress", async || text("progress").await.ends_with(" entries recomputed")).await;
    assert!(browser.has("#start:disabled").await && browser.has("#bar[max]").await);
    browser.click("#stop").await;
    until("the end", async || browser.has("#verdict:not([hidden])").await).await;
    let said = (text("h-verdict").await, text("lines").await);
    assert_eq!(said.0, "Nothing is verified", "{}", said.1);
    assert!(said.1.contains("you stopped it after") && said.1.contains("nothing is known of the rest"), "{}", said.1);
    // And to its end.
    let said = verdict(&browser, &Given::default()).await;
    assert_holds(&said);
    assert!(said.1.contains("100000 parts were erased"), "{}", said.1);
    browser.close().await;
}

/// What is altered is the folder's page: the program says so, and its verdict does not rest on it.
#[tokio::test]
async fn an_altered_page_in_an_export_is_said() {
    let house = House::with(1).await;
    let export = house.export().await;
    let says = |words: &str| {
        let verdict = export.verify(None, &[]).unwrap();
        assert!(verdict.words().contains(words), "{}", verdict.words());
        verdict.to_json()["verify_html"].clone()
    };
    assert_eq!(says("is the page of this program"), "same");
    std::fs::write(export.path("verify.html"), PAGE.replace("NOT what was signed", "The export holds")).unwrap();
    assert_eq!(says("believe no verdict of it"), "other");
    std::fs::remove_file(export.path("verify.html")).unwrap();
    assert_eq!(says("verify.html is not in the folder"), "missing");
}

/// A log from which a person was erased: it holds, and nothing that is said wrongly about what is gone passes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_sees_what_is_wrong_with_an_erasure() {
    let (whole, erased) = erased_export().await;
    let browser = from_disk().await;
    let none = Given::default();
    let said = judge(&browser, whole.dir.path(), whole.dir.path(), &none).await;
    assert_holds(&said);
    assert!(said.1.contains(&format!("{erased} parts were erased")), "{}", said.1);
    for (what, change) in LIES {
        let copy = whole.copied();
        change(&copy);
        let refused = judge(&browser, whole.dir.path(), copy.dir.path(), &none).await;
        println!("{what}: {}", refused.1);
        assert_eq!(refused.0, "NOT what was signed", "{what}: {}", refused.1);
        assert!(refused.1.contains("records.ndjson"), "{what}: {}", refused.1);
    }
    browser.close().await;
}
