//! Writes a sample of every page, in both themes, as files that a browser opens without a server:
//! `cargo run -p web --example gallery -- DIR`.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use web::assets;
use web::views::{Theme, samples};

fn main() -> Result<(), Box<dyn Error>> {
    let dir: PathBuf = std::env::args_os()
        .nth(1)
        .ok_or("name the folder to write to: cargo run -p web --example gallery -- DIR")?
        .into();
    fs::create_dir_all(&dir)?;
    for asset in assets::ALL {
        fs::write(dir.join(asset.name), asset.body)?;
    }
    for theme in [Theme::Light, Theme::Dark] {
        for sample in samples::pages(theme) {
            let mut html = sample.html?;
            for asset in assets::ALL {
                html = html.replace(&asset.url(), asset.name);
            }
            let bytes = html.len();
            fs::write(dir.join(format!("{}-{}.html", sample.name, theme.word())), html)?;
            println!("{:>7} bytes  {}-{}", bytes, sample.name, theme.word());
        }
    }
    for (name, subject, text) in samples::mails() {
        fs::write(dir.join(format!("mail-{name}.txt")), format!("Subject: {subject}\n\n{}", text?))?;
    }
    Ok(())
}
