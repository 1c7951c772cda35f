//! Activating, checking and deactivating a license with the server.

use std::collections::BTreeMap;

use countersign_crypto::{random::random_uuid_v4, secret::Secret};
use serde_json::{Map, Value};

use super::{
    Call, Feature, License, LicenseClient, LicenseError, LicenseState, Reason,
    bundles::is_bundle,
    clock::Moment,
    door::{Ask, Timing, VerifiedAnswer, sendable},
    entry::{Entry, Licensee, Signed},
    read,
};

/// An activation: by whom, and on which machine.
#[derive(Debug)]
pub struct Activation {
    /// What gives the right to it.
    pub by: ActivatedBy,
    /// Which license, when a user has several for the product.
    pub license_id: Option<i64>,
    /// What the producer is told of the machine.
    pub machine: Machine,
    /// Variables to keep for this device.
    pub variables: BTreeMap<String, String>,
    /// What makes a repetition of this activation known to the server for 24 hours, across restarts of the application; 1 to
    /// 255 visible ASCII characters. `None`: only the attempts of one call are known as one.
    pub idempotency_key: Option<String>,
}

/// What gives the right to activate.
#[derive(Debug)]
pub enum ActivatedBy {
    /// A license key.
    Key(Secret<String>),
    /// A license user with a password.
    User {
        /// E-mail address.
        email: String,
        /// The password.
        password: Secret<String>,
    },
    /// Single sign-on that came back with an ID token.
    IdToken {
        /// Name of the customer account.
        account: String,
        /// The ID token.
        id_token: Secret<String>,
    },
    /// Single sign-on that came back with a code.
    Code {
        /// Name of the customer account.
        account: String,
        /// The authorization code.
        code: Secret<String>,
        /// Where it came back to.
        redirect_uri: Option<String>,
    },
}

/// What the producer is told of the machine; empty texts are not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Version of the application.
    pub app_version: String,
    /// Operating system.
    pub os_version: String,
    /// Name of the machine.
    pub hostname: String,
    /// Its address in its own network.
    pub ip: String,
    /// Its MAC address.
    pub mac_address: String,
    /// Whether it is a virtual machine, if that is known; licenses may refuse those.
    pub is_vm: Option<bool>,
    /// What kind of virtual machine.
    pub vm_info: String,
}

/// What a check asks for besides the license.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Names features that have ended as well.
    pub expired_features: bool,
    /// Of which platform the newest release is named: `win`, `mac`, `linux64` …; empty: of this license's.
    pub environment: String,
    /// Of which channel; empty: any.
    pub channel: String,
}

impl Activation {
    /// An activation by a license key, about a machine that tells nothing.
    #[must_use]
    pub fn by_key(key: impl Into<String>) -> Self {
        Self::new(ActivatedBy::Key(Secret::new(key.into())))
    }

    /// An activation for a license user.
    #[must_use]
    pub fn by_user(email: impl Into<String>, password: Secret<String>) -> Self {
        Self::new(ActivatedBy::User { email: email.into(), password })
    }

    /// An activation by anything.
    #[must_use]
    pub fn new(by: ActivatedBy) -> Self {
        Self { by, license_id: None, machine: Machine::default(), variables: BTreeMap::new(), idempotency_key: None }
    }

    /// Its members beside product and device.
    pub(crate) fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut put = |name: &str, text: &str| {
            if !text.is_empty() {
                members.insert(name.to_owned(), text.into());
            }
        };
        match &self.by {
            ActivatedBy::Key(key) => put("license_key", key.expose()),
            ActivatedBy::User { email, password } => {
                put("username", email);
                put("password", password.expose());
            }
            ActivatedBy::IdToken { account, id_token } => {
                put("customer_account_code", account);
                put("id_token", id_token.expose());
            }
            ActivatedBy::Code { account, code, redirect_uri } => {
                put("customer_account_code", account);
                put("code", code.expose());
                put("redirect_uri", redirect_uri.as_deref().unwrap_or_default());
            }
        }
        let Machine { app_version, os_version, hostname, ip, mac_address, is_vm, vm_info } = &self.machine;
        put("app_ver", app_version);
        put("os_ver", os_version);
        put("hostname", hostname);
        put("ip", ip);
        put("mac_address", mac_address);
        put("vm_info", vm_info);
        if let Some(is_vm) = is_vm {
            members.insert("is_vm".to_owned(), (*is_vm).into());
        }
        if let Some(id) = self.license_id {
            members.insert("license_id".to_owned(), id.into());
        }
        if !self.variables.is_empty() {
            members.insert("variables".to_owned(), texts(&self.variables));
        }
        members
    }

    /// How the license will be named, if that is known before the answer.
    pub(crate) fn licensee(&self) -> Option<Licensee> {
        match &self.by {
            ActivatedBy::Key(key) => Some(Licensee::Key(key.expose().clone())),
            ActivatedBy::User { email, .. } => Some(Licensee::User(email.clone())),
            ActivatedBy::IdToken { .. } | ActivatedBy::Code { .. } => None,
        }
    }
}

