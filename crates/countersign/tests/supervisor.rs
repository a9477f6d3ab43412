//! The private PostgreSQL as processes: every way it is started, killed and left behind.
//!
//! Each test runs `examples/supervise.rs` on a data directory of its own. Started as root, the supervisor drops to user
//! `postgres`; tests of the ordinary user run a copy of it as `nobody`. Started as an ordinary user, both are that user.

#![expect(clippy::unwrap_used, reason = "a helper of a test panics like the test itself")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_new_cluster_serves_its_roles_and_nobody_else() {
    let place = Place::new();
    let mut server = Supervisor::start(&place, &[]);
    assert_eq!(
        server.sql("countersign_app", "SELECT current_user, current_setting('search_path')"),
        "countersign_app|countersign, audit, platform, ext"
    );
    let owner = fs::metadata(format!("/proc/{}", server.pid)).unwrap().uid();
    assert_ne!(owner, 0);
    assert_eq!(fs::metadata(server.socket_dir()).unwrap().uid(), owner);
    for (setting, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("unix_socket_permissions", "0700"),
        ("max_connections", "60"),
        ("wal_compression", "pglz"),
    ] {
        assert_eq!(
            server.sql("countersign_probe", &format!("SELECT current_setting('{setting}')")),
            value,
            "{setting}"
        );
    }
    for role in countersign::postgres::MAPPED_ROLES {
        assert_eq!(server.sql(role, "SELECT current_user"), role);
    }
    for role in ["postgres", "countersign_owner"] {
        let refused = server.psql(role, "SELECT 1");
        assert!(!refused.status.success(), "{role} could log in");
    }
    let attributes =
        "SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles WHERE rolname ~ '^countersign' AND ";
    assert_eq!(server.sql("countersign_probe", &format!("{attributes} rolbypassrls")), "countersign_migrate");
    assert_eq!(
        server.sql(
            "countersign_probe",
            &format!("{attributes} (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication)")
        ),
        ""
    );
    assert_eq!(server.sql("countersign_probe", &format!("{attributes} NOT rolcanlogin")), "countersign_owner");
    assert!(!server.psql("countersign_app", "CREATE TABLE countersign.mine (n int)").status.success());
    assert!(!server.psql("countersign_app", "CREATE TEMP TABLE mine (n int)").status.success());
    server.sql("countersign_migrate", "SET ROLE countersign_owner; CREATE TABLE countersign.probe (n int)");
    server.stop();
    // The second start is on existing data.
    let begun = Instant::now();
    let mut server = Supervisor::start(&place, &[]);
    eprintln!("start on existing data: {} ms", begun.elapsed().as_millis());
    assert_eq!(server.sql("countersign_migrate", "SELECT count(*) FROM countersign.probe"), "0");
    server.stop();
}

#[test]
fn a_serving_role_is_bounded_in_time() {
    let place = Place::new();
    let mut server = Supervisor::start(&place, &[]);
    server.sql("countersign_app", "SELECT pg_sleep(4)");
    let refused = text(&server.psql("countersign_app", "SELECT pg_sleep(6)").stderr);
    assert!(refused.contains("statement timeout"), "{refused}");
    for (setting, value) in [("lock_timeout", "2s"), ("idle_in_transaction_session_timeout", "10s")] {
        assert_eq!(server.sql("countersign_app", &format!("SELECT current_setting('{setting}')")), value);
    }
    server.stop();
}

#[test]
fn a_scratch_instance_lets_its_starter_be_superuser_and_the_next_product_start_does_not() {
    let place = Place::new();
    let mut server = Supervisor::start(&place, &["--scratch"]);
    assert_eq!(server.sql("postgres", "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"), "t");
    let as_starter = Command::new(tool("psql"))
        .arg("-h")
        .arg(server.socket_dir())
        .args(["-U", "postgres", "-d", "countersign", "-Atc", "SELECT 1"])
        .output()
        .unwrap();
    assert_eq!(text(&as_starter.stdout).trim(), "1", "{}", text(&as_starter.stderr));
    server.stop();
    let mut server = Supervisor::start(&place, &[]);
    assert!(!server.psql("postgres", "SELECT 1").status.success());
    server.stop();
}

