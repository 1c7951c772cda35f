//! Tickets in few bytes: numbers as variable-length integers, texts with a length byte.
//!
//! What is decoded here was sealed by this server, so a fault means another version of the format; it reads as `None`.

use countersign_domain::device::{DeviceClass, DeviceIdentity, IDENTITY_LIMIT, Language, UpdateQuestion};
use countersign_domain::ids::{AuthorizationKeyId, Generation};
use countersign_domain::licensing::ActivationRefusal;
use countersign_domain::text::{PackageId, Platform};
use countersign_domain::time::Timestamp;

use super::ticket::{Asked, Problem, Ticket};
use crate::devices::TokenRefusal;

// Content tags. A retired number is never used again.
const REFUSED: u8 = 1;
const UPDATES: u8 = 2;
const MANIFEST: u8 = 3;
const INVALID: u8 = 4;
const KEPT: u8 = 5;

pub(super) fn encode(ticket: &Ticket) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(128));
    out.number(ticket.asked_at.as_millis());
    out.number(ticket.generation.0);
    match &ticket.content {
        Err(refusal) => out.0.extend([REFUSED, refusal_code(*refusal)]),
        Ok((key, Asked::Updates(question))) => {
            out.0.push(UPDATES);
            out.number(key.0);
            out.question(question);
        }
        Ok((key, Asked::Manifest { uuid })) => {
            out.0.push(MANIFEST);
            out.number(key.0);
            out.text(uuid);
        }
        Ok((key, Asked::Invalid(problem))) => {
            out.0.push(INVALID);
            out.number(key.0);
            out.problem(problem);
        }
        Ok((key, Asked::Kept)) => {
            out.0.push(KEPT);
            out.number(key.0);
        }
    }
    out.0
}

pub(super) fn decode(bytes: &[u8]) -> Option<Ticket> {
    let mut input = Reader(bytes);
    let asked_at = Timestamp::from_millis(input.number()?);
    let generation = Generation(input.number()?);
    let content = match input.byte()? {
        REFUSED => Err(refusal(input.byte()?)?),
        UPDATES => Ok((AuthorizationKeyId(input.number()?), Asked::Updates(input.question()?))),
        MANIFEST => Ok((AuthorizationKeyId(input.number()?), Asked::Manifest { uuid: input.text()? })),
        INVALID => {
            let key = AuthorizationKeyId(input.number()?);
            Ok((key, Asked::Invalid(input.problem()?)))
        }
        KEPT => Ok((AuthorizationKeyId(input.number()?), Asked::Kept)),
        _ => return None,
    };
    input.0.is_empty().then_some(Ticket { asked_at, generation, content })
}

fn refusal_code(refusal: TokenRefusal) -> u8 {
    match refusal {
        TokenRefusal::Missing => 1,
        TokenRefusal::NoKey => 2,
        TokenRefusal::Malformed => 3,
        TokenRefusal::Signature => 4,
        TokenRefusal::Expired => 5,
    }
}

fn activation_code(refusal: ActivationRefusal) -> u8 {
    match refusal {
        ActivationRefusal::Obsolete => 32,
        ActivationRefusal::OtherAccount => 33,
        ActivationRefusal::Disabled => 34,
        ActivationRefusal::NotStarted => 35,
        ActivationRefusal::Expired => 36,
        ActivationRefusal::Exhausted => 37,
        ActivationRefusal::TransferLimit => 38,
        ActivationRefusal::VirtualMachine => 39,
    }
}

fn activation(code: u8) -> Option<ActivationRefusal> {
    ActivationRefusal::ALL.into_iter().find(|refusal| activation_code(*refusal) == code)
}

fn refusal(code: u8) -> Option<TokenRefusal> {
    TokenRefusal::ALL.into_iter().find(|refusal| refusal_code(*refusal) == code)
}

struct Writer(Vec<u8>);

