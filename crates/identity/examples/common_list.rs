//! Makes `data/common.bin` from a text of passwords, one a line: `cargo run -p identity --example common_list -- IN OUT`.

use std::collections::BTreeSet;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(text), Some(list)) = (arguments.next(), arguments.next()) else {
        return Err("give the text to read and the list to write".into());
    };
    let text = std::fs::read_to_string(text)?;
    let entries: BTreeSet<[u8; 8]> =
        text.lines().filter(|line| !line.is_empty()).map(identity::strength::entry).collect();
    std::fs::write(list, entries.iter().flatten().copied().collect::<Vec<u8>>())?;
    println!("{} entries", entries.len());
    Ok(())
}