#[test]
fn the_bootstrap_statements_can_be_run_again_by_psql() {
    let place = Place::new();
    let mut server = Supervisor::start(&place, &["--scratch"]);
    let state =
        "SELECT md5(string_agg(r::text, E'\\n' ORDER BY r.rolname)) FROM pg_roles r WHERE rolname ~ '^countersign'
        UNION ALL SELECT md5(string_agg(n::text, E'\\n' ORDER BY n.oid)) FROM pg_namespace n
        UNION ALL SELECT md5(string_agg(d::text, E'\\n' ORDER BY d.oid)) FROM pg_default_acl d";
    let before = server.sql("postgres", state);
    for _ in 0..2 {
        let mut command = server.psql_command("postgres", "SELECT 1");
        command.args(["-v", "ON_ERROR_STOP=0", "-f", "-"]).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(countersign::postgres::BOOTSTRAP_SQL.as_bytes()).unwrap();
        let said = text(&child.wait_with_output().unwrap().stderr);
        let errors: Vec<&str> = said.lines().filter(|line| line.contains("ERROR") || line.contains("FATAL")).collect();
        assert!(errors.len() == 1 && errors[0].contains("database \"countersign\" already exists"), "{said}");
    }
    assert_eq!(server.sql("postgres", state), before);
    server.stop();
}

#[test]
fn an_ordinary_user_starts_it_too_and_others_get_no_access() {
    let place = Place::new();
    let mut command = place.command_as("nobody");
    command.arg(place.data());
    let mut server = Supervisor::spawn(command, &place);
    let own = if geteuid().is_root() { "nobody".to_owned() } else { User::from_uid(geteuid()).unwrap().unwrap().name };
    assert_eq!(server.sql("countersign_app", "SELECT current_user"), "countersign_app");
    assert_eq!(
        fs::metadata(format!("/proc/{}", server.pid)).unwrap().uid(),
        User::from_name(&own).unwrap().unwrap().uid.as_raw()
    );
    if geteuid().is_root() {
        let mut other = as_user(&tool("psql"), "postgres");
        other.arg("-h").arg(server.socket_dir()).args([
            "-U",
            "countersign_app",
            "-d",
            "countersign",
            "-Atc",
            "SELECT 1",
        ]);
        assert!(!other.output().unwrap().status.success());
    }
    server.stop();
}

#[test]
fn killing_the_parent_stops_the_server_cleanly_and_keeps_what_was_acknowledged() {
    let place = Place::new();
    let mut server = Supervisor::start(&place, &[]);
    server.sql("countersign_migrate", "SET ROLE countersign_owner; CREATE TABLE countersign.ack (n int)");
    for round in 0..3 {
        server.sql("countersign_migrate", &format!("INSERT INTO countersign.ack VALUES ({round})"));
        let orphan = server.pid;
        server.kill_parent();
        wait_until("the server ends after its parent", || !alive(orphan));
        let begun = Instant::now();
        server = Supervisor::start(&place, &[]);
        assert!(begun.elapsed() < Duration::from_secs(10), "ready again after {:?}", begun.elapsed());
        assert_eq!(server.sql("countersign_migrate", "SELECT count(*) FROM countersign.ack"), (round + 1).to_string());
    }
    assert!(place.log().contains("database system is shut down"));
    server.stop();
}

#[test]
fn a_restart_right_after_the_kill_of_the_parent_waits_for_the_old_server() {
    let place = Place::new();
    let mut server = Supervisor::start(&place, &[]);
    server.kill_parent();
    let mut server = Supervisor::start(&place, &[]);
    assert_eq!(server.sql("countersign_app", "SELECT 1"), "1");
    server.stop();
}

