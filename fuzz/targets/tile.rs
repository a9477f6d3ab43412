#![no_main]
#[path = "../src/bodies.rs"]
#[expect(dead_code, reason = "a target calls one of them")]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::tile(bytes));