impl Writer {
    /// A number that is not negative, seven bits a byte, lowest first.
    fn number(&mut self, number: i64) {
        let mut rest = number.unsigned_abs();
        while rest >= 0x80 {
            self.0.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push((rest & 0x7f) as u8);
    }

    /// A text of at most 255 bytes; a longer one (only ever an argument of an error) is cut at a character.
    fn text(&mut self, text: &str) {
        let text = &text[..text.floor_char_boundary(IDENTITY_LIMIT)];
        self.0.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(text.as_bytes());
    }

    fn problem(&mut self, problem: &Problem) {
        let (code, argument) = match problem {
            Problem::DeviceClass(class) => (1, class.as_str()),
            Problem::Malformed(member) => (2, member.as_str()),
            Problem::Missing(member) => (3, member.as_str()),
            Problem::UnknownPackage(package) => (4, package.as_str()),
            Problem::UnknownDevice(id) => (5, id.as_str()),
            Problem::UnknownUpdate(id) => (6, id.as_str()),
            Problem::UnknownActivation => (7, ""),
            Problem::NotRegistrable => (8, ""),
            Problem::TooLong(member) => (9, member.as_str()),
            Problem::Activation(refusal) => (activation_code(*refusal), ""),
        };
        self.0.push(code);
        self.text(argument);
    }

    fn question(&mut self, question: &UpdateQuestion) {
        let class = match question.device_class {
            DeviceClass::Client => 1,
            DeviceClass::Served => 2,
            DeviceClass::Server => 3,
        };
        self.0.push(class);
        let empty = DeviceIdentity { id: String::new(), id_type: String::new(), publisher_name: String::new() };
        let identity = question.identity.as_ref().unwrap_or(&empty);
        for text in [&identity.id, &identity.id_type, &identity.publisher_name] {
            self.text(text);
        }
        self.text(question.installed.as_str());
        self.text(question.platform.as_str());
        self.number(i64::from(question.language.0));
    }
}

struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<i64> {
        let mut number = 0_i64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::from(self.byte()?);
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    fn problem(&mut self) -> Option<Problem> {
        let (code, argument) = (self.byte()?, self.text()?);
        Some(match code {
            1 => Problem::DeviceClass(argument),
            2 => Problem::Malformed(argument),
            3 => Problem::Missing(argument),
            4 => Problem::UnknownPackage(PackageId::new(argument).ok()?),
            5 => Problem::UnknownDevice(argument),
            6 => Problem::UnknownUpdate(argument),
            7 => Problem::UnknownActivation,
            8 => Problem::NotRegistrable,
            9 => Problem::TooLong(argument),
            code => Problem::Activation(activation(code)?),
        })
    }

    fn question(&mut self) -> Option<UpdateQuestion> {
        let device_class = match self.byte()? {
            1 => DeviceClass::Client,
            2 => DeviceClass::Served,
            3 => DeviceClass::Server,
            _ => return None,
        };
        let identity = DeviceIdentity { id: self.text()?, id_type: self.text()?, publisher_name: self.text()? };
        let anonymous = [&identity.id, &identity.id_type, &identity.publisher_name].into_iter().all(String::is_empty);
        Some(UpdateQuestion {
            device_class,
            identity: (!anonymous).then_some(identity),
            installed: PackageId::new(self.text()?).ok()?,
            platform: Platform::new(self.text()?).ok()?,
            language: Language(u32::try_from(self.number()?).ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tickets() -> Vec<Ticket> {
        let question = UpdateQuestion {
            device_class: DeviceClass::Served,
            identity: Some(DeviceIdentity {
                id: "PUMP-0077".to_owned(),
                id_type: "STRING".to_owned(),
                publisher_name: "acme".to_owned(),
            }),
            installed: PackageId::new("pump-fw-4.1").unwrap(),
            platform: Platform::new("LINUX32").unwrap(),
            language: Language(1033),
        };
        let anonymous = UpdateQuestion { identity: None, language: Language(u32::MAX), ..question.clone() };
        let key = AuthorizationKeyId(77);
        let mut contents: Vec<Result<(AuthorizationKeyId, Asked), TokenRefusal>> = vec![
            Ok((key, Asked::Updates(question))),
            Ok((key, Asked::Updates(anonymous))),
            Ok((key, Asked::Manifest { uuid: "8d5c1f0a-52f4-4a8f-9b3c-8f8a4f6a2d10".to_owned() })),
            Ok((key, Asked::Invalid(Problem::DeviceClass("robot".to_owned())))),
            Ok((key, Asked::Invalid(Problem::Malformed("language".to_owned())))),
            Ok((key, Asked::Invalid(Problem::Missing("platform".to_owned())))),
            Ok((key, Asked::Invalid(Problem::UnknownPackage(PackageId::new("x").unwrap())))),
            Ok((key, Asked::Invalid(Problem::UnknownDevice("PUMP-1".to_owned())))),
            Ok((key, Asked::Invalid(Problem::UnknownUpdate("UPD-1".to_owned())))),
            Ok((key, Asked::Invalid(Problem::UnknownActivation))),
            Ok((key, Asked::Invalid(Problem::NotRegistrable))),
            Ok((key, Asked::Invalid(Problem::TooLong("eventName".to_owned())))),
            Ok((key, Asked::Kept)),
        ];
        contents.extend(ActivationRefusal::ALL.map(|refusal| Ok((key, Asked::Invalid(Problem::Activation(refusal))))));
        contents.extend(TokenRefusal::ALL.map(Err));
        let ticket = |content| Ticket {
            asked_at: Timestamp::from_millis(1_772_323_200_123),
            generation: Generation(300),
            content,
        };
        contents.into_iter().map(ticket).collect()
    }

    #[test]
    fn tickets_come_back_as_they_were() {
        for ticket in tickets() {
            assert_eq!(decode(&encode(&ticket)), Some(ticket));
        }
    }

    #[test]
    fn a_question_takes_few_bytes() {
        // 24 characters of path, then base64url of the sealed ticket (28 bytes of nonce and tag).
        let sealed = encode(&tickets()[0]).len() + 28;
        assert!(24 + sealed.div_ceil(3) * 4 <= 213, "the polling URL grew to {} bytes", 24 + sealed.div_ceil(3) * 4);
    }

    #[test]
    fn truncated_or_longer_input_is_refused() {
        for ticket in tickets() {
            let bytes = encode(&ticket);
            for length in 0..bytes.len() {
                assert_eq!(decode(&bytes[..length]), None);
            }
            assert_eq!(decode(&[&bytes[..], &[0]].concat()), None);
        }
    }

    #[test]
    fn a_long_argument_is_cut_at_a_character() {
        let argument = "ä".repeat(200);
        let content = Ok((AuthorizationKeyId(1), Asked::Invalid(Problem::DeviceClass(argument))));
        let ticket = Ticket { asked_at: Timestamp::EPOCH, generation: Generation(0), content };
        let Some(Ticket { content: Ok((_, Asked::Invalid(Problem::DeviceClass(cut)))), .. }) = decode(&encode(&ticket))
        else {
            panic!("the ticket did not come back");
        };
        assert_eq!(cut, "ä".repeat(127));
    }
}