#[test]
fn a_killed_server_is_started_again_though_a_backend_is_busy() {
    let place = Place::new();
    let mut server = Supervisor::start(&place, &[]);
    let mut busy = server.psql_command("countersign_migrate", "SELECT pg_sleep(600)").spawn().unwrap();
    wait_until("the backend is busy", || {
        server.sql("countersign_migrate", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'")
            == "1"
    });
    let first = server.pid;
    kill(pid(first), Signal::SIGKILL).unwrap();
    let begun = Instant::now();
    wait_until("another server serves", || server.ask().is_some_and(|(now, restarts)| now != first && restarts == 1));
    assert!(begun.elapsed() < Duration::from_secs(10), "ready again after {:?}", begun.elapsed());
    assert_eq!(server.sql("countersign_app", "SELECT 1"), "1");
    busy.wait().unwrap();
    server.stop();
}

#[test]
fn killing_both_with_a_busy_backend_loses_nothing_acknowledged() {
    let place = Place::new();
    let mut server = Supervisor::start(&place, &[]);
    server.sql("countersign_migrate", "SET ROLE countersign_owner; CREATE TABLE countersign.ack (n int)");
    for round in 0..4 {
        server.sql("countersign_migrate", &format!("INSERT INTO countersign.ack VALUES ({round})"));
        let mut busy = server
            .psql_command("countersign_migrate", "SELECT sum(n) FROM generate_series(1, 4000000000) n")
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(200));
        // The keeper first and frozen, so that it cannot start another server in between.
        kill(pid(server.child.id()), Signal::SIGSTOP).unwrap();
        kill(pid(server.pid), Signal::SIGKILL).unwrap();
        server.kill_parent();
        let begun = Instant::now();
        server = Supervisor::start(&place, &[]);
        assert!(begun.elapsed() < Duration::from_secs(10), "ready again after {:?}", begun.elapsed());
        assert_eq!(server.sql("countersign_migrate", "SELECT count(*) FROM countersign.ack"), (round + 1).to_string());
        busy.wait().unwrap();
    }
    server.stop();
}

#[test]
fn a_stale_pid_file_that_says_ready_and_names_a_living_stranger_does_no_harm() {
    let place = Place::new();
    Supervisor::start(&place, &[]).stop();
    let mut stranger = Stranger(as_user(Path::new("/bin/sleep"), "postgres").arg("600").spawn().unwrap());
    let data = place.data().canonicalize().unwrap();
    let stale = format!(
        "{}\n{}/pg\n1795312345\n5432\n{}/run\n\n  5432001  3\nready   \n",
        stranger.0.id(),
        data.display(),
        data.display()
    );
    let path = data.join("pg/postmaster.pid");
    fs::write(&path, stale).unwrap();
    let owner = fs::metadata(data.join("pg")).unwrap();
    std::os::unix::fs::chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    let mut server = Supervisor::start(&place, &[]);
    assert_ne!(server.pid, stranger.0.id());
    assert_eq!(server.sql("countersign_app", "SELECT 1"), "1");
    assert!(stranger.0.try_wait().unwrap().is_none(), "the stranger was hit");
    server.stop();
}

#[test]
fn an_orphan_started_by_other_means_is_ended() {
    let place = Place::new();
    Supervisor::start(&place, &[]).stop();
    let owner = User::from_uid(fs::metadata(place.data()).unwrap().uid().into()).unwrap().unwrap().name;
    let pg_dir = place.data().canonicalize().unwrap().join("pg");
    let mut start = as_user(&tool("pg_ctl"), &owner);
    start.arg("-D").arg(&pg_dir).args(["-w", "-l"]).arg(pg_dir.join("orphan.log")).arg("start");
    assert!(start.stdout(Stdio::null()).status().unwrap().success());
    let orphan: u32 =
        fs::read_to_string(pg_dir.join("postmaster.pid")).unwrap().lines().next().unwrap().parse().unwrap();
    let mut server = Supervisor::start(&place, &[]);
    assert!(!alive(orphan), "the orphan lives");
    assert_ne!(server.pid, orphan);
    assert_eq!(server.sql("countersign_app", "SELECT 1"), "1");
    server.stop();
}

