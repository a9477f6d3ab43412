//! How fast fields are sealed and opened, as shares of the floor: AES-256-GCM in place with a counter
//! nonce and a prepared key, on the same core in the same process.
//!
//! Run: `cargo run --release -p seal --example speed`. Prints one JSON line for each size.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use seal::{Vault, columns};

const SIZES_BYTES: [usize; 4] = [100, 1 << 10, 1 << 16, 1 << 20];
const ROUNDS: u32 = 5;
const ROUND_TIME: Duration = Duration::from_millis(200);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let keys = Vault::open_local(dir.path())?.create_workspace([1; 16])?;
    let floor_key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &seal::random::<32>())?);
    for size_bytes in SIZES_BYTES {
        let content = vec![7; size_bytes];
        let mut text = content.clone();
        let mut counter = 0_u64;
        let floor_ns = best_ns(|| {
            counter += 1;
            let mut nonce = [0; 12];
            nonce[4..].copy_from_slice(&counter.to_be_bytes());
            let nonce = Nonce::assume_unique_for_key(nonce);
            let tag = floor_key.seal_in_place_separate_tag(nonce, Aad::from([0; 64]), &mut text);
            black_box(tag.is_ok());
        });
        let seal_ns = best_ns(|| {
            black_box(keys.seal::<columns::RevisionContent>([2; 16], &content).is_ok());
        });
        let sealed = keys.seal::<columns::RevisionContent>([2; 16], &content)?;
        let open_ns = best_ns(|| {
            black_box(keys.open([2; 16], &sealed).is_ok());
        });
        println!(
            "{{\"size_bytes\": {size_bytes}, \"floor_ns\": {floor_ns:.0}, \"seal_ns\": {seal_ns:.0}, \
             \"open_ns\": {open_ns:.0}, \"seal_share\": {:.2}, \"open_share\": {:.2}}}",
            floor_ns / seal_ns,
            floor_ns / open_ns
        );
    }
    Ok(())
}

/// Mean time of one call in the fastest of several rounds.
fn best_ns(mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mut calls = 0_u32;
        while start.elapsed() < ROUND_TIME {
            for _ in 0..16 {
                work();
            }
            calls += 16;
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(calls));
    }
    best
}
