//! A database of the operator's own, reached over the network: TLS with the certificate and its name verified, or nothing.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use testkit::TestDb;

use crate::server::{Place, command};

const PASSWORD: &str = "an administrator's own";

/// A process that ends with its value, also when the test panics.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It holds nothing that an orderly end would save.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A PostgreSQL that lets nobody in without TLS, with a certificate for `localhost` alone.
struct Elsewhere {
    _postgres: Ended,
    port: u16,
    place: Place,
}

fn done(output: Output, what: &str) {
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
}

fn written(path: PathBuf, text: &str, mode: u32, owner: (u32, u32)) -> PathBuf {
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    std::os::unix::fs::chown(&path, Some(owner.0), Some(owner.1)).unwrap();
    path
}

/// An authority in PEM, and a certificate of it for a name with its key.
fn certificates(name: &str) -> (String, String, String) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    (authority_pem, certificate.pem(), key.serialize_pem())
}

impl Elsewhere {
    async fn start() -> Self {
        let t = TestDb::new().await;
        let found = fs::metadata(t.data_dir()).unwrap();
        let owner = (found.uid(), found.gid());
        let place = Place::new();
        let folder = place.path("elsewhere");
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::chown(&folder, Some(owner.0), Some(owner.1)).unwrap();
        let program = |name: &str| {
            let mut program = Command::new(t.bin_dir().join(name));
            program.current_dir("/").stdin(Stdio::null());
            if nix::unistd::geteuid().is_root() {
                program.uid(owner.0).gid(owner.1);
            }
            program
        };
        let password = written(folder.join("password"), PASSWORD, 0o600, owner);
        let data = folder.join("pg");
        let mut initdb = program("initdb");
        initdb.args(["-U", "admin", "-A", "scram-sha-256", "-D"]).arg(&data).arg("--pwfile").arg(password);
        done(initdb.output().unwrap(), "initdb");
        let (authority, certificate, key) = certificates("localhost");
        written(place.path("authority.pem"), &authority, 0o644, owner);
        written(place.path("another.pem"), &certificates("localhost").0, 0o644, owner);
        let certificate = written(folder.join("server.crt"), &certificate, 0o600, owner);
        let key = written(folder.join("server.key"), &key, 0o600, owner);
        written(data.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 scram-sha-256\n", 0o600, owner);
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let setting = |name: &str, value: &Path| format!("{name}={}", value.display());
        let postgres = program("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", &format!("port={port}"), "-c", "ssl=on"])
            .args(["-c", &setting("ssl_cert_file", &certificate), "-c", &setting("ssl_key_file", &key)])
            .args(["-c", &setting("unix_socket_directories", &folder)])
            .stderr(fs::File::create(place.path("elsewhere.log")).unwrap())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "the server did not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { _postgres: Ended(postgres), port, place }
    }

    /// `countersign migrate` against a host under an authority.
    fn migrate(&self, host: &str, authority: Option<&str>) -> Output {
        let mut migrate = command();
        migrate.arg("migrate").arg("--data").arg(self.place.data());
        migrate.env("DATABASE_URL", self.url(host));
        if let Some(name) = authority {
            migrate.env("DATABASE_CA", self.place.path(name));
        }
        migrate.output().unwrap()
    }

    fn url(&self, host: &str) -> String {
        format!("postgres://admin:{}@{host}:{}/postgres", PASSWORD.replace(' ', "%20").replace('\'', "%27"), self.port)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_elsewhere_is_verified_or_not_spoken_to() {
    let elsewhere = Elsewhere::start().await;
    let refused = |host: &str, authority: Option<&str>, words: &str| {
        let output = elsewhere.migrate(host, authority);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words), "{host}, {authority:?}: {said}");
        assert!(!said.contains("own"), "no password stands in an error: {said}");
    };
    refused("localhost", None, "no encryption");
    refused("database.example", None, "set DATABASE_CA");
    refused("localhost", Some("another.pem"), "invalid peer certificate");
    refused("127.0.0.1", Some("authority.pem"), "not valid for name");
    refused("localhost", Some("elsewhere.log"), "no certificate");
    refused("localhost", Some("missing.pem"), "missing.pem");

    done(elsewhere.migrate("localhost", Some("authority.pem")), "migrate");
    let mut server = command();
    server.arg("serve").arg("--data").arg(elsewhere.place.data()).args(["--listen", "127.0.0.1:0"]);
    server.args(["--listen-https", "127.0.0.1:0"]).env("DATABASE_URL", elsewhere.url("localhost"));
    server.env("DATABASE_CA", elsewhere.place.path("authority.pem")).stdout(Stdio::piped());
    let mut serving = Ended(server.spawn().unwrap());
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(serving.0.stdout.take().unwrap()));
    let ready = lines.next().unwrap().unwrap();
    let address = ready.strip_prefix("ready http://").unwrap().to_owned();
    let base = format!("http://{address}");
    let token = command()
        .args(["token", "create", "--workspace", "sample", "--as", "member@sample.test"])
        .args(["--scopes", "requests:write,requests:read", "--data"])
        .arg(elsewhere.place.data())
        .output()
        .unwrap();
    let client = crate::server::client();
    let made = client
        .post(format!("{base}/api/v1/requests"))
        .bearer_auth(String::from_utf8(token.stdout).unwrap().trim())
        .json(&crate::server::purchase("From afar", "10.00"))
        .send()
        .await
        .unwrap();
    let status = made.status();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(serving.0.id().cast_signed()), nix::sys::signal::Signal::SIGTERM)
        .unwrap();
    assert!(serving.0.wait().unwrap().success());
    assert_eq!(status, 201);
}
