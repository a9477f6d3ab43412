//! Finding the server's binaries: the newest installed, or exactly the major version that made the cluster.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Error, Options};

const OLDEST_MAJOR: u32 = 15;

/// Bound on the directories asked for their version.
const CANDIDATES_MAX: usize = 64;

/// Where packages put the binaries: parent, and the path below each of its entries.
const PLACES: [(&str, &str); 5] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr", "pgsql-*/bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "bin"),
];

#[derive(Debug, Clone, PartialEq, Eq)]
struct Installation {
    bin_dir: PathBuf,
    major: u32,
}

/// The directory to run the server from. `cluster_major` is what made the existing cluster, if there is one.
pub(super) fn find(options: &Options, cluster_major: Option<u32>) -> Result<PathBuf, Error> {
    let dirs = match &options.binaries {
        Some(dir) => vec![dir.clone()],
        None => candidates(options.search_path.as_deref()),
    };
    let found = dirs.iter().take(CANDIDATES_MAX).filter_map(|dir| inspect(dir)).collect();
    choose(found, cluster_major)
}

fn choose(mut found: Vec<Installation>, cluster_major: Option<u32>) -> Result<PathBuf, Error> {
    found.retain(|one| one.major >= OLDEST_MAJOR);
    // Stable: among equals the place looked at first wins.
    found.sort_by_key(|one| std::cmp::Reverse(one.major));
    let Some(newest) = found.first() else { return Err(Error::NoBinaries) };
    let Some(cluster) = cluster_major else { return Ok(newest.bin_dir.clone()) };
    match found.iter().find(|one| one.major == cluster) {
        Some(fitting) => Ok(fitting.bin_dir.clone()),
        None => {
            let mut majors: Vec<u32> = found.iter().map(|one| one.major).collect();
            majors.dedup();
            Err(Error::WrongMajor { cluster, found: majors })
        }
    }
}

fn candidates(search_path: Option<&OsStr>) -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = Vec::new();
    let on_path: Vec<PathBuf> = search_path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    if let Some(tool) = on_path.iter().map(|dir| dir.join("pg_config")).find(|tool| tool.is_file()) {
        dirs.extend(output_of(&tool, "--bindir").map(PathBuf::from));
    }
    for (parent, below) in PLACES {
        dirs.extend(entries_with(Path::new(parent), below));
    }
    dirs.extend(on_path.into_iter().filter(|dir| dir.is_absolute()));
    let mut seen = std::collections::HashSet::new();
    dirs.retain(|dir| dir.join("postgres").is_file() && seen.insert(dir.clone()));
    dirs
}

/// `below` is a plain component below each entry, or `prefix*/component` to pick entries by prefix.
fn entries_with(parent: &Path, below: &str) -> Vec<PathBuf> {
    let (prefix, component) = below.split_once("*/").unwrap_or(("", below));
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut dirs: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(component))
        .collect();
    dirs.sort();
    dirs
}

fn inspect(dir: &Path) -> Option<Installation> {
    if !dir.join("initdb").is_file() {
        return None;
    }
    let major = major_of_version(&output_of(&dir.join("postgres"), "--version")?)?;
    Some(Installation { bin_dir: dir.to_owned(), major })
}

fn output_of(program: &Path, argument: &str) -> Option<String> {
    let output = Command::new(program)
        .arg(argument)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// `postgres (PostgreSQL) 15.18 (Debian ...)` and `postgres (PostgreSQL) 18beta1` both begin their third word so.
fn major_of_version(text: &str) -> Option<u32> {
    let version = text.strip_prefix("postgres (PostgreSQL) ")?;
    let digits = version.len() - version.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(majors: &[u32]) -> Vec<Installation> {
        let one = |major: &u32| Installation { bin_dir: format!("/pg/{major}").into(), major: *major };
        majors.iter().map(one).collect()
    }

    #[test]
    fn versions_are_read() {
        for (text, major) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", Some(15)),
            ("postgres (PostgreSQL) 18beta1", Some(18)),
            ("postgres (PostgreSQL) 9.6.24", Some(9)),
            ("postgres (PostgreSQL) devel", None),
            ("postgres (PostgreSQL) 99999999999", None),
            ("something else 15", None),
            ("", None),
        ] {
            assert_eq!(major_of_version(text), major, "{text}");
        }
    }

    #[test]
    fn the_newest_is_taken_for_a_new_cluster_and_the_same_major_for_an_old_one() {
        assert_eq!(choose(installed(&[15, 18, 17]), None).unwrap(), Path::new("/pg/18"));
        assert_eq!(choose(installed(&[15, 18, 17]), Some(17)).unwrap(), Path::new("/pg/17"));
        let refused = choose(installed(&[18]), Some(15)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the data directory was made by PostgreSQL 15, but only [18] found; install postgresql-15 or run pg_upgrade"
        );
        let refused = choose(installed(&[16, 18, 16]), Some(15)).unwrap_err().to_string();
        assert!(refused.contains("only [18, 16] found"), "{refused}");
    }

    #[test]
    fn majors_below_15_do_not_count() {
        for found in [vec![], installed(&[14]), installed(&[9, 14])] {
            let refused = choose(found, Some(14)).unwrap_err();
            assert_eq!(
                refused.to_string(),
                "no PostgreSQL >= 15 server binaries found.\n  Debian/Ubuntu: apt install postgresql    macOS: brew install postgresql@17\n  or set COUNTERSIGN_PG_BIN=/path/to/bin, or DATABASE_URL=postgres://... to use a server of your own"
            );
        }
    }

    #[test]
    fn places_are_picked_by_prefix() {
        let base = tempfile::tempdir().unwrap();
        for dir in ["pgsql-16/bin", "pgsql-17/bin", "other/bin"] {
            fs::create_dir_all(base.path().join(dir)).unwrap();
        }
        let names = |below| entries_with(base.path(), below).len();
        assert_eq!(names("pgsql-*/bin"), 2);
        assert_eq!(names("bin"), 3);
        assert!(entries_with(Path::new("/does/not/exist"), "bin").is_empty());
    }
}
