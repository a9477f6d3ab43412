//! XAES-256-GCM (C2SP): AES-256-GCM with a 24-byte nonce, by deriving a key per message.
//!
//! `k = CMAC(K, 00 01 58 00 || n[0..12]) || CMAC(K, 00 02 58 00 || n[0..12])`, then AES-256-GCM under
//! `k` with nonce `n[12..24]`. Each CMAC input is exactly one block, so CMAC (SP 800-38B) is one AES
//! call on `block xor K1` with `K1 = double(AES(K, 0))`, and `K1` is kept with the key schedule.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use zeroize::{Zeroize, Zeroizing};

use crate::crypto::{TAG_BYTES, gcm_open, gcm_seal};

/// Bytes of an XAES nonce.
pub(crate) const NONCE_BYTES: usize = 24;

const BLOCK_BYTES: usize = 16;

/// A prepared 256-bit key: AES key schedule and CMAC sub-key, derived once per key.
pub(crate) struct XaesKey {
    block_cipher: EncryptingKey,
    sub_key: Zeroizing<[u8; BLOCK_BYTES]>,
}

impl XaesKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let unbound = UnboundCipherKey::new(&AES_256, key).expect("an AES-256 key has 32 bytes");
        let block_cipher = EncryptingKey::ecb(unbound).expect("AES-256 has the block mode");
        let mut sub_key = Zeroizing::new([0; BLOCK_BYTES]);
        encrypt_blocks(&block_cipher, sub_key.as_mut_slice());
        double(&mut sub_key);
        Self { block_cipher, sub_key }
    }

    /// Encrypts in place and returns the tag.
    pub(crate) fn seal(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG_BYTES] {
        let (key, short_nonce) = self.derive(nonce);
        gcm_seal(&key, short_nonce, aad, in_out)
    }

    /// Decrypts `sealed` into a buffer of exactly its length; `None` when the tag does not verify.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        sealed: &[u8],
        tag: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (key, short_nonce) = self.derive(nonce);
        let mut plain = Zeroizing::new(vec![0; sealed.len()]);
        gcm_open(&key, short_nonce, aad, sealed, tag, &mut plain)?;
        Some(plain)
    }

    fn derive(&self, nonce: &[u8; NONCE_BYTES]) -> (Zeroizing<[u8; 32]>, [u8; 12]) {
        let mut key = Zeroizing::new([0; 32]);
        for (counter, block) in (1_u8..).zip(key.chunks_exact_mut(BLOCK_BYTES)) {
            block[..4].copy_from_slice(&[0, counter, b'X', 0]);
            block[4..].copy_from_slice(&nonce[..12]);
            for (byte, mask) in block.iter_mut().zip(self.sub_key.iter()) {
                *byte ^= mask;
            }
        }
        encrypt_blocks(&self.block_cipher, key.as_mut_slice());
        let mut short_nonce = [0; 12];
        short_nonce.copy_from_slice(&nonce[12..]);
        (key, short_nonce)
    }
}

fn encrypt_blocks(cipher: &EncryptingKey, in_out: &mut [u8]) {
    cipher.less_safe_encrypt(in_out, EncryptionContext::None).expect("whole blocks in block mode");
}

/// Doubles in GF(2^128) (SP 800-38B, 6.1), without a branch on secret bits.
fn double(block: &mut [u8; BLOCK_BYTES]) {
    let mut value = u128::from_be_bytes(*block);
    let carry = value >> 127;
    value = (value << 1) ^ (carry * 0x87);
    block.copy_from_slice(&value.to_be_bytes());
    value.zeroize();
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::cmac;

    use super::*;
    use crate::random;

    #[test]
    fn derivation_equals_cmac_of_the_library() {
        for _ in 0..200 {
            let key: [u8; 32] = random();
            let nonce: [u8; 24] = random();
            let (derived, _) = XaesKey::new(&key).derive(&nonce);
            let reference = cmac::Key::new(cmac::AES_256, &key).unwrap();
            for (counter, half) in (1_u8..).zip(derived.chunks_exact(16)) {
                let mut block = vec![0, counter, b'X', 0];
                block.extend_from_slice(&nonce[..12]);
                assert_eq!(cmac::sign(&reference, &block).unwrap().as_ref(), half);
            }
        }
    }
}
