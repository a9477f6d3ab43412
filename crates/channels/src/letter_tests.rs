use super::*;

const WHO: &str = "ann@example.test";

fn letter(subject: &str, body: &str) -> Letter {
    Letter::new(WHO, subject, body, "0199").unwrap()
}

fn text(letter: &Letter) -> String {
    let sender = Sender::new("Countersign <no-reply@mail.example.test>").unwrap();
    let effect = "0199c0de-0000-7000-8000-000000000001".parse().unwrap();
    let now = "2026-11-22T02:30:00Z".parse().unwrap();
    String::from_utf8(Post::new(letter, &sender, effect, now).unwrap().bytes()).unwrap()
}

fn head(text: &str) -> Vec<&str> {
    text.split("\r\n\r\n").next().unwrap().split("\r\n").collect()
}

#[test]
fn an_automatic_mail_says_so_and_has_a_lasting_id() {
    let text = text(&letter("Please decide: laptop", "Good morning.\nA line.\n"));
    let head = head(&text);
    for line in [
        "From: Countersign <no-reply@mail.example.test>",
        "To: ann@example.test",
        "Date: Sun, 22 Nov 2026 02:30:00 +0000",
        "Message-ID: <r.0199.0199c0de-0000-7000-8000-000000000001@mail.example.test>",
        "Subject: Please decide: laptop",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        assert!(head.contains(&line), "{line}\n{text}");
    }
    assert!(text.ends_with("\r\n\r\nGood morning.\r\nA line.\r\n"), "{text}");
}

#[test]
fn the_longest_message_id_stays_on_one_line() {
    let reference = "a".repeat(MESSAGE_REF_BYTES_MAX);
    let letter = Letter::new(WHO, "s", "b", &reference).unwrap();
    assert!(text(&letter).contains(&format!("Message-ID: <r.{reference}.0199c0de-0000-7000-8000-000000000001@")));
    assert_eq!(
        Letter::new(WHO, "s", "b", &"a".repeat(MESSAGE_REF_BYTES_MAX + 1)).unwrap_err(),
        LetterError::MessageRef
    );
}

#[test]
fn no_field_can_add_a_header() {
    let tries =
        ["\r\nBcc: eve@example.test", "\nBcc: eve@example.test", "\rBcc: x", "\0", "\u{85}x", "\u{2028}x", "\x1b[2J"];
    for tail in tries {
        let with = |base: &str| format!("{base}{tail}");
        assert_eq!(Letter::new(&with(WHO), "s", "b", "1").unwrap_err(), LetterError::Address, "{tail:?}");
        assert_eq!(Letter::new(WHO, &with("s"), "b", "1").unwrap_err(), LetterError::Subject, "{tail:?}");
        assert_eq!(Letter::new(WHO, "s", "b", &with("1")).unwrap_err(), LetterError::MessageRef, "{tail:?}");
        assert_eq!(Sender::new(&with("no-reply@example.test")).unwrap_err(), LetterError::Sender, "{tail:?}");
        assert_eq!(Sender::new(&format!("A{tail} <a@example.test>")).unwrap_err(), LetterError::Sender, "{tail:?}");
        let line = subject_line(&with("s"));
        let message = text(&letter(&line, "b"));
        assert!(!head(&message).iter().any(|line| line.starts_with("Bcc")), "{message}");
    }
}

#[test]
fn no_address_may_name_two_readers() {
    for to in
        ["a@example.test,b@example.test", "a@example.test b@example.test", "<a@example.test>", "a", "", "a@", "@b"]
    {
        assert_eq!(Letter::new(to, "s", "b", "1").unwrap_err(), LetterError::Address, "{to}");
    }
}

#[test]
fn a_reference_is_a_file_name_that_stays_in_its_folder() {
    for reference in ["", "..", "a/b", "a.b", "a@b", "a b", "<a>"] {
        assert_eq!(Letter::new(WHO, "s", "b", reference).unwrap_err(), LetterError::MessageRef, "{reference}");
    }
}

#[test]
fn every_part_has_its_bound() {
    assert!(Letter::new(WHO, &"ä".repeat(SUBJECT_CHARS_MAX), "b", "1").is_ok());
    assert_eq!(Letter::new(WHO, &"ä".repeat(SUBJECT_CHARS_MAX + 1), "b", "1").unwrap_err(), LetterError::Subject);
    assert_eq!(Letter::new(WHO, " ", "b", "1").unwrap_err(), LetterError::Subject);
    assert!(Letter::new(WHO, "s", &"b".repeat(BODY_BYTES_MAX), "1").is_ok());
    assert_eq!(Letter::new(WHO, "s", &"b".repeat(BODY_BYTES_MAX + 1), "1").unwrap_err(), LetterError::Body);
    assert_eq!(Letter::new(WHO, "s", "a\u{0}b", "1").unwrap_err(), LetterError::Body);
    assert_eq!(Letter::new(WHO, "s", "a\rb", "1").unwrap_err(), LetterError::Body);
    assert_eq!(Letter::new(WHO, "s", "a\r\n\tb", "1").unwrap().body_text(), "a\n\tb");
    let labels = [63, 63, 63].map(|n| "d".repeat(n)).join(".");
    let longest = format!("{}@{labels}", "a".repeat(ADDRESS_BYTES_MAX - labels.len() - 1));
    assert_eq!(longest.len(), ADDRESS_BYTES_MAX);
    assert!(Letter::new(&longest, "s", "b", "1").is_ok());
    assert_eq!(Letter::new(&format!("a{longest}"), "s", "b", "1").unwrap_err(), LetterError::Address);
}

#[test]
fn a_long_subject_is_cut_and_folded() {
    assert_eq!(subject_line(&"x".repeat(SUBJECT_CHARS_MAX)).chars().count(), SUBJECT_CHARS_MAX);
    let cut = subject_line(&"Ü x".repeat(SUBJECT_CHARS_MAX));
    assert_eq!(cut.chars().count(), SUBJECT_CHARS_MAX);
    assert!(cut.ends_with('…'));
    let message = text(&letter(&cut, "b"));
    assert!(head(&message).iter().all(|line| line.len() <= 78 || line.starts_with("Message-ID")), "{message}");
    assert!(message.contains("Subject: =?utf-8?b?"), "{message}");
}

#[test]
fn text_beyond_ascii_travels_encoded() {
    let message = text(&letter("s", &format!("Grüße\n{}\n", "x".repeat(2000))));
    assert!(message.is_ascii());
    assert!(message.lines().all(|line| line.len() <= 998));
    assert!(message.contains("Content-Transfer-Encoding: "));
}

#[test]
fn nothing_of_a_letter_is_printed() {
    let letter = letter("Secret title", "Secret body");
    let sender = Sender::new("no-reply@example.test").unwrap();
    let post = Post::new(&letter, &sender, OutboxId::random(), Timestamp::UNIX_EPOCH).unwrap();
    for printed in [format!("{letter:?}"), format!("{post:?}")] {
        assert!(!printed.contains("Secret") && !printed.contains('@'), "{printed}");
    }
}
