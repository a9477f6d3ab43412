//! Each bad input, by the words of its refusal.

use super::*;

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, Error> {
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Config::from_parts(Path::new("/etc/countersign.toml"), text, variables, &Overrides::default())
}

#[test]
fn an_empty_file_means_the_defaults() {
    let config = load("", &[("PATH", "/bin"), ("COUNTERSIGN_PG_BIN", "/x"), ("COUNTERSIGN_TEST_X", "y")]).unwrap();
    assert_eq!(config.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(config.listen_https, "127.0.0.1:8443".parse().unwrap());
    assert_eq!(config.plain_http, PlainHttp::Loopback);
    assert_eq!(config.tls, Tls { files: None, min: TlsVersion::V1_2 });
    assert_eq!(config.mail, Mail::Files);
    assert_eq!(config.limits.body_max_bytes, 1_048_576);
    assert_eq!(config.private_receivers, ledger::stream::address::Private::Refused);
    assert_eq!((config.public_url, config.trusted_proxies), (None, vec![]));
}

#[test]
fn everything_can_be_said_in_the_file() {
    let text = include_str!("mod.rs");
    let example: String = text
        .lines()
        .skip_while(|line| *line != "//! ```toml")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| line.trim_start_matches("//! ").to_owned() + "\n")
        .collect();
    let config = load(&example, &[]).unwrap();
    assert_eq!(config.tls.files.unwrap().cert, Path::new("/etc/countersign/cert.pem"));
    let Mail::Relay(relay) = config.mail else { panic!("the example names a relay") };
    assert_eq!((relay.host.as_str(), relay.port, relay.tls), ("smtp.example.org", 587, MailTls::StartTls));
    assert_eq!(relay.credentials.unwrap().username, "countersign");
    assert!(config.trusted_proxies[0].contains("10.1.2.3".parse().unwrap()));
    assert_eq!(config.public_url.as_deref(), Some("https://sign.example.org"));
    assert_eq!(config.witnesses[0].key.name(), "witness.example.net");
}

/// A witness's table; any 32 bytes are a key.
fn witness(name: &str, url: &str) -> String {
    let key = [[4].as_slice(), &[7; 32]].concat();
    let id = seal::sha256(&[name.as_bytes(), b"\n", &key].concat());
    let (id, key) = (data_encoding::HEXLOWER.encode(&id[..4]), data_encoding::BASE64.encode(&key));
    format!("[[ledger.witness]]\nurl = \"{url}\"\nvkey = \"{name}+{id}+{key}\"\n")
}

#[test]
fn witnesses_have_an_address_and_a_key_and_there_are_eight_at_most() {
    for (url, kept) in [
        ("https://w.example", "https://w.example"),
        ("https://w.example/some/path/", "https://w.example/some/path"),
        ("http://127.0.0.1:8091", "http://127.0.0.1:8091"),
    ] {
        assert_eq!(load(&witness("w", url), &[]).unwrap().witnesses[0].url, kept);
    }
    let many = |count: usize| (0..count).map(|at| witness(&format!("w{at}"), "https://w.example")).collect::<String>();
    assert_eq!(load(&many(8), &[]).unwrap().witnesses.len(), 8);
    let good = witness("w", "https://w.example");
    let vkey = good.lines().nth(2).unwrap();
    for (text, words) in [
        (many(9), "ledger.witness: has 9 witnesses; 8 are the most"),
        (good.replace("url", "address"), "address"),
        (good.replace(vkey, ""), "ledger.witness.vkey: is missing"),
        (format!("[[ledger.witness]]\n{vkey}"), "ledger.witness.url: is missing"),
        (good.replace("vkey = \"w+", "vkey = \"x+"), "its id is not that of its name and key"),
        (good.repeat(2), "this witness stands there already"),
        (witness("w", "http://w.example"), "ledger.witness.url: 'http://w.example' must begin with https"),
        (witness("w", "w.example"), "ledger.witness.url"),
        (witness("w", "https://w.example/?x=1"), "ledger.witness.url"),
        (witness("w", "https://u:p@w.example"), "ledger.witness.url"),
        (witness("w", &format!("https://w.example/{}", "x".repeat(255))), "ledger.witness.url"),
        ("[ledger]\nwitnesses = []".to_owned(), "witnesses"),
    ] {
        let refused = load(&text, &[]).unwrap_err().to_string();
        assert!(refused.contains(words), "{text}: {refused}");
    }
    assert!(load("", &[("COUNTERSIGN_LEDGER_WITNESS", "x")]).unwrap_err().to_string().contains("unknown variable"));
}

