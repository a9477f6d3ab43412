//! The three static files of the pages, compiled in, each under a URL that carries the hash of its bytes.
//!
//! A changed file has a new URL, so an answer may be cached for a year (`Cache-Control: public, max-age=31536000,
//! immutable`). The hash only tells versions of our own files apart, so FNV-1a with 64 bits, computed while
//! compiling, is enough: nobody outside chooses these bytes.

/// One static file.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// File name, the last part of the URL.
    pub name: &'static str,
    /// Media type with its character set.
    pub media_type: &'static str,
    /// The bytes as they are sent.
    pub body: &'static str,
    /// FNV-1a 64 of `body`.
    hash: u64,
}

impl Asset {
    const fn new(name: &'static str, media_type: &'static str, body: &'static str) -> Self {
        Self { name, media_type, body, hash: fnv1a_64(body.as_bytes()) }
    }

    /// The hash as 16 lower-case hexadecimal digits: the `{hash}` of the URL.
    #[must_use]
    pub fn hash_hex(&self) -> String {
        format!("{:016x}", self.hash)
    }

    /// The URL, `/assets/{hash}/{name}`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("/assets/{:016x}/{}", self.hash, self.name)
    }
}

/// The style sheet.
pub const STYLE: Asset = Asset::new("style.css", "text/css; charset=utf-8", include_str!("../assets/style.css"));

/// The one script.
pub const SCRIPT: Asset =
    Asset::new("script.js", "text/javascript; charset=utf-8", include_str!("../assets/script.js"));

/// The mark, shown by browsers beside the title.
pub const MARK: Asset = Asset::new("mark.svg", "image/svg+xml; charset=utf-8", include_str!("../assets/mark.svg"));

/// Every static file there is.
pub const ALL: [Asset; 3] = [STYLE, SCRIPT, MARK];

/// The file served at `/assets/{hash}/{name}`, or `None` where either part is unknown or of an older build.
#[must_use]
pub fn find(hash: &str, name: &str) -> Option<Asset> {
    ALL.into_iter().find(|asset| asset.name == name && asset.hash_hex() == hash)
}

/// FNV-1a, 64 bits (the parameters of draft-eastlake-fnv).
const fn fnv1a_64(bytes: &[u8]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut index = 0;
    while index < bytes.len() {
        hash ^= bytes[index] as u64;
        hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
        index += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_agrees_with_published_vectors() {
        assert_eq!(fnv1a_64(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a_64(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a_64(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn every_asset_is_found_by_its_url_and_by_nothing_else() {
        for asset in ALL {
            let found = find(&asset.hash_hex(), asset.name).expect("an asset answers to its own URL");
            assert_eq!(found.url(), asset.url());
            assert!(find("0000000000000000", asset.name).is_none());
            assert!(find(&asset.hash_hex(), "other").is_none());
        }
    }

    #[test]
    fn the_script_stays_within_its_250_lines() {
        assert!(SCRIPT.body.lines().count() <= 250);
    }
}
