//! Units: of licenses, of features, and what is answered after some were counted.

use countersign_app::license_api::Counted;
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::{Floating, Meter, Metering, Units};
use serde::Serialize;
use utoipa::ToSchema;

use super::Company;

/// Units of a license, as its object names them. One that counts none has the members all the same: clients need them.
#[derive(Serialize, ToSchema)]
pub(crate) struct Counts {
    #[schema(example = 10)]
    max_consumptions: i64,
    #[schema(example = 4)]
    total_consumptions: i64,
    allow_unlimited_consumptions: bool,
    allow_negative_consumptions: bool,
    allow_overages: bool,
    /// 0 while overage is off, because some clients add it whatever `allow_overages` says.
    #[schema(example = 0)]
    max_overages: i64,
    reset_consumption: bool,
    /// `hourly`, `daily`, `weekly`, `monthly` or `annually`.
    consumption_period: Option<&'static str>,
}

impl Counts {
    /// Units of a license.
    pub(crate) fn of_license(counts_units: bool, metering: &Metering, meter: Meter) -> Self {
        if counts_units { Self::new(metering, meter) } else { Self::new(&Metering::default(), Meter::default()) }
    }

    pub(crate) fn new(metering: &Metering, meter: Meter) -> Self {
        let (max_consumptions, allow_unlimited_consumptions) = match metering.limit {
            Units::AtMost(limit) => (limit, false),
            Units::Unlimited => (0, true),
        };
        let (allow_overages, max_overages) = match metering.overage {
            None | Some(Units::AtMost(0)) => (false, 0),
            Some(Units::AtMost(limit)) => (true, limit),
            // Newer clients read this pair as no limit.
            Some(Units::Unlimited) => (true, 0),
        };
        Self {
            max_consumptions,
            total_consumptions: meter.total,
            allow_unlimited_consumptions,
            allow_negative_consumptions: metering.negative,
            allow_overages,
            max_overages,
            reset_consumption: metering.reset.is_some(),
            consumption_period: metering.reset.map(countersign_domain::licensing::ResetPeriod::as_str),
        }
    }

    /// The limit, which features name in the singular.
    pub(crate) fn limit(&self) -> i64 {
        self.max_consumptions
    }
}

/// What is answered after units were counted. Clients merge it into what they keep, so `id` is that of what was counted.
#[derive(Serialize, ToSchema)]
pub(crate) struct CountedBody {
    #[schema(example = 11)]
    id: i64,
    /// The license, when units of a feature were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    license_id: Option<i64>,
    /// The limit of a feature has two names: one in clients, another in the published types.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_consumption: Option<i64>,
    #[serde(flatten)]
    counts: Counts,
    #[serde(flatten)]
    seats: Option<FeatureSeats>,
    company: Company,
}

/// Members about seats in answers about features.
#[derive(Serialize, ToSchema)]
struct FeatureSeats {
    is_floating: bool,
    is_floating_cloud: bool,
    #[schema(example = 0)]
    floating_in_use_devices: u32,
}

impl CountedBody {
    pub(crate) fn new(site: SiteId, counted: &Counted) -> Self {
        let counts = Counts::new(&counted.metering, counted.meter);
        let of_feature = counted.feature.is_some();
        Self {
            id: counted.feature.map_or(counted.license.0, |feature| feature.0),
            license_id: of_feature.then_some(counted.license.0),
            max_consumption: of_feature.then_some(counts.limit()),
            counts,
            seats: counted.seats.map(|(floating, seats)| FeatureSeats {
                is_floating: floating == Floating::Server,
                is_floating_cloud: floating == Floating::Cloud,
                floating_in_use_devices: seats.in_use,
            }),
            company: site.into(),
        }
    }
}