#[test]
fn variables_win_over_the_file_and_flags_over_both() {
    let file = "listen = \"127.0.0.1:1\"\n[tls]\nmin = \"1.2\"\n";
    let variables = [
        ("COUNTERSIGN_LISTEN", "127.0.0.1:2"),
        ("COUNTERSIGN_TLS_MIN", "1.3"),
        ("COUNTERSIGN_TRUSTED_PROXIES", "10.0.0.1, ::1"),
        ("COUNTERSIGN_LIMITS_BODY_MAX_BYTES", "2048"),
    ];
    let config = load(file, &variables).unwrap();
    assert_eq!((config.listen.port(), config.tls.min), (2, TlsVersion::V1_3));
    assert_eq!((config.trusted_proxies.len(), config.limits.body_max_bytes), (2, 2048));
    let overrides = Overrides { listen: Some("127.0.0.1:3".parse().unwrap()), listen_https: None };
    let variables = variables.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let config = Config::from_parts(Path::new("x"), file, variables, &overrides).unwrap();
    assert_eq!(config.listen.port(), 3);
}

#[test]
fn plain_http_is_for_loopback_or_behind_a_stated_proxy() {
    let cert = "[tls]\ncert = \"/c\"\nkey = \"/k\"\n";
    for (text, plain) in [
        ("listen = \"127.0.0.2:80\"".to_owned(), PlainHttp::Loopback),
        ("listen = \"[::1]:80\"".to_owned(), PlainHttp::Loopback),
        ("listen = \"0.0.0.0:80\"\n[tls]\nbehind_proxy = \"yes\"".to_owned(), PlainHttp::BehindTlsProxy),
        (format!("listen = \"0.0.0.0:80\"\n{cert}"), PlainHttp::RedirectOnly),
        (format!("listen = \"127.0.0.1:80\"\nlisten_https = \"0.0.0.0:443\"\n{cert}"), PlainHttp::Loopback),
    ] {
        assert_eq!(load(&text, &[]).unwrap().plain_http, plain, "{text}");
    }
    let refused = load("listen = \"0.0.0.0:8080\"", &[]).unwrap_err().to_string();
    assert_eq!(
        refused,
        "listen: 0.0.0.0:8080 is not loopback, and plain HTTP is served on loopback only; set tls.cert and tls.key, or tls.behind_proxy = \"yes\" if a TLS proxy stands in front"
    );
}

#[test]
fn a_bad_file_is_refused_by_line_and_key() {
    for (text, words) in [
        ("lisen = \"127.0.0.1:1\"", "/etc/countersign.toml, line 1: unknown field `lisen`"),
        ("\n\n[tls]\nmini = \"1.3\"", "line 4: unknown field `mini`"),
        ("[smtp]\nhost = \"x\"", "line 1: unknown field `smtp`"),
        ("listen = 8080", "line 1: listen: invalid type"),
        ("\n[limits]\nbody_max_bytes = \"many\"", "line 3: body_max_bytes: invalid type"),
        ("[limits]\nbody_max_bytes = 1.5", "line 2: body_max_bytes: invalid type"),
        ("tls = \"1.3\"", "line 1: tls: invalid type"),
        ("listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"", "line 2: listen: duplicate key"),
        ("listen = ", "line 1:"),
        ("listen = \"127", "line 1:"),
        ("\u{0}", "line 1:"),
    ] {
        let refused = load(text, &[]).unwrap_err().to_string();
        assert!(refused.contains(words), "{text:?}: {refused}");
    }
    // Depth is the parser's bound; it must refuse and not overflow the stack.
    let deep = format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(load(&deep, &[]).is_err());
}

#[test]
fn a_bad_setting_is_refused_by_its_name() {
    let mail = "[mail]\nhost = \"smtp.example.org\"\n";
    let full = "[mail]\nhost = \"smtp.example.org\"\nfrom = \"a@example.org\"\n";
    for (text, key) in [
        ("listen = \"localhost\"".to_owned(), "listen"),
        ("listen = \"127.0.0.1:65536\"".to_owned(), "listen"),
        ("listen = \"127.0.0.1:8443\"".to_owned(), "listen_https"),
        ("listen_https = \"0.0.0.0:443\"".to_owned(), "listen_https"),
        ("public_url = \"sign.example.org\"".to_owned(), "public_url"),
        ("public_url = \"http://sign.example.org\"".to_owned(), "public_url"),
        ("public_url = \"https://sign.example.org/\"".to_owned(), "public_url"),
        ("public_url = \"https://a@sign.example.org\"".to_owned(), "public_url"),
        ("public_url = \"https://sign.example.org:0\"".to_owned(), "public_url"),
        ("public_url = \"https://sign.example.org:443/x\"".to_owned(), "public_url"),
        ("public_url = \"https://[::1\"".to_owned(), "public_url"),
        (format!("public_url = \"https://{}\"", "a".repeat(248)), "public_url"),
        ("trusted_proxies = [\"10.0.0.0/33\"]".to_owned(), "trusted_proxies"),
        (format!("trusted_proxies = [{}]", "\"10.0.0.1\",".repeat(65)), "trusted_proxies"),
        ("[tls]\ncert = \"/c\"".to_owned(), "tls.key"),
        ("[tls]\nkey = \"/k\"".to_owned(), "tls.cert"),
        ("[tls]\ncert = \"c\"\nkey = \"/k\"".to_owned(), "tls.cert"),
        ("[tls]\nmin = \"1.1\"".to_owned(), "tls.min"),
        ("[tls]\nbehind_proxy = \"maybe\"".to_owned(), "tls.behind_proxy"),
        (mail.to_owned(), "mail.from"),
        (format!("{mail}from = \"nobody\""), "mail.from"),
        (format!("{mail}from = \"a@example.org\\r\\nBcc: b@example.org\""), "mail.from"),
        (format!("{full}port = 0"), "mail.port"),
        (format!("{full}port = 65536"), "mail.port"),
        (format!("{full}tls = \"none\""), "mail.tls"),
        (format!("{full}username = \"u\""), "mail.password_file"),
        (format!("{full}password_file = \"/p\""), "mail.username"),
        (format!("{full}username = \"\"\npassword_file = \"/p\""), "mail.username"),
        (format!("{full}username = \"u\"\npassword_file = \"p\""), "mail.password_file"),
        ("[mail]\nhost = \"a b\"".to_owned(), "mail.host"),
        ("[mail]\nfrom = \"a@example.org\"".to_owned(), "mail.from"),
        ("[mail]\ntls = \"implicit\"".to_owned(), "mail.tls"),
    ] {
        let refused = load(&text, &[]).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("{key}: ")), "{text:?}: {refused}");
    }
}

