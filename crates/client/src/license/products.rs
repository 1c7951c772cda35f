//! What the server tells beside licenses: products, releases, variables, trials, and users.

use std::collections::BTreeMap;

use countersign_crypto::secret::Secret;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Call, License, LicenseClient, LicenseError, Release, Timestamp, activation::texts, door::Ask, read};

/// A product.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Product {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Whether its licenses are named by users rather than by keys.
    pub is_by_user: bool,
    /// How many days a trial lasts; `None`: there are none.
    pub trial_days: Option<u64>,
    /// All members as they were signed.
    pub document: Map<String, Value>,
}

/// A release in the list of releases.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// Its version.
    pub version: String,
    /// When it came out.
    pub released_at: Option<Timestamp>,
}

/// Who wants a trial; empty texts are not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrialRequest {
    /// E-mail address; needed where licenses are named by users.
    pub email: String,
    /// The policy that it is made from; empty: the usual one.
    pub policy: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Company.
    pub company: String,
    /// Phone number.
    pub phone: String,
    /// A note for the producer, of at most 200 characters.
    pub reference: String,
}

/// A trial. It is to be activated like every license.
#[derive(Debug)]
#[non_exhaustive]
pub struct Trial {
    /// The license key, where licenses are named by keys.
    pub key: Option<String>,
    /// The user, where they are named by users.
    pub user: Option<String>,
    /// The password of a user who is new.
    pub initial_password: Option<Secret<String>>,
}

impl LicenseClient {
    /// What the product is. No license is needed.
    ///
    /// # Errors
    ///
    /// Any [`LicenseError`] of a call.
    pub fn product_details(&self) -> Result<Product, LicenseError> {
        #[derive(Deserialize)]
        struct Details {
            short_code: String,
            #[serde(default)]
            product_name: String,
            #[serde(default)]
            authorization_method: String,
            #[serde(default)]
            allow_trial: bool,
            #[serde(default)]
            trial_days: u64,
        }
        let call = Call::ProductDetails;
        let mut members = Map::new();
        members.insert("product".to_owned(), self.product.as_str().into());
        let document = self.ask_object(&Ask::get(call, members))?;
        let details: Details = read::typed(&call.to_string(), &document)?;
        if details.short_code != self.product {
            return Err(LicenseError::NotOurs { what: call.to_string(), about: "product" });
        }
        Ok(Product {
            code: details.short_code,
            name: details.product_name,
            is_by_user: details.authorization_method == "user",
            trial_days: details.allow_trial.then_some(details.trial_days),
            document,
        })
    }

    /// Makes a trial for this machine, or finds the one that it had.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with [`Reason::Expired`](super::Reason::Expired) when the trial of this machine is over, or
    /// the codes `trial_not_allowed` and `email_missing`.
    pub fn trial(&self, request: &TrialRequest) -> Result<Trial, LicenseError> {
        #[derive(Deserialize)]
        struct Told {
            license: Option<String>,
            license_user: Option<String>,
            initial_password: Option<String>,
        }
        let call = Call::Trial;
        let mut members = self.device();
        let TrialRequest { email, policy, first_name, last_name, company, phone, reference } = request;
        for (name, text) in [
            ("email", email),
            ("license_policy", policy),
            ("first_name", first_name),
            ("last_name", last_name),
            ("company_name", company),
            ("phone", phone),
            ("reference", reference),
        ] {
            if !text.is_empty() {
                members.insert(name.to_owned(), text.as_str().into());
            }
        }
        let told: Told = read::typed(&call.to_string(), &self.ask_object(&Ask::get(call, members))?)?;
        let initial_password = told.initial_password.filter(|password| !password.is_empty()).map(Secret::new);
        Ok(Trial { key: told.license, user: told.license_user, initial_password })
    }

    /// The releases, newest first, that are included in the license on this machine.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with the code `active_license_required` when it is not active.
    pub fn versions(&self, environment: Option<&str>) -> Result<Vec<Version>, LicenseError> {
        #[derive(Deserialize)]
        struct Listed {
            version: String,
            release_date: Option<String>,
        }
        let call = Call::Versions;
        let members = self.release_members(environment)?;
        let what = call.to_string();
        let answer = self.door.ask(&Ask::get(call, members))?;
        let listed = read::objects(&what, &answer.body)?.into_iter().map(|text| {
            let Listed { version, release_date } = read::typed(&what, &read::object(&what, text)?)?;
            Ok(Version { version, released_at: release_date.and_then(|date| Timestamp::parse_iso(&date)) })
        });
        listed.collect()
    }

    /// One release with its file; the newest when no version is named.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with the code `version_not_found`.
    pub fn installation_file(&self, version: Option<&str>, environment: Option<&str>) -> Result<Release, LicenseError> {
        let call = Call::InstallationFile;
        let mut members = self.release_members(environment)?;
        if let Some(version) = version {
            members.insert("version".to_owned(), version.into());
        }
        read::release(&call.to_string(), &self.ask_object(&Ask::get(call, members))?)
    }

    /// Keeps variables of this device with the server; others stay.
    ///
    /// # Errors
    ///
    /// Any [`LicenseError`] of a call.
    pub fn track_variables(&self, variables: &BTreeMap<String, String>) -> Result<(), LicenseError> {
        let mut members = self.known_identity()?;
        members.insert("variables".to_owned(), texts(variables));
        self.door.ask(&Ask::post(Call::TrackVariables, members)).map(drop)
    }

