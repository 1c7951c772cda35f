//! The rows of the report: what is measured, beside which limit, and what is expected.

mod checks;
mod compare;
mod door;
mod downloads;
mod footprint;
mod growth;
mod latency;
mod license;
mod signatures;
mod slow_clients;
mod storage;
mod token;
mod webhooks;
mod writes;

use anyhow::{Result, bail};

use crate::bench::{Bench, Log};
use crate::report::Outcome;

/// What is measured. The order is the one of a run: rows that want few devices come first, and the large installation grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    CheckAnonymous,
    CheckQuiet,
    CheckUnsigned,
    Manifest,
    CheckOwnToken,
    SignatureCold,
    StatusLog,
    Event,
    Registration,
    Activation,
    Download64KiB,
    Download1MiB,
    Download64MiB,
    Range64KiB,
    StorageGet64KiB,
    StorageGet1MiB,
    StorageGet64MiB,
    StoragePut64KiB,
    StoragePut1MiB,
    StoragePut64MiB,
    TokenRs256,
    TokenEs256,
    TokenEdDsa,
    TokenLatency,
    Bearer,
    WebhookDelivery,
    WebhookLatency,
    WebhookBacklog,
    WebhookPostgres,
    LicenseCheck,
    LicenseCheckCold,
    LicenseActivation,
    LicenseConsumption,
    LicenseSeat,
    LicenseActivationUnsigned,
    LicenseConsumptionUnsigned,
    LicenseSeatUnsigned,
    LicenseActivationPostgres,
    LicenseConsumptionPostgres,
    GrowthLicenses,
    LatencyPoll,
    LatencyPost,
    LatencyDurable,
    SlowClients,
    GrowthDevices,
    CheckAccount,
    Footprint,
    GrowthUpdates,
    GrowthSites,
}

impl Row {
    /// All rows, in the order of a run.
    pub(crate) const ALL: [Self; 49] = [
        Self::CheckAnonymous,
        Self::CheckQuiet,
        Self::CheckUnsigned,
        Self::Manifest,
        Self::CheckOwnToken,
        Self::SignatureCold,
        Self::StatusLog,
        Self::Event,
        Self::Registration,
        Self::Activation,
        Self::Download64KiB,
        Self::Download1MiB,
        Self::Download64MiB,
        Self::Range64KiB,
        Self::StorageGet64KiB,
        Self::StorageGet1MiB,
        Self::StorageGet64MiB,
        Self::StoragePut64KiB,
        Self::StoragePut1MiB,
        Self::StoragePut64MiB,
        Self::TokenRs256,
        Self::TokenEs256,
        Self::TokenEdDsa,
        Self::TokenLatency,
        Self::Bearer,
        Self::WebhookDelivery,
        Self::WebhookLatency,
        Self::WebhookBacklog,
        Self::WebhookPostgres,
        Self::LicenseCheck,
        Self::LicenseCheckCold,
        Self::LicenseActivation,
        Self::LicenseConsumption,
        Self::LicenseSeat,
        Self::LicenseActivationUnsigned,
        Self::LicenseConsumptionUnsigned,
        Self::LicenseSeatUnsigned,
        Self::LicenseActivationPostgres,
        Self::LicenseConsumptionPostgres,
        Self::GrowthLicenses,
        Self::LatencyPoll,
        Self::LatencyPost,
        Self::LatencyDurable,
        Self::SlowClients,
        Self::GrowthDevices,
        Self::CheckAccount,
        Self::Footprint,
        Self::GrowthUpdates,
        Self::GrowthSites,
    ];

