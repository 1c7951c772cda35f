//! Telling that licenses expire soon, and that they have expired: nobody changes them, so a worker looks for those whose last
//! day is near or has passed.

use std::collections::VecDeque;

use countersign_domain::audit::{Actor, Channel};
use countersign_domain::event::Event;
use countersign_domain::ids::{LicenseId, SiteId};
use countersign_domain::time::Date;
use countersign_domain::webhook::ExpiryStage;
use countersign_store::StoreError;

use crate::{Ctx, Fault};

/// Most licenses that one unit of work tells of.
const LICENSES_PER_UNIT: u32 = 250;
/// Behind every license of a day.
const LAST: LicenseId = LicenseId(i64::MAX);
/// Units in one look, so that what is due is sent in between.
const UNITS_PER_LOOK: usize = 20;
/// Looks after which it is tried again when something failed: a minute.
const LOOKS_TO_REST: u32 = 240;

/// How far a process is with telling of ends of licenses: once a day and once at the start, all sites in turn.
#[derive(Default)]
pub(super) struct Expiry {
    /// The day of which all sites were told.
    told: Option<Date>,
    /// Sites that are left, with what is to be told there.
    left: VecDeque<(SiteId, ExpiryStage)>,
    /// The earliest day that one of their units saw: the clock of the store decides, and it may be midnight.
    day: Option<Date>,
    /// Whether one of them could not be told.
    failed: bool,
    /// Looks until it is tried again.
    rest: u32,
}

impl Expiry {
    /// Goes on a little; `today` is the day of the store. `true`: there was something, or there is more. What fails is
    /// logged, holds up no other site, and is tried again later.
    pub(super) async fn go_on(&mut self, ctx: &Ctx, today: Date) -> bool {
        if self.rest > 0 {
            self.rest -= 1;
            return false;
        }
        if self.left.is_empty() && !self.begin(ctx, today).await {
            return false;
        }
        let mut busy = false;
        for _ in 0..UNITS_PER_LOOK {
            let Some((site, stage)) = self.left.pop_front() else { break };
            match tell_some(ctx, site, stage).await {
                Ok((told, day)) => {
                    busy |= told > 0;
                    if told >= LICENSES_PER_UNIT as usize {
                        self.left.push_back((site, stage));
                    }
                    self.day = Some(self.day.map_or(day, |earliest| earliest.min(day)));
                }
                Err(fault) => self.fail(&fault),
            }
        }
        if self.left.is_empty() {
            if self.failed {
                self.rest = LOOKS_TO_REST;
            } else {
                self.told = self.day;
            }
        }
        busy || !self.left.is_empty()
    }

    /// Begins with all sites, unless they were told. `false`: there is nothing to do.
    async fn begin(&mut self, ctx: &Ctx, today: Date) -> bool {
        if self.told == Some(today) {
            return false;
        }
        (self.day, self.failed) = (Some(today), false);
        match crate::sites::list(ctx).await {
            Ok(sites) => {
                for site in sites {
                    self.left.extend(site.settings.expiry_notices.stages().map(|stage| (site.id, stage)));
                }
            }
            Err(fault) => {
                self.fail(&fault);
                self.rest = LOOKS_TO_REST;
            }
        }
        !self.failed
    }

    fn fail(&mut self, fault: &Fault) {
        self.failed = true;
        let error: &dyn std::error::Error = fault;
        tracing::error!(error, "ends of licenses cannot be told of");
    }
}

/// Writes an event for each license of a site whose last day has passed, or is as near as the site wants to be told, since
/// the last time, up to a limit, and gives their number and the day of the store. Where nobody has looked before, what has
/// expired before, or has less time left, is not told.
async fn tell_some(ctx: &Ctx, site: SiteId, stage: ExpiryStage) -> Result<(usize, Date), Fault> {
    let told = ctx.write::<_, StoreError, _>(site, move |tx| {
        Box::pin(async move {
            let now = tx.now().await?;
            let today = now.date();
            let known = tx.event_numbers().lock_expiry(site, stage).await?;
            let after = known.unwrap_or_else(|| (stage.passed_over(today), LAST));
            let ending = tx.event_numbers().list_ending(site, after, stage.before(today), LICENSES_PER_UNIT).await?;
            for (day, license) in &ending {
                let event = match stage {
                    ExpiryStage::Expired => Event::LicenseExpired(*license),
                    // Nobody has looked for so long that its end has come.
                    ExpiryStage::Expiring(_) if *day < today => continue,
                    ExpiryStage::Expiring(_) => Event::LicenseExpiring(*license),
                };
                tx.outbox().insert(site, event, &Actor::of(Channel::System), now).await?;
            }
            let last = match stage {
                _ if ending.len() >= LICENSES_PER_UNIT as usize => ending.last().copied(),
                // What is made today with less time left than this was never far from its end.
                ExpiryStage::Expiring(_) => Some((stage.passed_over(today).plus_days(1), LAST)),
                ExpiryStage::Expired => ending.last().copied(),
            };
            tx.event_numbers().set_expiry(site, stage, last.unwrap_or(after)).await?;
            Ok((ending.len(), today))
        })
    });
    Ok(told.await?)
}
