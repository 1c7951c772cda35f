//! Licenses on devices without a connection: which can be there, and how long files about them are good.

use std::time::Duration;

use super::rules::{Floating, LicenseRules};
use crate::time::Timestamp;

/// How a device without a connection gets its license.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfflineWay {
    /// By codes that people type: the air gap.
    Codes,
    /// By a request file, and a file in response.
    File,
}

impl LicenseRules {
    /// Whether a license can be activated on a device without a connection. Seats cannot: they are taken from others, and
    /// given back, by asking.
    #[must_use]
    pub fn may_go_offline(&self, way: OfflineWay) -> bool {
        let allowed = match way {
            OfflineWay::Codes => self.offline && self.air_gapped,
            OfflineWay::File => self.offline,
        };
        allowed && self.seats.floating == Floating::Off
    }

    /// Until when a file is good that was made at a time; `None`: for as long as the license.
    #[must_use]
    pub fn file_end(&self, made_at: Timestamp) -> Option<Timestamp> {
        let day = Duration::from_secs(24 * 3600);
        self.offline_days.map(|days| made_at.plus(day.saturating_mul(u32::from(days))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::Seats;
    use super::*;

    #[test]
    fn a_license_goes_offline_as_its_producer_says() {
        let rules = |offline, air_gapped, floating| LicenseRules {
            offline,
            air_gapped,
            seats: Seats { floating, ..Seats::default() },
            ..LicenseRules::default()
        };
        for (rules, by_file, by_codes) in [
            (rules(false, false, Floating::Off), false, false),
            (rules(false, true, Floating::Off), false, false),
            (rules(true, false, Floating::Off), true, false),
            (rules(true, true, Floating::Off), true, true),
            (rules(true, true, Floating::Cloud), false, false),
            (rules(true, true, Floating::Server), false, false),
        ] {
            assert_eq!(rules.may_go_offline(OfflineWay::File), by_file, "{rules:?}");
            assert_eq!(rules.may_go_offline(OfflineWay::Codes), by_codes, "{rules:?}");
        }
    }

    #[test]
    fn files_are_good_for_as_many_days_as_the_producer_says() {
        let made = Timestamp::from_seconds(1000);
        assert_eq!(LicenseRules::default().file_end(made), None);
        let rules = LicenseRules { offline_days: Some(2), ..LicenseRules::default() };
        assert_eq!(rules.file_end(made), Some(Timestamp::from_seconds(1000 + 2 * 86_400)));
    }
}
