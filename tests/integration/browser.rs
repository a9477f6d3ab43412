//! People in a browser: the main job with JavaScript and without, and every page looked at, light and dark, wide and
//! narrow. Pictures of them are left in `screenshots/`.

use std::fs;
use std::future::Future;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use thirtyfour::{By, CapabilitiesHelper as _, ChromiumLikeCapabilities as _, DesiredCapabilities, WebDriver};

use crate::server::{Server, provider};

/// Longest that a page may take to show what an act did.
const PATIENCE: Duration = Duration::from_secs(20);
/// Widths that every page is looked at with.
pub(crate) const WIDTHS: [u32; 2] = [1280, 320];
pub(crate) const THEMES: [&str; 2] = ["light", "dark"];

const AXE_RUN: &str = "const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}}).then(
  found => done([found.passes.length].concat(
    found.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join('; ')))),
  error => done([0, 'axe: ' + error]));";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scripts {
    Run,
    Off,
}

/// A chromium of its own.
pub(crate) struct Browser {
    pub(crate) driver: WebDriver,
    chromedriver: Child,
    port: u16,
    session: String,
    profile: PathBuf,
    base: String,
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn named(variable: &str, default: PathBuf) -> PathBuf {
    std::env::var_os(variable).map_or(default, PathBuf::from)
}

impl Browser {
    async fn open(server: &Server, scripts: Scripts) -> Self {
        Self::open_at(&server.base, scripts).await
    }

    /// One whose paths are below an address.
    pub(crate) async fn open_at(base: &str, scripts: Scripts) -> Self {
        provider();
        let profile = PathBuf::from(format!("/tmp/cs-browser-{}", uuid::Uuid::new_v4().simple()));
        let mut chromedriver = Command::new(named("CHROMEDRIVER", "/usr/bin/chromedriver".into()))
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(chromedriver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse().ok())
            .expect("chromedriver says its port");
        std::thread::spawn(move || lines.for_each(drop));
        let mut capabilities = DesiredCapabilities::chrome();
        capabilities.set_binary(&named("CHROMIUM", "/usr/bin/chromium".into()).to_string_lossy()).unwrap();
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--hide-scrollbars",
        ] {
            capabilities.add_arg(argument).unwrap();
        }
        capabilities.add_arg(&format!("--user-data-dir={}", profile.display())).unwrap();
        if scripts == Scripts::Off {
            let prefs = json!({"profile.managed_default_content_settings.javascript": 2});
            capabilities.add_experimental_option("prefs", prefs).unwrap();
        }
        capabilities.set("goog:loggingPrefs", json!({"browser": "ALL"})).unwrap();
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await.unwrap();
        let session = driver.session_id().to_string();
        Self { driver, chromedriver, port, session, profile, base: base.to_owned() }
    }

    /// A command of chromedriver that has no method of its own.
    pub(crate) async fn raw(&self, command: &str, body: &Value) -> Value {
        let url = format!("http://127.0.0.1:{}/session/{}/{command}", self.port, self.session);
        let answer = reqwest::Client::builder().no_proxy().build().unwrap().post(url).json(body).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["value"].clone()
    }

    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.raw("goog/cdp/execute", &json!({"cmd": command, "params": parameters})).await
    }

    pub(crate) async fn go(&self, path: &str) {
        self.driver.goto(format!("{}{path}", self.base)).await.unwrap();
    }

    pub(crate) async fn click(&self, selector: &str) {
        let found = self.driver.find(By::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("{selector}: {error}")).click().await.unwrap();
    }

    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        self.driver.find(By::Css(selector)).await.unwrap().send_keys(text).await.unwrap();
    }

    async fn path(&self) -> String {
        self.driver.current_url().await.unwrap().path().to_owned()
    }

    pub(crate) async fn has(&self, selector: &str) -> bool {
        !self.driver.find_all(By::Css(selector)).await.unwrap().is_empty()
    }

    /// Whether the page shows these words.
    async fn shows(&self, words: &str) -> bool {
        match self.driver.find(By::Css("main")).await {
            Ok(main) => main.text().await.is_ok_and(|text| text.contains(words)),
            Err(_) => false,
        }
    }

    /// Signs somebody in by a one-time link, and nobody else stays signed in.
    async fn become_one(&self, server: &Server, who: &str) {
        self.go("/").await;
        self.driver.delete_all_cookies().await.unwrap();
        self.driver.goto(server.link("sample", &format!("{who}@sample.test"))).await.unwrap();
        self.click("main button.primary").await;
        until("the link's answer", async || !self.path().await.starts_with("/link/")).await;
        self.go("/w/sample/").await;
        assert_eq!(self.path().await, "/w/sample/", "{who} is signed in");
    }

    pub(crate) async fn close(self) {
        self.driver.clone().quit().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the session of a test that panicked; after `close` there is none.
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let ask =
                format!("DELETE /session/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", self.session);
            drop(stream.set_read_timeout(Some(Duration::from_secs(5))));
            drop(stream.write_all(ask.as_bytes()));
            drop(stream.read(&mut [0; 512]));
        }
        kill(Pid::from_raw(i32::try_from(self.chromedriver.id()).unwrap()), Signal::SIGTERM).unwrap_or_default();
        drop(self.chromedriver.wait());
        drop(fs::remove_dir_all(&self.profile));
    }
}

