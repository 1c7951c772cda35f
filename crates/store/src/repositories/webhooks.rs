//! Events with numbers, their receivers, and what is on its way.

use async_trait::async_trait;
use countersign_domain::event::CommittedEvent;
use countersign_domain::ids::{
    DeliveryId, EndpointId, EventId, FeatureId, LicenseId, ProductId, RecoveryId, SiteId, WebhookSecretId,
};
use countersign_domain::site::SiteName;
use countersign_domain::time::{Date, Timestamp};
use countersign_domain::webhook::{
    Attempt, Delivery, DeliveryState, Endpoint, ExpiryStage, NewAttempt, NewDelivery, NewEndpoint, NewWebhookSecret,
    Recovery, WebhookSecret,
};

use super::Page;
use crate::StoreError;

/// An event that has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedEvent {
    /// The event.
    pub committed: CommittedEvent,
    /// Its number in the site: without gaps, in the order of committing.
    pub sequence: i64,
}

/// A row of the outbox that has a number. One that cannot be read has one as well, so that it holds up no other: a newer
/// program may have written it, or the file is damaged.
#[derive(Debug)]
pub struct NumberedRow {
    /// Its number in the site.
    pub sequence: i64,
    /// What happened, or why that cannot be read.
    pub committed: Result<CommittedEvent, StoreError>,
}

impl NumberedRow {
    /// The event.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn into_event(self) -> Result<NumberedEvent, StoreError> {
        let Self { sequence, committed } = self;
        committed.map(|committed| NumberedEvent { committed, sequence })
    }
}

/// Numbers of events. A row gets none when it is written, because rows may become visible in another order than they were
/// written in; it gets the next one when it is seen. So a reader that goes on behind the last number it has seen misses
/// nothing, however long a unit took to commit.
#[async_trait]
pub trait EventNumbers: Send {
    /// Whether there is an event without a number.
    async fn is_behind(&mut self) -> Result<bool, StoreError>;

    /// Gives numbers to at most `limit` rows that have none, oldest row first, and gives those rows with their sites.
    /// No other unit gives numbers until this one ends.
    async fn advance(&mut self, limit: u32) -> Result<Vec<(SiteId, NumberedRow)>, StoreError>;

    /// No other unit gives numbers until this one ends. A unit that goes on to lock receivers asks for it before that,
    /// because whoever gives numbers does.
    async fn hold(&mut self) -> Result<(), StoreError>;

    /// Rows of a site behind a number, in the order of numbers.
    async fn list(&mut self, site: SiteId, after: i64, limit: u32) -> Result<Vec<NumberedRow>, StoreError>;

    /// An event of a site by row id, once it has a number.
    async fn find(&mut self, site: SiteId, event: EventId) -> Result<Option<NumberedEvent>, StoreError>;

    /// Leaves so many numbers of a site out. For the beginning of an epoch.
    async fn jump(&mut self, site: SiteId, by: i64) -> Result<(), StoreError>;

    /// The last number of a site; 0 before the first.
    async fn last(&mut self, site: SiteId) -> Result<i64, StoreError>;

    /// The last license of a site of which such an end was told, and its last day. Whoever asks first holds the answer
    /// until its unit ends. `None`: none was looked for yet.
    async fn lock_expiry(&mut self, site: SiteId, stage: ExpiryStage) -> Result<Option<(Date, LicenseId)>, StoreError>;

    /// Notes that license.
    async fn set_expiry(&mut self, site: SiteId, stage: ExpiryStage, last: (Date, LicenseId))
    -> Result<(), StoreError>;

    /// Licenses of a site behind one, whose last day is before a day, in the order of last days.
    async fn list_ending(
        &mut self,
        site: SiteId,
        after: (Date, LicenseId),
        before: Date,
        limit: u32,
    ) -> Result<Vec<(Date, LicenseId)>, StoreError>;

    /// The name of a site.
    async fn site_name(&mut self, site: SiteId) -> Result<Option<SiteName>, StoreError>;

    /// The product of a feature.
    async fn product_of(&mut self, feature: FeatureId) -> Result<Option<ProductId>, StoreError>;
}

/// Receivers of webhooks.
#[async_trait]
pub trait Endpoints: Send {
    /// Writes a receiver, which hears of events that get their numbers from then on; the unit holds them
    /// ([`EventNumbers::hold`]). `None`: the name is taken in this site.
    async fn insert(
        &mut self,
        site: SiteId,
        endpoint: &NewEndpoint,
        now: Timestamp,
    ) -> Result<Option<EndpointId>, StoreError>;

    /// A receiver by row id.
    async fn find(&mut self, site: SiteId, endpoint: EndpointId) -> Result<Option<Endpoint>, StoreError>;

    /// The same, which no other unit can lock until this one ends.
    async fn lock(&mut self, site: SiteId, endpoint: EndpointId) -> Result<Option<Endpoint>, StoreError>;

