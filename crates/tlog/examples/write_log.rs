//! Writes a log of 70,000 entries for other verifiers to judge: `write_log DIRECTORY [KIND]`, where a kind is something
//! done to its files. Beside the directory come `DIRECTORY.keys` and `DIRECTORY.kept`, which nobody tampers with.
//! Without arguments it names the kinds.

#[path = "../tests/log/mod.rs"]
mod log;

use std::path::Path;

use log::{KEPT_KINDS, KINDS};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(directory) = arguments.next() else {
        KINDS.iter().for_each(|(kind, ..)| println!("{kind}"));
        KEPT_KINDS.iter().for_each(|(kind, ..)| println!("{kind} kept"));
        return Ok(());
    };
    let (mut files, kept) = log::untouched();
    if let Some(wanted) = arguments.next() {
        let found = KINDS.iter().chain(&KEPT_KINDS).find(|(kind, ..)| *kind == wanted);
        let (_, _, tamper) = found.ok_or_else(|| std::io::Error::other(format!("no kind is named {wanted}")))?;
        tamper(&mut files);
    }
    for (path, bytes) in files {
        let path = Path::new(&directory).join(path);
        std::fs::create_dir_all(path.parent().expect("below the directory"))?;
        std::fs::write(path, bytes)?;
    }
    std::fs::write(format!("{directory}.keys"), log::verifier_keys())?;
    std::fs::write(format!("{directory}.kept"), kept)
}