impl LicenseClient {
    /// Activates a license on this machine, and keeps it. A device that is bound already is not counted again.
    ///
    /// Sent again after a lost answer, it counts once.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with the reason when the server does not let this device in; what was kept before stays.
    /// [`LicenseError::Io`] and [`LicenseError::CacheInUse`] when the license could not be kept, and
    /// [`LicenseError::NotPossible`] when the `idempotency_key` cannot be sent: the server is not asked then.
    pub fn activate(&self, activation: &Activation) -> Result<License, LicenseError> {
        let (answer, asked) = self.ask_to_activate(Call::Activate, activation)?;
        let license = self.read_license("the activation", &answer.body, asked.as_ref().map(Licensee::text))?;
        self.keep(answer, asked, std::slice::from_ref(&license), false)?;
        Ok(license)
    }

    /// Asks the server what holds, keeps its answer, and takes or renews a seat where seats are counted.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] when the server says that the license does not hold: that is kept as well, and stops the
    /// application at once. [`LicenseError::is_away`] tells errors that only begin a grace.
    pub fn check(&self) -> Result<License, LicenseError> {
        self.check_with(&CheckOptions::default())
    }

    /// The same, asking for more.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::check`].
    pub fn check_with(&self, options: &CheckOptions) -> Result<License, LicenseError> {
        self.ask_to_check(options).map(|(license, _)| license)
    }

    /// The same, and when it was answered.
    pub(crate) fn ask_to_check(&self, options: &CheckOptions) -> Result<(License, Timing), LicenseError> {
        let entry = self.online_single()?;
        self.prepare()?;
        // What a key signed that is pinned no more names no ID, and is replaced by the answer.
        let mut members = self.identity(&entry.licensee, self.id_of(&entry));
        members.extend(options.members());
        let outcome = self.door.ask(&Ask::get(Call::Check, members)).and_then(|answer| {
            let license = self.read_license("the check", &answer.body, Some(entry.licensee.text()))?;
            Ok((answer, license))
        });
        match outcome {
            Ok((answer, license)) => {
                let timing = answer.timing;
                self.keep_checked(answer, &entry, std::slice::from_ref(&license))?;
                Ok((license, timing))
            }
            Err(error) => Err(self.not_confirmed(&entry.licensee, error)),
        }
    }

    /// Asks the server, and says whether the application may run, whatever came of it: the call for an application's start and
    /// for every so often.
    ///
    /// # Errors
    ///
    /// Only what [`LicenseClient::state`] says: what the server says, or that it cannot be asked, is a state.
    pub fn check_or_grace(&self) -> Result<LicenseState, LicenseError> {
        match self.kept() {
            // What came by file or codes needs no server, and what cannot be used is a state.
            Ok(Some(entry)) if entry.is_online() => {
                let checked = if is_bundle(&entry) { self.check_bundle().map(drop) } else { self.check().map(drop) };
                match checked {
                    Err(error @ (LicenseError::Io { .. } | LicenseError::CacheInUse { .. })) => Err(error),
                    Ok(()) | Err(_) => self.state(),
                }
            }
            Ok(_) | Err(_) => self.state(),
        }
    }