    /// All receivers of a site, by row id.
    async fn list(&mut self, site: SiteId) -> Result<Vec<Endpoint>, StoreError>;

    /// The same, locked like [`Endpoints::lock`].
    async fn lock_all(&mut self, site: SiteId) -> Result<Vec<Endpoint>, StoreError>;

    /// The same row by row: one that cannot be read is an error in its own place, and the unit goes on.
    async fn lock_each(&mut self, site: SiteId) -> Result<Vec<Result<Endpoint, StoreError>>, StoreError>;

    /// Replaces name, settings, authorization and state of a receiver, and counts up its revision. `false`: no such one.
    async fn replace(&mut self, endpoint: &Endpoint, now: Timestamp) -> Result<bool, StoreError>;

    /// Replaces what is wrong with a receiver, its pause and its state. `false`: no such one.
    async fn set_standing(&mut self, endpoint: &Endpoint) -> Result<bool, StoreError>;

    /// Makes a receiver hear of nothing that has got its number before now, such as when it was off; the unit holds the
    /// numbers. `false`: no such one.
    async fn start_anew(&mut self, endpoint: EndpointId) -> Result<bool, StoreError>;

    /// Removes a receiver with its secrets, once it has no deliveries. `false`: it has some, or there is no such one.
    async fn delete(&mut self, site: SiteId, endpoint: EndpointId) -> Result<bool, StoreError>;

    /// Replaces the settings of the site's event service, as its clients know them. They come sealed.
    async fn set_service(&mut self, site: SiteId, sealed: Option<&[u8]>) -> Result<(), StoreError>;

    /// The settings of the site's event service.
    async fn service(&mut self, site: SiteId) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes a secret.
    async fn insert_secret(
        &mut self,
        endpoint: EndpointId,
        secret: &NewWebhookSecret,
        now: Timestamp,
    ) -> Result<WebhookSecretId, StoreError>;

    /// The secrets of a receiver, newest first.
    async fn secrets(&mut self, endpoint: EndpointId) -> Result<Vec<WebhookSecret>, StoreError>;

    /// Lets secrets of a receiver that have no end, or a later one, end at a time.
    async fn end_secrets(&mut self, endpoint: EndpointId, at: Timestamp) -> Result<u64, StoreError>;

    /// Removes secrets of a receiver that had ended before a time.
    async fn delete_secrets(&mut self, endpoint: EndpointId, before: Timestamp) -> Result<u64, StoreError>;

    /// Replaces the sealed form of a secret. `false`: the receiver has no such secret.
    async fn reseal_secret(
        &mut self,
        endpoint: EndpointId,
        secret: WebhookSecretId,
        sealed: &[u8],
    ) -> Result<bool, StoreError>;
}

/// How many deliveries of a receiver are how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryCount {
    /// How far.
    pub state: DeliveryState,
    /// How many.
    pub count: u64,
    /// When the oldest of them was queued.
    pub oldest: Timestamp,
}

/// Which deliveries are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryRange {
    /// How far they are.
    pub state: DeliveryState,
    /// Queued from then on.
    pub since: Timestamp,
    /// Queued before.
    pub until: Timestamp,
    /// Behind this one.
    pub after: DeliveryId,
}

/// What is on its way. Each delivery in a lane waits for the one before it.
#[async_trait]
pub trait Deliveries: Send {
    /// Queues an event for a receiver, due at `now`; behind the others of its lane, if there are any. `false`: this event
    /// was queued for this receiver before. The unit has locked the receiver.
    async fn insert(&mut self, delivery: &NewDelivery, now: Timestamp) -> Result<bool, StoreError>;

    /// The same for many, in their order; their receivers are locked. Gives those that are taken up at once
    /// ([`NewDelivery::taken_until`]), which counts as by [`claim`](Self::claim).
    async fn insert_all(&mut self, deliveries: Vec<NewDelivery>, now: Timestamp) -> Result<Vec<Delivery>, StoreError>;

    /// Cancels deliveries of a receiver on a topic that nobody has taken up yet, and gives their number. Their lanes go on.
    /// The unit has locked the receiver.
    async fn supersede(&mut self, endpoint: EndpointId, topic: &str, now: Timestamp) -> Result<u64, StoreError>;

    /// Whether something is due for a receiver.
    async fn is_due(&mut self, endpoint: EndpointId, now: Timestamp) -> Result<bool, StoreError>;

    /// Receivers that are enabled, not paused, and have something due, at most `limit` of them.
    async fn due_endpoints(&mut self, now: Timestamp, limit: u32) -> Result<Vec<(SiteId, EndpointId)>, StoreError>;

