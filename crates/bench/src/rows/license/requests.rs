//! What applications send: the requests of the license door, with their proofs.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use countersign_crypto::encoding::base64_encode;
use countersign_domain::time::Timestamp;
use countersign_store::Clock as _;

use crate::installation::{ApiKey, LICENSED_PRODUCT_CODE, SEAT_KEY, application_key, hardware_id, seat_hardware_id};
use crate::load::Requests;
use crate::stopwatch::SystemClock;

/// Makes the requests of a load from a number on.
pub(super) type Make = fn(ApiKey, u32, u32) -> Requests;

/// Checks of licenses, each on its device, in no order, every one once before any comes twice.
pub(super) fn checks(key: ApiKey, licenses: u32, first: u32) -> Requests {
    numbered(key, first, move |out, proof, number| {
        let number = any(number, licenses);
        let (hardware, license) = (hardware_id(number), application_key(number));
        let query = format!("product={LICENSED_PRODUCT_CODE}&hardware_id={hardware}&license_key={license}");
        let _ = write!(out, "GET /api/v4/check_license?{query} HTTP/1.1\r\nhost: bench\r\n{proof}\r\n");
    })
}

/// Checks of a floating license on devices that hold its seats, in the same order.
pub(super) fn seat_checks(key: ApiKey, seats: u32, first: u32) -> Requests {
    numbered(key, first, move |out, proof, number| {
        let hardware = seat_hardware_id(any(number, seats));
        let query = format!("product={LICENSED_PRODUCT_CODE}&hardware_id={hardware}&license_key={SEAT_KEY}");
        let _ = write!(out, "GET /api/v4/check_license?{query} HTTP/1.1\r\nhost: bench\r\n{proof}\r\n");
    })
}

/// The same as bodies, which a program of the benchmark reads, and the floor of durable writes: the door has no such call.
pub(super) fn told_seat_checks(key: ApiKey, seats: u32, first: u32) -> Requests {
    numbered(key, first, move |out, proof, number| {
        let hardware = seat_hardware_id(any(number, seats));
        post(out, proof, "check_license", &of(&hardware, SEAT_KEY, ""));
    })
}

/// Activations on new devices.
pub(super) fn activations(key: ApiKey, licenses: u32, first: u32) -> Requests {
    numbered(key, first, move |out, proof, number| {
        // As the identities of devices that register: somewhere between those of all others.
        let hardware = format!("{:08x}-new-{number:08x}", number.wrapping_mul(0x9E37_79B1));
        post(out, proof, "activate_license", &named(&hardware, any(number, licenses), ""));
    })
}

/// Counted units, of licenses in no order.
pub(super) fn consumptions(key: ApiKey, licenses: u32, first: u32) -> Requests {
    numbered(key, first, move |out, proof, number| {
        let number = any(number, licenses);
        post(out, proof, "add_consumption", &named(&hardware_id(number), number, r#","consumptions":1"#));
    })
}

fn numbered(key: ApiKey, first: u32, request: impl Fn(&mut String, &str, u32) + Send + 'static) -> Requests {
    let (mut number, mut text, mut proof) = (first, String::new(), Proof { key, second: -1, lines: String::new() });
    Box::new(move |out| {
        text.clear();
        request(&mut text, proof.lines(), number);
        out.extend_from_slice(text.as_bytes());
        number = number.wrapping_add(1);
    })
}

/// The members of a body.
fn named(hardware: &str, license: u32, more: &str) -> String {
    of(hardware, &application_key(license), more)
}

fn of(hardware: &str, license: &str, more: &str) -> String {
    format!(r#"{{"product":"{LICENSED_PRODUCT_CODE}","hardware_id":"{hardware}","license_key":"{license}"{more}}}"#)
}

fn post(out: &mut String, proof: &str, call: &str, body: &str) {
    let length = body.len();
    let head = "host: bench\r\ncontent-type: application/json\r\n";
    let _ = write!(out, "POST /api/v4/{call} HTTP/1.1\r\n{head}{proof}content-length: {length}\r\n\r\n{body}");
}

/// The headers that prove a request. Applications make them anew in every second.
struct Proof {
    key: ApiKey,
    second: i64,
    lines: String,
}

impl Proof {
    fn lines(&mut self) -> &str {
        let now: Timestamp = SystemClock.now();
        if self.second != now.as_seconds() {
            self.second = now.as_seconds();
            let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(self.second.unsigned_abs()));
            let ApiKey { name, shared } = &self.key;
            let tag = base64_encode(&shared.sign(format!("licenseSpring\ndate: {date}").as_bytes()));
            self.lines = format!(
                "date: {date}\r\nauthorization: algorithm=\"hmac-sha256\",headers=\"date\",signature=\"{tag}\",apikey=\"{name}\"\r\n"
            );
        }
        &self.lines
    }
}

/// One of so many, in no order. As many numbers in a row lead to all of them, as this prime divides no count of licenses.
fn any(number: u32, of: u32) -> u32 {
    // The rest is smaller than `of`.
    u32::try_from(u64::from(number) * 7919 % u64::from(of.max(1))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_license_comes_once_before_one_comes_twice() {
        assert_eq!((77..1077).map(|number| any(number, 1000)).collect::<BTreeSet<_>>().len(), 1000);
    }
}