#[test]
fn limits_hold_at_the_bound_and_not_one_past() {
    for (key, low, high) in [
        ("body_max_bytes", 1024, 16_777_216),
        ("requests_in_flight_max", 1, 10_000),
        ("connections_per_address_max", 1, 20_000),
        ("header_timeout_ms", 100, 60_000),
        ("request_timeout_ms", 1_000, 300_000),
        ("database_connections_max", 2, 50_i64),
    ] {
        let with = |value: i64| load(&format!("[limits]\n{key} = {value}"), &[]);
        for good in [low, high] {
            with(good).unwrap();
        }
        for bad in [low - 1, high + 1, i64::MIN, i64::MAX] {
            let refused = with(bad).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("limits.{key}: {bad} is out of bounds")), "{refused}");
        }
    }
}

#[test]
fn a_bad_variable_is_refused_by_its_name() {
    for (name, value, words) in [
        ("COUNTERSIGN_LISEN", "x", "unknown variable COUNTERSIGN_LISEN"),
        ("COUNTERSIGN_", "x", "unknown variable COUNTERSIGN_"),
        ("COUNTERSIGN_MAIL_PORT", "x", "COUNTERSIGN_MAIL_PORT: is no whole number"),
        ("COUNTERSIGN_LISTEN", "x", "listen: 'x' is no address"),
    ] {
        let refused = load("", &[(name, value)]).unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
    use std::os::unix::ffi::OsStringExt;
    let variables = [(OsString::from("COUNTERSIGN_LISTEN"), OsString::from_vec(vec![0xff]))];
    let refused = Config::from_parts(Path::new("x"), "", variables, &Overrides::default()).unwrap_err();
    assert_eq!(refused.to_string(), "COUNTERSIGN_LISTEN: is not UTF-8");
}

#[test]
fn files_are_read_up_to_their_bound() {
    let dir = tempfile::tempdir().unwrap();
    let none = || std::iter::empty::<(OsString, OsString)>();
    let load = |explicit: Option<&Path>| Config::load(dir.path(), explicit, none(), &Overrides::default());
    load(None).unwrap();
    let missing = dir.path().join("missing.toml");
    assert!(matches!(load(Some(&missing)), Err(Error::Unreadable { .. })));
    let path = dir.path().join(FILE_NAME);
    let bound = usize::try_from(FILE_MAX_BYTES).unwrap();
    std::fs::write(&path, "#".repeat(bound)).unwrap();
    load(None).unwrap();
    std::fs::write(&path, "#".repeat(bound + 1)).unwrap();
    assert!(matches!(load(None), Err(Error::TooLong(_))));
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(matches!(load(None), Err(Error::Unreadable { .. })));
}