/// Waits until something is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    until_within(PATIENCE, what, so).await;
}

/// Waits so long until something is so.
pub(crate) async fn until_within<F: Future<Output = bool>>(patience: Duration, what: &str, so: impl Fn() -> F) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < patience, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn hand_in(browser: &Browser, title: &str, amount: &str) -> String {
    browser.go("/w/sample/catalogue").await;
    browser.click("a[href='/w/sample/new/purchase']").await;
    until("the form", async || browser.has("[name='f.title']").await).await;
    browser.fill("[name='f.title']", title).await;
    browser.click("[name='f.category'] [value='hardware'], [name='f.category'][value='hardware']").await;
    browser.fill("[name='f.total.amount']", amount).await;
    browser.click("form.first button.primary").await;
    until("the request", async || browser.path().await.starts_with("/w/sample/requests/")).await;
    browser.path().await
}

async fn main_job(scripts: Scripts) {
    let server = Server::start();
    let browser = Browser::open(&server, scripts).await;
    browser.become_one(&server, "member").await;
    // Only a script shows the switch of the shortcuts.
    let shown = browser.has("[data-keys-switch]:not([hidden])").await;
    assert_eq!(shown, scripts == Scripts::Run, "scripts are as this test wants them");

    // An answer that is missing is asked for, and what was typed stays.
    browser.go("/w/sample/new/purchase").await;
    browser.fill("[name='f.title']", "A desk for two").await;
    browser.click("form.first button.primary").await;
    until("the refusal", async || browser.has("[aria-invalid='true']").await).await;
    assert!(browser.has("[name='f.title'][value='A desk for two']").await);

    let request = hand_in(&browser, "A desk for two", "450.00").await;
    assert!(browser.shows("A desk for two").await);
    assert!(!browser.has("button[value='approve']").await, "the requester does not decide");

    browser.become_one(&server, "manager").await;
    assert!(browser.shows("A desk for two").await, "it waits for the manager");
    browser.click(&format!("main a[href^='{request}']")).await;
    until("the card", async || browser.has("button[value='approve']").await).await;
    browser.fill("textarea[name='text']", "Good idea.").await;
    browser.click("form.comment button").await;
    until("the comment", async || browser.shows("Good idea.").await).await;
    browser.click("button[value='approve']").await;
    until_within(Duration::from_secs(120), "the end", async || !browser.has("button[value='approve']").await).await;

    browser.become_one(&server, "member").await;
    browser.go(&request).await;
    assert!(browser.shows("Approved").await);
    browser.close().await;

    let member = server.caller("member");
    let id = request.rsplit('/').next().unwrap();
    assert_eq!(member.get(&format!("/api/v1/requests/{id}")).await.json()["state"], "approved");
    let records = server.caller("owner").records_about(id).await;
    assert_eq!(records.values().sum::<usize>(), 3, "handed in, commented, approved: {records:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_main_job_with_javascript() {
    main_job(Scripts::Run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_main_job_without_javascript() {
    main_job(Scripts::Off).await;
}

/// Sets the theme by the form in the menu.
async fn choose(browser: &Browser, theme: &str) {
    browser.click("details.menu > summary").await;
    browser.click(&format!("button[name='theme'][value='{theme}']")).await;
    until("the theme", async || browser.has(&format!("html[data-theme='{theme}']")).await).await;
}

/// What is wrong with the page that is open.
pub(crate) async fn faults(browser: &Browser, axe: &str, width: u32) -> Vec<String> {
    let mut found = Vec::new();
    browser.driver.execute(axe, vec![]).await.unwrap();
    let violations = browser.driver.execute_async(AXE_RUN, vec![]).await.unwrap();
    let judged = violations.json().as_array().unwrap();
    assert!(judged[0].as_u64().unwrap() >= 10, "axe judged the page: {judged:?}");
    found.extend(judged[1..].iter().map(ToString::to_string));
    let measure = "return [innerWidth, document.scrollingElement.scrollWidth]";
    let measured = browser.driver.execute(measure, vec![]).await.unwrap().json().clone();
    assert_eq!(measured[0], width);
    if measured[1].as_u64().unwrap() > u64::from(width) {
        found.push(format!("scrolls sideways: {} pixels", measured[1]));
    }
    for entry in browser.raw("se/log", &json!({"type": "browser"})).await.as_array().unwrap() {
        let message = entry["message"].as_str().unwrap();
        // Chromium writes down that an absent page was answered with 404, which is right.
        if !(message.contains("404 (Not Found)") && message.contains("/none - ")) {
            found.push(format!("console: {message}"));
        }
    }
    found
}

/// The judge of accessibility, as a script.
pub(crate) fn axe() -> String {
    let default = repository().join(".judges/node_modules/axe-core/axe.min.js");
    fs::read_to_string(named("AXE_CORE", default)).expect("axe-core is there: ./test fetches it")
}

/// Every page for one reader: name and path.
async fn look_at(browser: &Browser, pages: &[(&str, String)]) -> Vec<String> {
    let axe = axe();
    let folder = repository().join("screenshots");
    fs::create_dir_all(&folder).unwrap();
    let mut wrong = Vec::new();
    for theme in THEMES {
        let size = json!({"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        browser.devtools("Emulation.setDeviceMetricsOverride", size).await;
        choose(browser, theme).await;
        for width in WIDTHS {
            let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
            browser.devtools("Emulation.setDeviceMetricsOverride", size).await;
            for (name, path) in pages {
                browser.go(path).await;
                let found = faults(browser, &axe, width).await;
                wrong.extend(found.into_iter().map(|fault| format!("{name} {theme} {width}: {fault}")));
                let picture = browser.devtools("Page.captureScreenshot", json!({"captureBeyondViewport": true})).await;
                let picture = data_encoding::BASE64.decode(picture["data"].as_str().unwrap().as_bytes()).unwrap();
                fs::write(folder.join(format!("{name}-{theme}-{width}.png")), picture).unwrap();
            }
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_for_everybody() {
    let server = Server::start();
    let (member, manager, owner) = (server.caller("member"), server.caller("manager"), server.caller("owner"));
    let (waiting, _) = member.submit("Twelve chairs for the meeting room", "4800.00").await;
    let (decided, etag) = member.submit("A standing desk", "650.00").await;
    let task = manager.task_of(&decided).await.unwrap();
    assert_eq!(manager.decide(&decided, &etag, &json!({"task": task, "decision": "approve"})).await.status, 201);
    let first = |list: Value| list["items"][0]["id"].as_str().unwrap().to_owned();
    let person = first(owner.get("/api/v1/people").await.json());
    let group = first(owner.get("/api/v1/groups").await.json());
    let record = first(owner.get("/api/v1/audit-events").await.json());
    let stream = server.a_stream().await;
    let at = |path: &str| format!("/w/sample/{path}");

    // By the time the other pages were looked at, this workspace is no more.
    server.workspace("leaving", "last@leaving.test");
    let ending = server.says(&["workspace", "end", "leaving", "--days", "0"]);
    let ended = ending.split_whitespace().skip_while(|word| *word != "certificate").nth(1).unwrap().to_owned();

    // By the time the log's page is looked at, it shows a verdict.
    let verifying = server.signed_in("sample", "owner@sample.test").await.form(&at("audit/log"), "act=verify").await;
    assert_eq!(verifying.status, 303, "{}", verifying.text());

    let browser = Browser::open(&server, Scripts::Run).await;
    browser.go("/").await;
    let link = server.link("sample", "director@sample.test");
    let mut wrong = look_at(
        &browser,
        &[
            ("enter-workspace", "/".to_owned()),
            ("sign-in", at("sign-in")),
            ("one-time-link", link.strip_prefix(&server.base).unwrap().to_owned()),
            ("absent-link", "/link/sample/none".to_owned()),
            ("trust", "/trust".to_owned()),
            ("ledger", "/trust/ledger".to_owned()),
        ],
    )
    .await;
    browser.become_one(&server, "manager").await;
    let deciding = [
        ("home", at("")),
        ("request-waiting", at(&format!("requests/{waiting}"))),
        ("catalogue", at("catalogue")),
        ("form", at("new/purchase")),
        ("welcome", at("welcome")),
    ];
    wrong.extend(look_at(&browser, &deciding).await);
    browser.become_one(&server, "owner").await;
    let managing = [
        ("home-empty", at("")),
        ("request-decided", at(&format!("requests/{decided}"))),
        ("people", at("people")),
        ("person", at(&format!("people/{person}"))),
        ("groups", at("groups")),
        ("group", at(&format!("groups/{group}"))),
        ("processes", at("processes")),
        ("process-editor", at("processes/purchase")),
        ("audit", at("audit")),
        ("audit-log", at("audit/log")),
        ("record", at(&format!("audit/{record}"))),
        ("erasure", at("erasure")),
        ("streams", at("streams")),
        ("stream", at(&format!("streams/{stream}"))),
        ("tokens", at("tokens")),
        ("absent", at("requests/none")),
    ];
    wrong.extend(look_at(&browser, &managing).await);
    let path = format!("/ended/{ended}");
    until("the end", async || server.nobody().get(&path).await.text().contains("proof.tlog-proof")).await;
    wrong.extend(look_at(&browser, &[("ended", path)]).await);
    browser.close().await;
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}