    /// Asks what holds for one feature, and takes or renews a seat of it where it has seats of its own.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with [`Reason::NoSeat`] when none is free, and with the code
    /// `unsupported_product_feature` when the license has no such feature. Neither ends the license.
    pub fn check_feature(&self, code: &str) -> Result<Feature, LicenseError> {
        self.ask_about_feature(code).map(|(feature, _)| feature)
    }

    /// The same, and when it was answered.
    pub(crate) fn ask_about_feature(&self, code: &str) -> Result<(Feature, Timing), LicenseError> {
        let call = Call::CheckFeature;
        let entry = self.online()?;
        let mut members = self.identity(&entry.licensee, self.id_of(&entry));
        members.insert("feature".to_owned(), code.into());
        let answer = self.door.ask(&Ask::get(call, members))?;
        let what = call.to_string();
        let feature = read::feature(&what, &read::object(&what, &answer.body)?)?;
        if feature.code != code {
            return Err(LicenseError::NotOurs { what, about: "feature" });
        }
        let loan = feature.seats.and_then(|seats| seats.borrowed_until);
        if loan != entry.loan(Some(code)) {
            self.note(&entry.licensee, |kept| {
                // What was noted meanwhile is newer.
                if kept.loan(Some(code)) == entry.loan(Some(code)) {
                    kept.lent_feature(code, loan);
                }
            })?;
        }
        Ok((feature, answer.timing))
    }

    /// Takes the license off this machine, so that another one can have it, and forgets it.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] when the server does not let it go; it is kept then. A license that the server has taken off
    /// this device already is forgotten without an error.
    pub fn deactivate(&self) -> Result<(), LicenseError> {
        let entry = self.online_single()?;
        let members = self.identity(&entry.licensee, self.id_of(&entry));
        self.let_go(Call::Deactivate, &entry.licensee, members)
    }

    fn online_single(&self) -> Result<Entry, LicenseError> {
        let entry = self.online()?;
        if is_bundle(&entry) {
            Err(LicenseError::NotPossible { what: "what was activated here is a bundle; use the calls for bundles" })
        } else {
            Ok(entry)
        }
    }

    /// Sends an activation.
    pub(crate) fn ask_to_activate(
        &self,
        call: Call,
        activation: &Activation,
    ) -> Result<(VerifiedAnswer, Option<Licensee>), LicenseError> {
        let own;
        let once = match &activation.idempotency_key {
            Some(key) => sendable(key)?,
            None => {
                own = random_uuid_v4(&*self.door.rng);
                &own
            }
        };
        self.prepare()?;
        let mut members = self.device();
        members.extend(activation.members());
        let answer = self.door.ask(&Ask::post(call, members).once(once))?;
        Ok((answer, activation.licensee()))
    }

    /// Keeps the verified answer to an activation, in place of what was kept.
    pub(crate) fn keep(
        &self,
        answer: VerifiedAnswer,
        licensee: Option<Licensee>,
        licenses: &[License],
        is_bundle: bool,
    ) -> Result<(), LicenseError> {
        let named = licenses.iter().find_map(|license| license.user.clone());
        let licensee = licensee.or_else(|| named.map(Licensee::User)).ok_or(LicenseError::NeverActivated)?;
        let timing = answer.timing;
        let signed = signed(answer, is_bundle)?;
        // A response that is still on its way would only bring back what was true before.
        if self.past()?.pending.is_some_and(|pending| pending.licensee.is_same(&licensee)) {
            self.update_past(|past| past.pending = None)?;
        }
        self.update(|kept| Ok(Some(self.confirmed(signed, licensee, (licenses, &timing), kept.as_ref())?)))
    }

    /// Keeps the verified answer to a check. Where another process has let the license go meanwhile, or has activated
    /// another one, an answer that comes late brings nothing back.
    pub(crate) fn keep_checked(
        &self,
        answer: VerifiedAnswer,
        asked: &Entry,
        licenses: &[License],
    ) -> Result<(), LicenseError> {
        let timing = answer.timing;
        let signed = signed(answer, is_bundle(asked))?;
        self.update(|kept| match kept {
            Some(kept) if kept.licensee == asked.licensee => {
                let mut entry = self.confirmed(signed, asked.licensee.clone(), (licenses, &timing), Some(&kept))?;
                entry.keep_loans(&kept, asked);
                Ok(Some(entry))
            }
            other => Ok(other),
        })
    }