#[test]
fn a_second_instance_is_refused_with_78() {
    let place = Place::new();
    let mut server = Supervisor::start(&place, &[]);
    let refused = place.command().arg(place.data()).output().unwrap();
    assert_eq!(refused.status.code(), Some(78));
    let root = place.data().canonicalize().unwrap();
    assert_eq!(text(&refused.stderr), format!("another Countersign uses {}\n", root.display()));
    assert_eq!(server.sql("countersign_app", "SELECT 1"), "1");
    server.stop();
}

#[test]
fn a_cluster_of_another_major_version_is_refused_untouched() {
    let place = Place::new();
    Supervisor::start(&place, &[]).stop();
    let version = place.data().join("pg/PG_VERSION");
    let installed = fs::read_to_string(&version).unwrap().trim().to_owned();
    fs::write(&version, "14\n").unwrap();
    let refused = refusal(place.command().env("COUNTERSIGN_PG_BIN", bin_dir()).arg(place.data()));
    assert_eq!(
        refused,
        format!(
            "the data directory was made by PostgreSQL 14, but only [{installed}] found; install postgresql-14 or run pg_upgrade\n"
        )
    );
    fs::write(&version, "damaged").unwrap();
    assert!(refusal(place.command().arg(place.data())).contains("does not hold a PostgreSQL version"));
    fs::write(&version, format!("{installed}\n")).unwrap();
    Supervisor::start(&place, &[]).stop();
}

#[test]
fn missing_binaries_and_a_long_path_are_named() {
    let place = Place::new();
    let empty = place.base.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let refused = refusal(place.command().env("COUNTERSIGN_PG_BIN", &empty).arg(place.data()));
    assert!(
        refused.starts_with("no PostgreSQL >= 15 server binaries found.\n  Debian/Ubuntu: apt install postgresql"),
        "{refused}"
    );
    assert!(!place.data().join("pg").exists());
    // `<data>/run/.s.PGSQL.5432` with 103 bytes is taken (the 104th is refused before anything is made).
    let base = place.base.path().canonicalize().unwrap();
    let name = |socket: usize| "d".repeat(socket - "/run/.s.PGSQL.5432".len() - base.as_os_str().len() - 1);
    let refused = refusal(place.command().arg(base.join(name(104))));
    assert_eq!(refused, "data path too long for a unix socket (104 > 103)\n");
    let mut command = place.command();
    command.arg(base.join(name(103)));
    let mut server = Supervisor::spawn(command, &place);
    assert_eq!(server.sql("countersign_app", "SELECT 1"), "1");
    server.stop();
}

#[test]
fn a_directory_with_an_odd_name_works() {
    let place = Place::new();
    let mut command = place.command();
    command.arg(place.base.path().join("o'brien \"inc\" \\ é"));
    let mut server = Supervisor::spawn(command, &place);
    assert_eq!(server.sql("countersign_app", "SELECT 1"), "1");
    server.stop();
}

#[test]
fn a_half_made_cluster_is_made_again() {
    let place = Place::new();
    // Killed while the cluster is being made, at several moments.
    for after_ms in [100, 400, 900] {
        let mut child = place
            .command()
            .arg(place.data())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(after_ms));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let mut server = Supervisor::start(&place, &[]);
    assert_eq!(server.sql("countersign_app", "SELECT 1"), "1");
    assert!(!place.data().join("pg.new").exists());
    server.stop();
}

#[test]
fn root_hands_over_a_new_or_empty_directory_but_none_with_foreign_files() {
    if !geteuid().is_root() {
        return;
    }
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    fs::write(place.data().join("letters.txt"), "private").unwrap();
    let refused = refusal(place.command().arg(place.data()));
    assert!(refused.contains("already holds other files (letters.txt)"), "{refused}");
    assert_eq!(fs::metadata(place.data()).unwrap().uid(), 0);
    fs::remove_file(place.data().join("letters.txt")).unwrap();
    fs::write(place.data().join("countersign.toml"), "").unwrap();
    let mut server = Supervisor::start(&place, &[]);
    assert_ne!(fs::metadata(place.data()).unwrap().uid(), 0);
    server.stop();
    let closed = place.base.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    let refused = refusal(place.command().arg(closed.join("data")));
    assert!(refused.contains("cannot enter") && refused.contains("/closed, which lies above"), "{refused}");
}