    /// Takes up at most `limit` deliveries of a receiver that are due, by number; others can take them up from `until` on.
    async fn claim(
        &mut self,
        endpoint: EndpointId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Writes how an attempt has changed a delivery: state, attempts, lane, and when it is due or became final. `false`:
    /// somebody else has taken it up since, and nothing was written. A final one makes place for the next of its lane.
    /// The unit has locked the receiver.
    async fn settle(&mut self, delivery: &Delivery, now: Timestamp) -> Result<bool, StoreError>;

    /// The same for many, whose receivers are locked, with the outcome of each.
    async fn settle_all(&mut self, deliveries: &[Delivery], now: Timestamp) -> Result<Vec<bool>, StoreError>;

    /// A delivery with its body.
    async fn find(&mut self, site: SiteId, delivery: DeliveryId) -> Result<Option<Delivery>, StoreError>;

    /// The deliveries of an event, with their bodies, by receiver.
    async fn of_event(&mut self, site: SiteId, event: EventId) -> Result<Vec<Delivery>, StoreError>;

    /// The deliveries of a receiver, by row id, without bodies.
    async fn list(&mut self, endpoint: EndpointId, page: Page) -> Result<Vec<Delivery>, StoreError>;

    /// How many deliveries of a receiver are how far.
    async fn counts(&mut self, endpoint: EndpointId) -> Result<Vec<DeliveryCount>, StoreError>;

    /// How many deliveries are not final, and when the oldest of them was queued.
    async fn backlog(&mut self) -> Result<(u64, Option<Timestamp>), StoreError>;

    /// Cancels at most `limit` deliveries of a receiver that are not final, and gives their number. One that had ended and
    /// was to be sent again ends as before.
    async fn cancel(&mut self, endpoint: EndpointId, now: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// How many deliveries of a receiver are in a range.
    async fn count_range(&mut self, endpoint: EndpointId, range: DeliveryRange) -> Result<u64, StoreError>;

    /// Those of a range with the lowest row ids.
    async fn list_range(
        &mut self,
        endpoint: EndpointId,
        range: DeliveryRange,
        limit: u32,
    ) -> Result<Vec<DeliveryId>, StoreError>;

    /// Makes a delivery due at once. A final one gets one attempt outside the schedule, in no lane. `false`: no such one.
    async fn send_again(&mut self, site: SiteId, delivery: DeliveryId, now: Timestamp) -> Result<bool, StoreError>;

    /// How many deliveries of a receiver somebody has asked for are still to be sent.
    async fn count_manual(&mut self, endpoint: EndpointId) -> Result<u64, StoreError>;

    /// How many deliveries that tell a receiver what there is are still to be sent.
    async fn count_snapshots(&mut self, endpoint: EndpointId) -> Result<u64, StoreError>;

    /// Removes at most `limit` deliveries of a site, with their attempts, that reached a final state before a time, and
    /// gives their number.
    async fn delete_before(
        &mut self,
        site: SiteId,
        state: DeliveryState,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError>;

    /// Removes at most `limit` deliveries of a receiver with their attempts, and gives their number.
    async fn delete_of(&mut self, endpoint: EndpointId, limit: u32) -> Result<u64, StoreError>;
}

/// What was tried, and what is tried again.
#[async_trait]
pub trait DeliveryHistory: Send {
    /// Writes an attempt.
    async fn insert_attempt(
        &mut self,
        delivery: DeliveryId,
        number: u32,
        attempt: &NewAttempt,
    ) -> Result<(), StoreError>;

    /// Writes attempts of many deliveries.
    async fn insert_attempts(&mut self, attempts: &[(DeliveryId, u32, NewAttempt)]) -> Result<(), StoreError>;

    /// The attempts of a delivery, newest first, at most `limit`.
    async fn attempts(&mut self, delivery: DeliveryId, limit: u32) -> Result<Vec<Attempt>, StoreError>;

    /// Writes that deliveries are to be sent again; id, `after` and `queued` are not looked at.
    async fn insert_recovery(&mut self, recovery: &Recovery) -> Result<RecoveryId, StoreError>;

    /// A recovery by row id.
    async fn find_recovery(&mut self, site: SiteId, recovery: RecoveryId) -> Result<Option<Recovery>, StoreError>;

    /// Recoveries behind one that go on and whose receivers are enabled and not paused, by row id, at most `limit`.
    async fn running_recoveries(
        &mut self,
        after: RecoveryId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Recovery>, StoreError>;

    /// The recovery of a receiver that goes on. The unit has locked the receiver.
    async fn running_recovery(&mut self, endpoint: EndpointId) -> Result<Option<RecoveryId>, StoreError>;

    /// Writes how far a recovery is (`state`, `backfill`, `after`, `queued`), unless it has ended. `false`: it has, or there is
    /// no such one.
    async fn advance_recovery(&mut self, recovery: &Recovery) -> Result<bool, StoreError>;
}