    /// Its name on the command line and in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CheckAnonymous => "check-anonymous",
            Self::CheckQuiet => "check-quiet",
            Self::CheckUnsigned => "check-unsigned",
            Self::Manifest => "manifest",
            Self::CheckOwnToken => "check-own-token",
            Self::SignatureCold => "signature-cold",
            Self::StatusLog => "status-log",
            Self::Event => "event",
            Self::Registration => "registration",
            Self::Activation => "activation",
            Self::Download64KiB => "download-64k",
            Self::Download1MiB => "download-1m",
            Self::Download64MiB => "download-64m",
            Self::Range64KiB => "range-64k",
            Self::StorageGet64KiB => "storage-get-64k",
            Self::StorageGet1MiB => "storage-get-1m",
            Self::StorageGet64MiB => "storage-get-64m",
            Self::StoragePut64KiB => "storage-put-64k",
            Self::StoragePut1MiB => "storage-put-1m",
            Self::StoragePut64MiB => "storage-put-64m",
            Self::TokenRs256 => "token-rs256",
            Self::TokenEs256 => "token-es256",
            Self::TokenEdDsa => "token-eddsa",
            Self::TokenLatency => "token-latency",
            Self::Bearer => "bearer",
            Self::WebhookDelivery => "webhook-delivery",
            Self::WebhookLatency => "webhook-latency",
            Self::WebhookBacklog => "webhook-backlog",
            Self::WebhookPostgres => "webhook-postgres",
            Self::LicenseCheck => "license-check",
            Self::LicenseCheckCold => "license-check-cold",
            Self::LicenseActivation => "license-activation",
            Self::LicenseConsumption => "license-consumption",
            Self::LicenseSeat => "license-seat",
            Self::LicenseActivationUnsigned => "license-unsigned-activation",
            Self::LicenseConsumptionUnsigned => "license-unsigned-consumption",
            Self::LicenseSeatUnsigned => "license-unsigned-seat",
            Self::LicenseActivationPostgres => "license-postgres-activation",
            Self::LicenseConsumptionPostgres => "license-postgres-consumption",
            Self::GrowthLicenses => "license-growth",
            Self::LatencyPoll => "latency-poll",
            Self::LatencyPost => "latency-post",
            Self::LatencyDurable => "latency-durable",
            Self::SlowClients => "slow-clients",
            Self::GrowthDevices => "growth-devices",
            Self::CheckAccount => "check-account",
            Self::Footprint => "footprint",
            Self::GrowthUpdates => "growth-updates",
            Self::GrowthSites => "growth-sites",
        }
    }

    /// What it measures, for `--help` and the page.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::CheckAnonymous => {
                "signed update check of an anonymous device (POST and GET), token and answer seen before"
            }
            Self::CheckQuiet => "the same without the access log",
            Self::CheckUnsigned => "unsigned update check",
            Self::Manifest => "signed list of files (POST and GET)",
            Self::CheckOwnToken => "signed update check, every device with a token that the server has never seen",
            Self::SignatureCold => "signed update check whose answer was never signed before",
            Self::StatusLog => "status report of a registered device, durable",
            Self::Event => "event of a registered device, durable",
            Self::Registration => "registration of a new device, durable",
            Self::Activation => "registration of a new device with the activation of a license, durable",
            Self::Download64KiB => "download of a file of 64 KiB",
            Self::Download1MiB => "download of a file of 1 MiB",
            Self::Download64MiB => "download of a file of 64 MiB",
            Self::Range64KiB => "a range of 64 KiB out of 64 MiB",
            Self::StorageGet64KiB => "download of 64 KiB from a storage, with a bearer token",
            Self::StorageGet1MiB => "download of 1 MiB from a storage, with a bearer token",
            Self::StorageGet64MiB => "download of 64 MiB from a storage, with a bearer token",
            Self::StoragePut64KiB => "upload of 64 KiB into a storage, durable",
            Self::StoragePut1MiB => "upload of 1 MiB into a storage, durable",
            Self::StoragePut64MiB => "upload of 64 MiB into a storage, durable",
            Self::TokenRs256 => "an access token for an ID and a secret, signed with RSA-2048",
            Self::TokenEs256 => "the same, signed with ECDSA on P-256",
            Self::TokenEdDsa => "the same, signed with Ed25519",
            Self::TokenLatency => "an access token signed with RSA-2048, one connection",
            Self::Bearer => "a cheap call with an access token that was seen before",
            Self::WebhookDelivery => "committed events, told to a receiver: signed, and with every attempt kept",
            Self::WebhookLatency => "from the commit of an event to the arrival of its webhook, at half load",
            Self::WebhookBacklog => {
                "update check and status report beside a million events that wait for a receiver, and their end"
            }
            Self::WebhookPostgres => "committed events on PostgreSQL, told to a receiver",
            Self::LicenseCheck => "license check, answer signed before",
            Self::LicenseCheckCold => "license check whose answer was never signed before: two signatures",
            Self::LicenseActivation => "activation of a license on a new device, durable: two signatures",
            Self::LicenseConsumption => "units of a license counted, durable: one signature",
            Self::LicenseSeat => {
                "check of a floating license that moves the end of a seat, 100,000 seats held: two signatures"
            }
            Self::LicenseActivationUnsigned => "the use case of an activation, without signatures",
            Self::LicenseConsumptionUnsigned => "the use case of counting, without signatures",
            Self::LicenseSeatUnsigned => "the use case of such a check, without signatures",
            Self::LicenseActivationPostgres => "the same activation on PostgreSQL",
            Self::LicenseConsumptionPostgres => "the same counting on PostgreSQL",
            Self::GrowthLicenses => "the use cases of a check and of counting with more and more licenses",
            Self::LatencyPoll => "GET of a signed list that was signed before, one connection",
            Self::LatencyPost => "POST of a question, one connection",
            Self::LatencyDurable => "POST of a status report, one connection",
            Self::SlowClients => "update check at half load, beside 500 slow clients and 10,000 idle connections",
            Self::GrowthDevices => "account check and status report with more and more devices and licenses",
            Self::CheckAccount => {
                "signed update check of a device with a license, among a million devices and licenses"
            }
            Self::Footprint => "memory, time to ready with a million devices and licenses, size of the program",
            Self::GrowthUpdates => "signed update check with more and more updates in the site",
            Self::GrowthSites => "unsigned update check spread over more and more sites",
        }
    }

    /// The rows whose names begin with one of these words; without any word, all but those of licenses, storages, tokens and webhooks.
    ///
    /// # Errors
    /// When a word begins no name.
    pub(crate) fn chosen(words: &[String]) -> Result<Vec<Self>> {
        if let Some(word) = words.iter().find(|word| !Self::ALL.iter().any(|row| row.name().starts_with(word.as_str())))
        {
            let names: Vec<&str> = Self::ALL.iter().map(|row| row.name()).collect();
            bail!("no row begins with {word:?}; there are: {}", names.join(", "));
        }
        let is_chosen = |row: &Self| match words {
            [] => !OTHERS.iter().any(|group| row.name().starts_with(group)),
            words => words.iter().any(|word| row.name().starts_with(word.as_str())),
        };
        Ok(Self::ALL.into_iter().filter(is_chosen).collect())
    }

    /// Measures it.
    ///
    /// # Errors
    /// When it cannot run.
    pub(crate) async fn measure(self, bench: &mut Bench) -> Result<Outcome> {
        let figures = match self {
            Self::CheckAnonymous => checks::anonymous(bench, self.name(), Log::Usual).await?,
            Self::CheckQuiet => checks::anonymous(bench, self.name(), Log::Quiet).await?,
            Self::CheckUnsigned => checks::unsigned(bench, self.name()).await?,
            Self::Manifest => checks::manifest(bench, self.name()).await?,
            Self::CheckOwnToken => signatures::own_token(bench, self.name()).await?,
            Self::SignatureCold => signatures::cold(bench, self.name()).await?,
            Self::StatusLog => writes::status_log(bench, self.name()).await?,
            Self::Event => writes::event(bench, self.name()).await?,
            Self::Registration => writes::registration(bench, self.name()).await?,
            Self::Activation => writes::activation(bench, self.name()).await?,
            Self::Download64KiB => return downloads::measure(bench, self.name(), downloads::SMALL_FILE).await,
            Self::Download1MiB => return downloads::measure(bench, self.name(), downloads::MIDDLE_FILE).await,
            Self::Download64MiB => return downloads::measure(bench, self.name(), downloads::LARGE_FILE).await,
            Self::Range64KiB => return downloads::measure(bench, self.name(), downloads::RANGE).await,
            Self::StorageGet64KiB => return storage::download(bench, self.name(), storage::GET_SMALL).await,
            Self::StorageGet1MiB => return storage::download(bench, self.name(), storage::GET_MIDDLE).await,
            Self::StorageGet64MiB => return storage::download(bench, self.name(), storage::GET_LARGE).await,
            Self::StoragePut64KiB => return storage::upload(bench, self.name(), storage::PUT_SMALL).await,
            Self::StoragePut1MiB => return storage::upload(bench, self.name(), storage::PUT_MIDDLE).await,
            Self::StoragePut64MiB => return storage::upload(bench, self.name(), storage::PUT_LARGE).await,
            Self::TokenRs256 => token::beside_signer(bench, self.name()).await?,
            Self::TokenEs256 => token::beside_hyper(bench, self.name(), token::ECDSA).await?,
            Self::TokenEdDsa => token::beside_hyper(bench, self.name(), token::EDWARDS).await?,
            Self::TokenLatency => latency::token(bench, self.name()).await?,
            Self::Bearer => token::bearer(bench, self.name()).await?,
            Self::WebhookDelivery => webhooks::delivery(bench, self.name()).await?,
            Self::WebhookLatency => webhooks::latency::latency(bench, self.name()).await?,
            Self::WebhookBacklog => webhooks::backlog::backlog(bench, self.name()).await?,
            Self::WebhookPostgres => return webhooks::on_postgres(bench, self.name()).await,
            Self::LicenseCheck => license::warm(bench, self.name()).await?,
            Self::LicenseCheckCold => license::beside_signer(bench, self.name(), license::COLD_CHECK).await?,
            Self::LicenseActivation => license::beside_signer(bench, self.name(), license::ACTIVATION).await?,
            Self::LicenseConsumption => license::beside_signer(bench, self.name(), license::CONSUMPTION).await?,
            Self::LicenseSeat => license::seats::signed(bench, self.name()).await?,
            Self::LicenseActivationUnsigned => license::unsigned(bench, self.name(), license::ACTIVATING).await?,
            Self::LicenseConsumptionUnsigned => license::unsigned(bench, self.name(), license::COUNTING).await?,
            Self::LicenseSeatUnsigned => license::seats::unsigned(bench, self.name()).await?,
            Self::LicenseActivationPostgres => {
                return license::on_postgres(bench, self.name(), license::ACTIVATING).await;
            }
            Self::LicenseConsumptionPostgres => {
                return license::on_postgres(bench, self.name(), license::COUNTING).await;
            }
            Self::GrowthLicenses => license::growth(bench, self.name()).await?,
            Self::LatencyPoll => latency::poll(bench, self.name()).await?,
            Self::LatencyPost => latency::post(bench, self.name()).await?,
            Self::LatencyDurable => latency::durable(bench, self.name()).await?,
            Self::SlowClients => slow_clients::slow_clients(bench, self.name()).await?,
            Self::GrowthDevices => growth::devices(bench, self.name()).await?,
            Self::CheckAccount => checks::account(bench, self.name()).await?,
            Self::Footprint => footprint::footprint(bench, self.name()).await?,
            Self::GrowthUpdates => growth::updates(bench, self.name()).await?,
            Self::GrowthSites => growth::sites(bench, self.name()).await?,
        };
        Ok(Outcome::Measured(figures))
    }
}

/// How the names of rows begin that are no device's.
const OTHERS: [&str; 5] = ["license", "storage", "token", "bearer", "webhook"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_chosen_by_the_beginning_of_their_names() {
        let names = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            Row::chosen(&words).map(|rows| rows.iter().map(|row| row.name()).collect::<Vec<_>>())
        };
        assert_eq!(names(&["growth", "event"]).unwrap(), ["event", "growth-devices", "growth-updates", "growth-sites"]);
        assert_eq!(names(&[]).unwrap().len() + names(&OTHERS).unwrap().len(), Row::ALL.len());
        assert!(names(&["grows"]).unwrap_err().to_string().contains("check-anonymous"));
    }
}