/// A directory of one test, 0711, with a data directory to be made in it.
struct Place {
    base: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let base = tempfile::Builder::new().prefix("cs-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(base.path(), Permissions::from_mode(0o711)).unwrap();
        Self { base }
    }

    fn data(&self) -> PathBuf {
        self.base.path().join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.data().join("postgres.log")).unwrap()
    }

    fn command(&self) -> Command {
        Command::new(supervise())
    }

    /// A copy of the program where `user` can reach it, on a data directory of that user.
    fn command_as(&self, user: &str) -> Command {
        if !geteuid().is_root() {
            return self.command();
        }
        let copy = self.base.path().join("supervise");
        fs::copy(supervise(), &copy).unwrap();
        fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(self.data()).unwrap();
        let account = User::from_name(user).unwrap().unwrap();
        std::os::unix::fs::chown(self.data(), Some(account.uid.as_raw()), Some(account.gid.as_raw())).unwrap();
        as_user(&copy, user)
    }
}

/// A running `supervise` and its server; both are ended when it goes out of scope.
struct Supervisor {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    pid: u32,
    socket: PathBuf,
}

impl Supervisor {
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut command = place.command();
        command.arg(place.data()).args(arguments);
        Self::spawn(command, place)
    }

    fn spawn(mut command: Command, _place: &Place) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let Some((pid, socket)) = line.trim_end().strip_prefix("ready ").and_then(|rest| rest.split_once(' ')) else {
            let mut error = String::new();
            child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
            panic!("not ready: {line:?} {error}");
        };
        Self { input: child.stdin.take(), output, pid: pid.parse().unwrap(), socket: socket.into(), child }
    }

    fn socket_dir(&self) -> &Path {
        &self.socket
    }

    /// The server's pid and how often it was started again; `None` while it is down.
    fn ask(&mut self) -> Option<(u32, u32)> {
        writeln!(self.input.as_mut().unwrap(), "?").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let (pid, restarts) = line.trim_end().split_once(' ')?;
        self.pid = pid.parse().unwrap();
        Some((self.pid, restarts.parse().unwrap()))
    }

    fn psql_command(&self, role: &str, sql: &str) -> Command {
        let owner = User::from_uid(fs::metadata(&self.socket).unwrap().uid().into()).unwrap().unwrap().name;
        let mut command = as_user(&tool("psql"), &owner);
        command.arg("-h").arg(&self.socket).args([
            "-U",
            role,
            "-d",
            "countersign",
            "-XqAt",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn psql(&self, role: &str, sql: &str) -> Output {
        self.psql_command(role, sql).output().unwrap()
    }

    fn sql(&self, role: &str, sql: &str) -> String {
        let output = self.psql(role, sql);
        assert!(output.status.success(), "{role}: {sql}: {}", text(&output.stderr));
        text(&output.stdout).trim().to_owned()
    }

    fn kill_parent(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn stop(&mut self) -> ExitStatus {
        drop(self.input.take());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
        assert!(!alive(self.pid), "the server outlives its stop");
        status
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.input.take());
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

struct Stranger(Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Runs the command, which must fail with 1, and gives what it said.
fn refusal(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    text(&output.stderr)
}

fn as_user(program: &Path, user: &str) -> Command {
    let mut command = Command::new(program);
    if geteuid().is_root() {
        let account = User::from_name(user).unwrap().unwrap();
        command.uid(account.uid.as_raw()).gid(account.gid.as_raw()).current_dir("/");
    }
    command
}

fn supervise() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples/supervise")
}

/// The newest installed binaries.
fn bin_dir() -> PathBuf {
    let installed = fs::read_dir("/usr/lib/postgresql").unwrap().map(|entry| entry.unwrap().path().join("bin"));
    installed.filter(|dir| dir.join("initdb").exists()).max().unwrap()
}

fn tool(name: &str) -> PathBuf {
    bin_dir().join(name)
}

fn alive(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

fn pid(process: u32) -> Pid {
    Pid::from_raw(i32::try_from(process).unwrap())
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "waited for: {what}");
        sleep(Duration::from_millis(20));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