    /// The variables of this device.
    ///
    /// # Errors
    ///
    /// Any [`LicenseError`] of a call.
    pub fn variables(&self) -> Result<BTreeMap<String, String>, LicenseError> {
        #[derive(Deserialize)]
        struct Variable {
            variable: String,
            value: Value,
        }
        let call = Call::Variables;
        let what = call.to_string();
        let answer = self.door.ask(&Ask::get(call, self.known_identity()?))?;
        let kept = read::objects(&what, &answer.body)?.into_iter().map(|text| {
            let Variable { variable, value } = read::typed(&what, &read::object(&what, text)?)?;
            // Values are texts; some servers keep numbers.
            Ok((variable, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        });
        kept.collect()
    }

    /// Changes the password of a license user. It is sent once: whether it was changed when no answer came shows at the next
    /// activation.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with [`Reason::Login`](super::Reason::Login) when the old one is wrong.
    pub fn change_password(&self, email: &str, old: &Secret<String>, new: &Secret<String>) -> Result<(), LicenseError> {
        let mut members = Map::new();
        for (name, text) in [("username", email), ("password", old.expose()), ("new_password", new.expose())] {
            members.insert(name.to_owned(), text.into());
        }
        self.door.ask_unsigned(&Ask::post(Call::ChangePassword, members)).map(drop)
    }

    /// The license users under a customer, as the server describes them.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with the code `customer_does_not_exist`.
    pub fn customer_users(&self, customer_email: &str) -> Result<Vec<Map<String, Value>>, LicenseError> {
        #[derive(Deserialize)]
        struct Told {
            users: Vec<Map<String, Value>>,
        }
        let call = Call::CustomerUsers;
        let mut members = Map::new();
        members.insert("product".to_owned(), self.product.as_str().into());
        members.insert("customer".to_owned(), customer_email.into());
        let told: Told = read::typed(&call.to_string(), &self.ask_object(&Ask::get(call, members))?)?;
        Ok(told.users)
    }

    /// The licenses of a user for this product. They are the server's word, but not proved to be for this device.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with [`Reason::Login`](super::Reason::Login).
    pub fn user_licenses(&self, email: &str, password: &Secret<String>) -> Result<Vec<License>, LicenseError> {
        let call = Call::UserLicenses;
        let mut members = Map::new();
        for (name, text) in [("product", self.product.as_str()), ("username", email), ("password", password.expose())] {
            members.insert(name.to_owned(), text.into());
        }
        let what = call.to_string();
        let answer = self.door.ask(&Ask::get(call, members))?;
        let licenses = read::objects(&what, &answer.body)?.into_iter().map(|text| {
            let why = || LicenseError::Malformed { what: what.clone(), why: "an entry has no license".to_owned() };
            match read::object(&what, text)?.remove("license") {
                Some(Value::Object(license)) => read::license(&what, license),
                _ => Err(why()),
            }
        });
        licenses.collect()
    }

    /// The licenses that are active on this machine, of all products. They are the server's word, but not proved one by one.
    ///
    /// # Errors
    ///
    /// Any [`LicenseError`] of a call.
    pub fn device_licenses(&self) -> Result<Vec<License>, LicenseError> {
        let call = Call::DeviceLicenses;
        let mut members = Map::new();
        members.insert("hardware_id".to_owned(), self.hardware_id.as_str().into());
        let what = call.to_string();
        let answer = self.door.ask(&Ask::get(call, members))?;
        let licenses = read::objects(&what, &answer.body)?.into_iter();
        licenses.map(|text| read::license(&what, read::object(&what, text)?)).collect()
    }

    /// Where people of a customer account log in. What comes back, an ID token or a code, [activates](super::ActivatedBy).
    ///
    /// # Errors
    ///
    /// [`LicenseError::Refused`] with [`Reason::Login`](super::Reason::Login) when single sign-on is not set up.
    pub fn sso_url(&self, account: &str, wants: SsoAnswer, redirect_uri: Option<&str>) -> Result<String, LicenseError> {
        #[derive(Deserialize)]
        struct Told {
            url: String,
        }
        let call = Call::SsoUrl;
        let mut members = Map::new();
        members.insert("product".to_owned(), self.product.as_str().into());
        members.insert("customer_account_code".to_owned(), account.into());
        members.insert("response_type".to_owned(), wants.word().into());
        if let Some(uri) = redirect_uri {
            members.insert("redirect_uri".to_owned(), uri.into());
        }
        let told: Told = read::typed(&call.to_string(), &self.ask_object(&Ask::get(call, members))?)?;
        Ok(told.url)
    }

    fn ask_object(&self, ask: &Ask<'_>) -> Result<Map<String, Value>, LicenseError> {
        let answer = self.door.ask(ask)?;
        read::object(&ask.call.to_string(), &answer.body)
    }

    /// Calls about releases name no license ID.
    fn release_members(&self, environment: Option<&str>) -> Result<Map<String, Value>, LicenseError> {
        let entry = self.online()?;
        let mut members = self.identity(&entry.licensee, None);
        if let Some(environment) = environment {
            members.insert("env".to_owned(), environment.into());
        }
        Ok(members)
    }
}

/// What comes back of single sign-on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SsoAnswer {
    /// An ID token.
    IdToken,
    /// An authorization code.
    Code,
}

impl SsoAnswer {
    fn word(self) -> &'static str {
        match self {
            Self::IdToken => "token",
            Self::Code => "code",
        }
    }
}
