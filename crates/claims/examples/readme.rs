//! Writes the table of claims into README.md, between its marks: `cargo run -p claims --example readme`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = std::fs::read_to_string(&path)?;
    let written =
        claims::registry::in_readme(&text).ok_or_else(|| std::io::Error::other("README.md lost its marks"))?;
    std::fs::write(&path, written)
}
