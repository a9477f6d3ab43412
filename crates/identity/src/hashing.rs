//! Argon2id (RFC 9106) in memory that goes back to the system when a hash is done.
//!
//! A hash takes 19 MiB. The C library keeps blocks of that size in its arenas for later, one arena a thread, and the
//! process stays 60 MiB larger than it needs to be. Blocks above 32 MiB it always maps on their own and unmaps when
//! they are freed (mallopt(3), `M_MMAP_THRESHOLD`), and of a mapping only what is touched takes memory.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{self, CustomizedPasswordHasher, PasswordHasher, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// Blocks of 1 KiB that are asked for at least: just above what the C library would keep.
const BLOCKS_MAPPED: usize = 33 * 1024;

/// Hashes with Argon2id and these parameters; verifies with those of the stored text.
pub(crate) struct Hasher(pub(crate) Params);

impl Hasher {
    /// Whether a password fits a verifier, compared in constant time.
    pub(crate) fn fits(&self, password: &[u8], phc: &str) -> bool {
        PasswordHash::new(phc).is_ok_and(|phc| self.verify_password(password, &phc).is_ok())
    }
}

fn derive(argon2: &Argon2<'_>, password: &[u8], salt: &[u8], out: &mut [u8]) -> argon2::Result<()> {
    let blocks = argon2.params().block_count();
    let mut memory: Vec<Block> = Vec::with_capacity(blocks.max(BLOCKS_MAPPED));
    memory.resize(blocks, Block::default());
    argon2.hash_password_into_with_memory(password, salt, out, memory.as_mut_slice())
}

impl CustomizedPasswordHasher<PasswordHash> for Hasher {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> password_hash::Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or_default();
        let version = version.map(Version::try_from).transpose()?.unwrap_or_default();
        let salt = Salt::new(salt)?;
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let mut buffer = [0; Output::MAX_LENGTH];
        let out = buffer.get_mut(..length).ok_or(password_hash::Error::OutputSize)?;
        let names = ParamsString::try_from(&params)?;
        derive(&Argon2::new(algorithm, version, params), password, &salt, out)?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: names,
            salt: Some(salt),
            hash: Some(Output::new(out)?),
        })
    }
}

impl PasswordHasher<PasswordHash> for Hasher {
    fn hash_password_with_salt(&self, password: &[u8], salt: &[u8]) -> password_hash::Result<PasswordHash> {
        self.hash_password_customized(password, salt, None, None, self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_library_s_own_hash() {
        let params = Params::new(64, 2, 1, None).unwrap();
        let ours = Hasher(params.clone()).hash_password_with_salt(b"quartz", &[7; 16]).unwrap();
        let theirs =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_with_salt(b"quartz", &[7; 16]);
        let theirs: PasswordHash = theirs.unwrap();
        assert_eq!(ours.to_string(), theirs.to_string());
    }

    #[test]
    fn what_is_no_verifier_fits_nothing() {
        let hasher = Hasher(Params::new(64, 2, 1, None).unwrap());
        for phc in ["", "$argon2id$", "$argon2id$v=19$m=64,t=2,p=1$c2FsdA", "$scrypt$ln=1$c29tZXNhbHQ$aGFzaA"] {
            assert!(!hasher.fits(b"", phc), "{phc}");
        }
    }
}
