//! Bundles: several licenses under one key or user, activated, checked and let go together. The client's product is the code
//! of the bundle.

use super::{
    Activation, Call, CheckOptions, License, LicenseClient, LicenseError, LicenseState,
    door::Ask,
    entry::{Entry, Licensee, Signed},
};

impl LicenseClient {
    /// Activates all licenses of the bundle on this machine, or none, and keeps them.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::activate`].
    pub fn activate_bundle(&self, activation: &Activation) -> Result<Vec<License>, LicenseError> {
        let (answer, asked) = self.ask_to_activate(Call::ActivateBundle, activation)?;
        let licensee = asked.as_ref().map(Licensee::text);
        let licenses = self.read_bundle("the activation of the bundle", &answer.body, licensee)?;
        self.keep(answer, asked, &licenses, true)?;
        Ok(licenses)
    }

    /// Asks the server what holds for all of them, and keeps its answer.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::check`].
    pub fn check_bundle(&self) -> Result<Vec<License>, LicenseError> {
        let entry = self.online_bundle()?;
        self.prepare()?;
        let mut members = self.identity(&entry.licensee, None);
        members.extend(CheckOptions::default().members());
        let outcome = self.door.ask(&Ask::get(Call::CheckBundle, members)).and_then(|answer| {
            let licensee = Some(entry.licensee.text());
            let licenses = self.read_bundle("the check of the bundle", &answer.body, licensee)?;
            Ok((answer, licenses))
        });
        match outcome {
            Ok((answer, licenses)) => {
                self.keep_checked(answer, &entry, &licenses)?;
                Ok(licenses)
            }
            Err(error) => Err(self.not_confirmed(&entry.licensee, error)),
        }
    }

    /// Takes all of them off this machine, and forgets them.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::deactivate`].
    pub fn deactivate_bundle(&self) -> Result<(), LicenseError> {
        let entry = self.online_bundle()?;
        self.let_go(Call::DeactivateBundle, &entry.licensee, self.identity(&entry.licensee, None))
    }

    /// The licenses of the bundle as they were last signed; none when none was activated here.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::license`].
    pub fn bundle(&self) -> Result<Vec<License>, LicenseError> {
        self.kept()?.map_or_else(|| Ok(Vec::new()), |entry| self.licenses_of(&entry))
    }

    /// What holds for each license of the bundle, by the code of its product, from what is kept alone. Licenses that came by file all
    /// have the code of the bundle.
    ///
    /// # Errors
    ///
    /// As [`LicenseClient::state`].
    pub fn bundle_states(&self) -> Result<Vec<(String, LicenseState)>, LicenseError> {
        match self.kept_or_state()? {
            Ok(entry) => self.states_of(&entry),
            Err(state) => Ok(vec![(self.product.clone(), state)]),
        }
    }

    fn online_bundle(&self) -> Result<Entry, LicenseError> {
        let entry = self.online()?;
        if is_bundle(&entry) {
            Ok(entry)
        } else {
            Err(LicenseError::NotPossible { what: "what was activated here is a single license, not a bundle" })
        }
    }
}

pub(crate) fn is_bundle(entry: &Entry) -> bool {
    matches!(entry.signed, Signed::Answer { is_bundle: true, .. } | Signed::BundleFile { .. })
}
