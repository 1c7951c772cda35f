//! A certificate that a key signs for itself (RFC 5280 §4.1): the form in which some protocols publish a bare public key.
//! It vouches for nothing, and nobody here reads one as a promise; [`crate::RsaPublicKey::parse_upload`] takes the key out.
//!
//! Written by hand, because it is four structures of DER, and a crate for it would bring a second way to hold keys.

use crate::der::{self, write, write_unsigned};
use crate::digest::sha256;
use crate::pem;
use crate::rsa::{RsaPrivateKey, SignError};

/// A certificate of version 3, in PEM, for the public half of `key`, valid from a time without an end. The same key, name and
/// time give the same certificate. `name` is cut off after 64 characters (RFC 5280 appendix A.1, ub-common-name); `since` is
/// in seconds since 1970.
///
/// # Errors
///
/// [`SignError`] if the library fails, which is not expected to happen.
pub fn self_signed_pem(key: &RsaPrivateKey, name: &str, since: i64) -> Result<String, SignError> {
    Ok(pem::encode("CERTIFICATE", &self_signed(key, name, since)?))
}

fn self_signed(key: &RsaPrivateKey, name: &str, since: i64) -> Result<Vec<u8>, SignError> {
    let spki = key.public_key_spki();
    let algorithm = write(der::SEQUENCE, &[&write(der::OBJECT_IDENTIFIER, &[SHA256_WITH_RSA]), &write(der::NULL, &[])]);
    let name = distinguished_name(name);
    let validity = write(der::SEQUENCE, &[&time(since), &write(GENERALIZED_TIME, &[NO_END])]);
    let to_be_signed = write(
        der::SEQUENCE,
        &[
            &write(VERSION, &[&write_unsigned(&[VERSION_3])]),
            &serial_number(&spki),
            &algorithm,
            &name,
            &validity,
            &name,
            &spki,
        ],
    );
    let signature = key.sign_pkcs1_sha256(&to_be_signed)?;
    Ok(write(der::SEQUENCE, &[&to_be_signed, &algorithm, &write(der::BIT_STRING, &[&[0], &signature])]))
}

/// Positive, and different for every key (RFC 5280 §4.1.2.2).
fn serial_number(spki: &[u8]) -> Vec<u8> {
    let digest = sha256(spki);
    let mut number: Vec<u8> = digest.iter().copied().take(SERIAL_LEN).collect();
    if let Some(first) = number.first_mut() {
        *first = *first & 0x3f | 0x40;
    }
    write_unsigned(&number)
}

/// One common name (RFC 5280 §4.1.2.4).
fn distinguished_name(name: &str) -> Vec<u8> {
    let name: String = name.chars().take(NAME_CHARS).collect();
    let attribute = write(
        der::SEQUENCE,
        &[&write(der::OBJECT_IDENTIFIER, &[COMMON_NAME]), &write(UTF8_STRING, &[name.as_bytes()])],
    );
    write(der::SEQUENCE, &[&write(SET, &[&attribute])])
}

/// UTCTime until 2049, then GeneralizedTime (RFC 5280 §4.1.2.5).
fn time(seconds: i64) -> Vec<u8> {
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    if (1950..2050).contains(&year) {
        write(UTC_TIME, &[format!("{:02}{rest}", year % 100).as_bytes()])
    } else {
        write(GENERALIZED_TIME, &[format!("{year:04}{rest}").as_bytes()])
    }
}

/// Year, month and day of a number of days since 1970, counted in years that begin in March, so that leap days come last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days.div_euclid(DAYS_OF_ERA), days.rem_euclid(DAYS_OF_ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// 1.2.840.113549.1.1.11, sha256WithRSAEncryption (RFC 4055 §5).
const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
/// 2.5.4.3, common name.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 9999-12-31T23:59:59Z: the certificate has no end (RFC 5280 §4.1.2.5).
const NO_END: &[u8] = b"99991231235959Z";
/// Version 3 is written as 2.
const VERSION_3: u8 = 2;
/// Bytes of a serial number; at most 20 are allowed.
const SERIAL_LEN: usize = 16;
/// Characters of a common name.
const NAME_CHARS: usize = 64;

const VERSION: u8 = 0xa0;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SET: u8 = 0x31;

const DAY: i64 = 86_400;
/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;
/// Days in 400 years.
const DAYS_OF_ERA: i64 = 146_097;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RsaBits, RsaPublicKey};

    #[test]
    fn the_key_comes_out_of_its_certificate() {
        let key = RsaPrivateKey::generate(RsaBits::B2048).unwrap();
        let text = self_signed_pem(&key, &"ä".repeat(100), 1_772_366_400).unwrap();
        assert_eq!(RsaPublicKey::parse_upload(&text).unwrap(), *key.public_key());
        assert_eq!(self_signed_pem(&key, &"ä".repeat(64), 1_772_366_400).unwrap(), text, "it is always the same one");
    }

    #[test]
    fn times_are_written_in_the_form_of_their_century() {
        for (seconds, tag, text) in [
            (0, UTC_TIME, "700101000000Z"),
            (951_782_400, UTC_TIME, "000229000000Z"),
            (1_772_366_401, UTC_TIME, "260301120001Z"),
            (2_524_607_999, UTC_TIME, "491231235959Z"),
            (2_524_608_000, GENERALIZED_TIME, "20500101000000Z"),
            (4_107_542_400, GENERALIZED_TIME, "21000301000000Z"),
        ] {
            assert_eq!(time(seconds), write(tag, &[text.as_bytes()]), "{seconds}");
        }
    }
}
