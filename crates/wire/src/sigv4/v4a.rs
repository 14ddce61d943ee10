//! SigV4A's key: a P-256 key pair that is derived from the credentials, so that every region can know the public half
//! alone.

use std::sync::Arc;

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, UnparsedPublicKey};

use super::{Algorithm, SigError};

/// The order of the curve less two, as big-endian bytes: the highest candidate that a private key may come from.
const ORDER_MINUS_TWO: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
];

/// The key pair of one access key.
#[derive(Clone)]
pub struct EcdsaKey {
    pair: Arc<EcdsaKeyPair>,
    /// The public point, uncompressed: `04`, x and y.
    public: Arc<[u8]>,
}

impl EcdsaKey {
    /// Derives the pair with NIST SP 800-108's KDF in counter mode (IAM User Guide, "AWS Signature Version 4A",
    /// deriving a key).
    ///
    /// # Errors
    /// [`SigError::UnusableSecret`] when 254 candidates in turn lie outside the curve's order, which no one will live
    /// to see.
    pub fn derive(access_key: &str, secret: &str) -> Result<Self, SigError> {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4A{secret}").as_bytes());
        let private =
            (1..=254).find_map(|counter| candidate(&secret, access_key, counter)).ok_or(SigError::UnusableSecret)?;
        let unusable = |_| SigError::UnusableSecret;
        let point = PrivateKey::from_private_key(&ECDH_P256, &private).map_err(|_| SigError::UnusableSecret)?;
        let public: Arc<[u8]> = point.compute_public_key().map_err(unusable)?.as_ref().into();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_ASN1_SIGNING, &private, &public);
        Ok(Self { pair: Arc::new(pair.map_err(|_| SigError::UnusableSecret)?), public })
    }

    /// The public point, uncompressed: the byte 4, then x and y of 32 bytes each.
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// Whether a signature in DER is this key's over a string.
    pub(super) fn verifies(&self, string_to_sign: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.public).verify(string_to_sign, signature).is_ok()
    }

    /// Signs a string; the answer is DER and different each time.
    pub(super) fn sign(&self, string_to_sign: &[u8]) -> Result<Vec<u8>, SigError> {
        let signature = self.pair.sign(&SystemRandom::new(), string_to_sign).map_err(|_| SigError::UnusableSecret)?;
        Ok(signature.as_ref().to_vec())
    }
}

/// The private key that a counter leads to, unless it lies outside the curve's order.
fn candidate(secret: &hmac::Key, access_key: &str, counter: u8) -> Option<[u8; 32]> {
    let mut context = hmac::Context::with_key(secret);
    context.update(&1_u32.to_be_bytes());
    context.update(Algorithm::Ecdsa.name().as_bytes());
    context.update(&[0]);
    context.update(access_key.as_bytes());
    context.update(&[counter]);
    context.update(&256_u32.to_be_bytes());
    let mut key: [u8; 32] = context.sign().as_ref().try_into().ok()?;
    if key > ORDER_MINUS_TWO {
        return None;
    }
    // Plus one, so that zero cannot occur. No overflow: the number is at most the order less two.
    for byte in key.iter_mut().rev() {
        let (sum, carried) = byte.overflowing_add(1);
        *byte = sum;
        if !carried {
            break;
        }
    }
    Some(key)
}

/// Whether a region is in a region set: `*`, or regions separated by commas, with `*` for any run of characters.
pub(super) fn covers(region_set: &str, region: &str) -> bool {
    region_set.split(',').any(|pattern| matches(pattern.trim().as_bytes(), region.as_bytes()))
}

/// Glob match with `*` only, in time proportional to the product of the lengths.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(expected) if expected == byte => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of aws-c-auth's `key_derivation_tests.c`, which IAM's own implementation agrees with.
    #[test]
    fn derives_the_published_key() {
        let secret = "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom";
        let mac = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4A{secret}").as_bytes());
        let private = candidate(&mac, "AKISORANDOMAASORANDOM", 1).unwrap();
        assert_eq!(hex::encode(private), "7fd3bd010c0d9c292141c2b77bfbde1042c92e6836fff749d1269ec890fca1bd");
        let key = EcdsaKey::derive("AKISORANDOMAASORANDOM", secret).unwrap();
        assert_eq!(
            hex::encode(key.public_key()),
            "0415d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb0515242cedd82e94799482e4c0514b505afccf2\
             c0c98d6a553bf539f424c5ec0"
        );
    }

    #[test]
    fn region_sets() {
        for (set, region, covered) in [
            ("*", "eu-west-1", true),
            ("eu-west-1", "eu-west-1", true),
            ("us-east-1, eu-west-1", "eu-west-1", true),
            ("eu-*", "eu-west-1", true),
            ("eu-*-2", "eu-west-1", false),
            ("us-*", "eu-west-1", false),
            ("", "eu-west-1", false),
            ("eu-west", "eu-west-1", false),
            ("*west*", "eu-west-1", true),
        ] {
            assert_eq!(covers(set, region), covered, "{set} {region}");
        }
    }
}
