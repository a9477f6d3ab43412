//! Streams through the real binary: the pages, the operator's word on addresses, and a server that is killed.

use std::fs;
use std::time::Duration;

use crate::receiver::{Receiver, Reply};
use crate::server::{Answer, Caller, Place, Server};

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

async fn made(owner: &Caller, receiver: &Receiver) -> Answer {
    let (url, ca_pem) = (encoded(&receiver.url()), encoded(&receiver.ca_pem));
    owner
        .form("/w/sample/streams", &format!("receiver=webhook&format=native&name=SIEM&url={url}&ca_pem={ca_pem}"))
        .await
}

/// The path of the only stream of the list.
async fn path_of(owner: &Caller) -> String {
    let page = owner.get("/w/sample/streams").await.text();
    let at = page.find("/w/sample/streams/").unwrap_or_else(|| panic!("{page}"));
    page[at..].split('"').next().unwrap().to_owned()
}

fn inside() -> Server {
    let place = Place::new();
    fs::create_dir_all(place.data()).unwrap();
    fs::write(place.data().join("countersign.toml"), "[streams]\nprivate_receivers = \"yes\"\n").unwrap();
    Server::start_at(place)
}

#[tokio::test]
async fn a_server_that_is_killed_sends_the_batch_again() {
    let receiver = Receiver::start(&[Reply::Hang]).await;
    let server = inside();
    let owner = server.signed_in("sample", "owner@sample.test").await;
    assert_eq!(made(&owner, &receiver).await.status, 200);
    receiver.until("the first attempt", |got| !got.is_empty()).await;
    let place = server.kill();
    let server = Server::start_at(place);
    // What was taken comes back when its lock has run out.
    for _ in 0..3 {
        if receiver.got().len() < 2 {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    }
    receiver.until("the second attempt", |got| got.len() >= 2 && got.iter().any(|one| one.taken)).await;
    let got = receiver.got();
    assert_eq!(got[0].body, got[1].body, "the same batch");
    assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"), "under the same key");
    let (first, again) = (&got[0].lines()[0]["batch"], &got[1].lines()[0]["batch"]);
    assert_eq!((&first["first"], &first["key"]), (&again["first"], &again["key"]));
    // And the log goes on behind it.
    let (request, _) = server.caller("member").submit("After the fall", "10.00").await;
    let after =
        |got: &[crate::receiver::Got]| got.iter().any(|one| String::from_utf8_lossy(&one.body).contains(&request));
    receiver.until("what came after", after).await;
    let mut next = 0;
    for one in receiver.taken() {
        let batch = one.lines()[0]["batch"].clone();
        assert_eq!(batch["first"], next, "no leaf is missing");
        next = batch["last"].as_u64().unwrap() + 1;
    }
}

#[tokio::test]
async fn an_admin_makes_a_stream_on_its_page() {
    let receiver = Receiver::start(&[]).await;
    let server = inside();
    let owner = server.signed_in("sample", "owner@sample.test").await;
    let answer = made(&owner, &receiver).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let secret = |page: &str| page.split("whsec_").nth(1).map(|rest| rest.split('<').next().unwrap().to_owned());
    let first = secret(&answer.text()).unwrap();
    let path = path_of(&owner).await;
    receiver.until("a batch", |got| !got.is_empty()).await;
    let page = owner.get(&path).await.text();
    assert!(secret(&page).is_none(), "the secret is shown once");
    assert!(page.contains("active") && page.contains("/ws/"), "{page}");
    let before = receiver.got().len();
    let tested = owner.form(&path, "act=test").await;
    assert!(tested.status == 200 && tested.text().contains("The test event arrived: HTTP 204."), "{}", tested.text());
    let is_test = |got: &[crate::receiver::Got]| got[before..].iter().any(|one| one.lines()[0]["test"].is_object());
    receiver.until("the test", is_test).await;
    let rotated = owner.form(&path, "act=rotate").await;
    let second = secret(&rotated.text()).unwrap();
    assert_ne!(first, second);
    // For a day both sign.
    let (request, _) = server.caller("member").submit("Signed twice", "10.00").await;
    let after =
        |got: &[crate::receiver::Got]| got.iter().any(|one| String::from_utf8_lossy(&one.body).contains(&request));
    receiver.until("a batch after the change", after).await;
    let last = receiver.got().into_iter().find(|one| String::from_utf8_lossy(&one.body).contains(&request)).unwrap();
    assert_eq!(last.header("webhook-signature").split(' ').count(), 2);
    for (act, word) in [("pause", "paused"), ("resume", "active"), ("skip", "active")] {
        assert_eq!(owner.form(&path, &format!("act={act}")).await.status, 303, "{act}");
        assert!(owner.get(&path).await.text().contains(word), "{act}");
    }
    assert_eq!(owner.form(&path, "act=nothing").await.status, 400);
    let audit = owner.get("/w/sample/audit").await.text();
    for words in
        ["made a stream of the trail", "changed a stream&#39;s secret", "paused a stream", "let a stream go on"]
    {
        let plain = words.replace("&#39;", "'");
        assert!(audit.contains(words) || audit.contains(&plain), "{words}");
    }
    assert_eq!(owner.form(&path, "act=remove").await.status, 303);
    assert_eq!(owner.get(&path).await.status, 404);
    assert!(!server.log().contains(&first) && !server.log().contains(&second), "no secret in the log");
}

#[tokio::test]
async fn without_the_operator_s_word_nothing_goes_inside() {
    let receiver = Receiver::start(&[]).await;
    let server = Server::start();
    let owner = server.signed_in("sample", "owner@sample.test").await;
    for (url, words) in [
        ("https://127.0.0.1:1/", "an address inside"),
        ("https://[::1]/", "an address inside"),
        ("https://169.254.169.254/latest", "an address inside"),
        ("https://10.0.0.7/", "an address inside"),
        ("http://siem.example.org/", "must begin with https"),
        ("https://user:secret@siem.example.org/", "holds a name"),
    ] {
        let form = format!("receiver=webhook&format=native&name=x&url={}", encoded(url));
        let answer = owner.form("/w/sample/streams", &form).await;
        assert!(answer.status == 422 && answer.text().contains(words), "{url}: {} {}", answer.status, answer.text());
    }
    // A name says nothing yet; what it resolves to does.
    assert_eq!(made(&owner, &receiver).await.status, 200);
    let path = path_of(&owner).await;
    let tested = owner.form(&path, "act=test").await.text();
    assert!(tested.contains("did not arrive: this is an address inside"), "{tested}");
    assert!(receiver.got().is_empty());
    let member = server.signed_in("sample", "member@sample.test").await;
    for (answer, status) in [
        (member.get("/w/sample/streams").await, 403),
        (member.get(&path).await, 403),
        (member.form(&path, "act=pause").await, 403),
        (made(&member, &receiver).await, 403),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}