    /// What is kept after an answer. The times that are known to have passed stay known.
    fn confirmed(
        &self,
        signed: Signed,
        licensee: Licensee,
        (licenses, timing): (&[License], &Timing),
        kept: Option<&Entry>,
    ) -> Result<Entry, LicenseError> {
        let passage = kept.map_or_else(|| self.remembered(None), |kept| Ok(self.passage(kept)))?;
        let (now, mut entry) = (Moment::now(&*self.door.clock), Entry::new(licensee, signed, passage));
        entry.confirmed(now.at, now.since(&timing.asked), timing.date);
        self.watch_from(now, &entry);
        // Of a feature's seat that the answer does not tell of, the last word holds.
        if let Some(kept) = kept.filter(|kept| kept.licensee == entry.licensee) {
            entry.feature_loans.clone_from(&kept.feature_loans);
        }
        entry.seated(licenses);
        Ok(entry)
    }

    /// Notes why the server did not confirm a license, and passes the error on. An error of the disk comes before it.
    pub(crate) fn not_confirmed(&self, licensee: &Licensee, error: LicenseError) -> LicenseError {
        let refusal = if let LicenseError::Refused { refusal, .. } = &error { Some(refusal) } else { None };
        let noted = if error.is_away() {
            self.note(licensee, |entry| entry.away(self.passage(entry)))
        } else if let Some(refusal) = refusal {
            self.note(licensee, |entry| {
                entry.passage = self.passage(entry);
                // Taken seats say nothing about the license.
                if refusal.reason() == Reason::NoSeat {
                    entry.unseated();
                } else {
                    entry.end(&refusal.code);
                }
            })
        } else {
            Ok(())
        };
        noted.err().unwrap_or(error)
    }

    /// The members that name the license which is kept.
    pub(crate) fn known_identity(&self) -> Result<Map<String, Value>, LicenseError> {
        let entry = self.online()?;
        Ok(self.identity(&entry.licensee, self.id_of(&entry)))
    }

    /// Sends a deactivation and forgets the license, and what was asked for in files.
    pub(crate) fn let_go(
        &self,
        call: Call,
        licensee: &Licensee,
        members: Map<String, Value>,
    ) -> Result<(), LicenseError> {
        match self.door.ask_unsigned(&Ask::post(call, members)) {
            Ok(_) => {}
            // An attempt before, or somebody else, has done it.
            Err(LicenseError::Refused { refusal, .. })
                if matches!(refusal.code.as_str(), "device_not_found" | "license_not_active") => {}
            Err(error) => return Err(error),
        }
        self.close_past()?;
        self.update(|kept| Ok(kept.filter(|kept| kept.licensee != *licensee)))
    }

    /// The ID of the license that is kept; of a bundle, calls name none.
    pub(crate) fn id_of(&self, entry: &Entry) -> Option<i64> {
        match &entry.signed {
            // That of an air gap is of its policy.
            Signed::Answer { is_bundle: true, .. } | Signed::BundleFile { .. } | Signed::AirGap { .. } => None,
            Signed::Answer { .. } | Signed::File { .. } => {
                self.licenses_of(entry).ok()?.first().map(|license| license.id)
            }
        }
    }
}

impl CheckOptions {
    pub(crate) fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("include_expired_features".to_owned(), self.expired_features.into());
        for (name, text) in [("env", &self.environment), ("channel", &self.channel)] {
            if !text.is_empty() {
                members.insert(name.to_owned(), text.as_str().into());
            }
        }
        members
    }
}

/// An answer as it is kept.
fn signed(answer: VerifiedAnswer, is_bundle: bool) -> Result<Signed, LicenseError> {
    let VerifiedAnswer { body, signature, timing: _ } = answer;
    let malformed = |_| LicenseError::Malformed { what: "the answer".to_owned(), why: "it is not UTF-8".to_owned() };
    Ok(Signed::Answer { body: String::from_utf8(body).map_err(malformed)?, signature, is_bundle })
}

/// Texts as an object.
pub(crate) fn texts(texts: &BTreeMap<String, String>) -> Value {
    texts.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str()))).collect::<Map<_, _>>().into()
}
