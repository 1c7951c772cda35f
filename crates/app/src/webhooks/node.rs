//! What all senders of a process share: who is being sent to, and how much at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_domain::ids::{EndpointId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{Delivery, Pace};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::dispatch::Target;
use super::ports::WebhookPorts;
use super::telling::{Taken, Told};
use crate::Ctx;

/// Most deliveries that a process has under way. With the longest bodies these take 64 MiB.
const UNDER_WAY: usize = 256;

/// How long the next events may wait until those are sent that were taken up.
const MOMENT: Duration = Duration::from_millis(20);

/// What all senders of a process share.
pub(super) struct Node {
    pub(super) ctx: Ctx,
    pub(super) ports: WebhookPorts,
    sends: Arc<Semaphore>,
    /// A sender has room again for what is taken up for it.
    has_room: Notify,
    stopping: watch::Sender<bool>,
    /// Receivers that are being sent to, and those with a rate.
    receivers: Mutex<Receivers>,
    /// Who hears of events.
    heard: Mutex<Heard>,
    /// Receivers for which a sender is to begin.
    begin: mpsc::UnboundedSender<Begin>,
}

/// A receiver for which a sender is to begin.
pub(super) struct Begin {
    pub(super) site: SiteId,
    pub(super) endpoint: EndpointId,
    pub(super) place: Arc<Place>,
}

/// Who hears of the events that got numbers last.
#[derive(Default)]
struct Heard {
    /// Nobody does.
    by_nobody: bool,
    by: Vec<EndpointId>,
    /// Events get numbers from the worker alone.
    resting: bool,
}

/// No receiver has room.
pub(super) struct Full;

#[derive(Default)]
struct Receivers {
    served: HashMap<EndpointId, Arc<Place>>,
    /// In which second how many were begun; only for receivers with a rate.
    begun: HashMap<EndpointId, Begun>,
}

#[derive(Clone, Copy)]
struct Begun {
    second: i64,
    count: usize,
}

/// A receiver that is being sent to.
#[derive(Default)]
pub(super) struct Place {
    /// There is mail for its sender.
    pub(super) more: Notify,
    mail: Mutex<Mail>,
    load: Mutex<Load>,
}

/// What was left for the sender of a receiver.
#[derive(Default)]
pub(super) struct Mail {
    /// Something is due that nobody has taken up.
    pub(super) kicked: bool,
    /// This has been taken up.
    pub(super) handed: Vec<Handed>,
}

/// Deliveries that were taken up for a sender.
pub(super) struct Handed {
    pub(super) to: Arc<Target>,
    pub(super) deliveries: Vec<Delivery>,
    /// When, by the time of this process.
    pub(super) at: Timestamp,
}

/// How much a sender has taken up.
#[derive(Clone, Copy, Default)]
pub(super) struct Load {
    /// Deliveries that it has taken up and not ended.
    pub(super) count: usize,
    /// How many are sent at a time; 0: it is not known yet.
    pub(super) limit: usize,
    /// How many more it may have.
    pub(super) spare: usize,
    /// Something is due that it has not taken up. Nothing is to overtake that.
    pub(super) behind: bool,
}

impl Load {
    fn room(self) -> usize {
        if self.behind { 0 } else { self.limit.saturating_add(self.spare).saturating_sub(self.count) }
    }

    /// Whether room soon comes, or it will soon be known.
    fn is_quick(self) -> bool {
        self.spare > 0 || self.limit == 0
    }

    fn is_full(self) -> bool {
        self.room() < self.count.max(1)
    }
}

impl Place {
    /// Takes what was left for the sender.
    pub(super) fn take_mail(&self) -> Mail {
        std::mem::take(&mut *lock(&self.mail))
    }
}

/// Gives a place free when the sender of a receiver ends, also when it panics: nobody would ever send to it again.
pub(super) struct Leaving {
    node: Arc<Node>,
    endpoint: EndpointId,
    place: Arc<Place>,
}

impl Leaving {
    pub(super) fn new(node: Arc<Node>, endpoint: EndpointId, place: Arc<Place>) -> Self {
        Self { node, endpoint, place }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut receivers = self.node.receivers();
        // Whoever has left in order may have a successor.
        if receivers.served.get(&self.endpoint).is_some_and(|place| Arc::ptr_eq(place, &self.place)) {
            receivers.served.remove(&self.endpoint);
        }
    }
}

impl Node {
    /// It and what is to be begun.
    pub(super) fn new(ctx: Ctx, ports: WebhookPorts) -> (Self, mpsc::UnboundedReceiver<Begin>) {
        let (begin, begun) = mpsc::unbounded_channel();
        let sends = Arc::new(Semaphore::new(UNDER_WAY));
        let node = Self {
            ctx,
            ports,
            sends,
            has_room: Notify::new(),
            stopping: watch::Sender::new(false),
            receivers: Mutex::default(),
            heard: Mutex::default(),
            begin,
        };
        (node, begun)
    }

    /// Sends what has got numbers.
    pub(super) fn heed(&self, told: Told) {
        self.ctx.webhooks.beat(self.ctx.now());
        if told.events > 0 {
            let mut heard = lock(&self.heard);
            (heard.by_nobody, heard.by) = (!told.heard, told.hearing);
        }
        for taken in told.taken {
            let Taken { endpoint, secrets, deliveries } = taken;
            let (site, id) = (endpoint.site, endpoint.id);
            let to = Arc::new(Target::open(self, endpoint, &secrets));
            self.leave_mail(site, id, Some(Handed { to, deliveries, at: self.ctx.now() }));
        }
        for (site, endpoint) in told.endpoints {
            self.leave_mail(site, endpoint, None);
        }
    }

    /// Whether nobody has heard of the last events.
    pub(super) fn is_unheard(&self) -> bool {
        lock(&self.heard).by_nobody
    }

    /// Whether events get numbers from the worker alone.
    pub(super) fn rest(&self, resting: bool) {
        lock(&self.heard).resting = resting;
    }

    /// How many events may get numbers in their own commit, see [`Node::room_for_any`]. `None`: none.
    pub(super) fn may_follow(&self) -> Option<Option<usize>> {
        let endpoints = {
            let heard = lock(&self.heard);
            (!heard.by_nobody && !heard.resting && !self.is_stopping()).then(|| heard.by.clone())?
        };
        self.room_now(&endpoints).ok()
    }

    /// Something is due for a receiver, or was taken up for it.
    pub(super) fn leave_mail(&self, site: SiteId, endpoint: EndpointId, handed: Option<Handed>) {
        let mut receivers = self.receivers();
        let served = receivers.served.get(&endpoint).cloned();
        let place = served.clone().unwrap_or_default();
        {
            let mut mail = lock(&place.mail);
            mail.kicked |= handed.is_none();
            mail.handed.extend(handed);
        }
        place.more.notify_one();
        if served.is_none() {
            receivers.served.insert(endpoint, place.clone());
            // Without a worker nobody sends; what was taken up is then taken over.
            let _ = self.begin.send(Begin { site, endpoint, place });
        }
    }

    /// Notes what the sender of a receiver has.
    pub(super) fn has_load(&self, place: &Place, load: Load) {
        *lock(&place.load) = load;
        if !load.is_full() {
            self.has_room.notify_one();
        }
    }

    /// How many deliveries may be taken up now for a receiver that is sent so many at a time, beyond those that it has.
    pub(super) fn room(&self, endpoint: EndpointId, at_a_time: usize) -> usize {
        // What this process can send is shared by all.
        self.load(endpoint).map_or(at_a_time, Load::room).min(self.sends.available_permits())
    }

    /// Lets those be sent to first who were told something last and are quick: waits until one of them has room, and gives how
    /// much. Others wait for them only for a moment. `None`: there is no reason to gather less than usual.
    pub(super) async fn room_for_any(&self) -> Option<usize> {
        let endpoints = lock(&self.heard).by.clone();
        let room = async {
            loop {
                match self.room_now(&endpoints) {
                    Ok(room) => return room,
                    Err(Full) => self.has_room.notified().await,
                }
            }
        };
        tokio::time::timeout(MOMENT, room).await.unwrap_or(None)
    }

    fn room_now(&self, endpoints: &[EndpointId]) -> Result<Option<usize>, Full> {
        let all: Option<Vec<Load>> = endpoints.iter().map(|endpoint| self.load(*endpoint)).collect();
        match all.filter(|all| !all.is_empty() && all.iter().all(|load| load.is_quick())) {
            None => Ok(None),
            Some(all) if all.iter().all(|load| load.is_full()) => Err(Full),
            Some(all) => Ok(all.into_iter().map(Load::room).max()),
        }
    }

    /// `None`: nobody sends to it.
    fn load(&self, endpoint: EndpointId) -> Option<Load> {
        let place = self.receivers().served.get(&endpoint).cloned()?;
        let on_the_way: usize = lock(&place.mail).handed.iter().map(|handed| handed.deliveries.len()).sum();
        let load = *lock(&place.load);
        Some(Load { count: load.count.saturating_add(on_the_way), ..load })
    }

    /// The sender of a receiver wants to leave. `false`: there is more for it, and it stays.
    pub(super) fn leave(&self, endpoint: EndpointId, at_any_rate: bool) -> bool {
        let mut receivers = self.receivers();
        let has_mail = receivers.served.get(&endpoint).is_some_and(|place| {
            let mail = lock(&place.mail);
            !mail.handed.is_empty() || (mail.kicked && !self.is_stopping())
        });
        if has_mail && !at_any_rate {
            return false;
        }
        receivers.served.remove(&endpoint);
        true
    }

    /// Places for at most so many deliveries. With `wait` there is at least one, unless the process stops.
    pub(super) async fn permits(&self, most: usize, wait: bool) -> Vec<OwnedSemaphorePermit> {
        let mut permits = Vec::new();
        if self.is_stopping() {
            return permits;
        }
        while permits.len() < most {
            match self.sends.clone().try_acquire_owned() {
                Ok(permit) => permits.push(permit),
                Err(_) => break,
            }
        }
        if permits.is_empty() && wait {
            let mut stopping = self.stopping.subscribe();
            tokio::select! {
                permit = self.sends.clone().acquire_owned() => permits.extend(permit),
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
        }
        permits
    }

    /// How many deliveries to a receiver were begun in this second; only counted for receivers with a rate.
    pub(super) fn begun(&self, endpoint: EndpointId) -> usize {
        let second = self.ctx.now().as_seconds();
        self.receivers().begun.get(&endpoint).filter(|begun| begun.second == second).map_or(0, |begun| begun.count)
    }

    /// Notes that deliveries to a receiver are begun.
    pub(super) fn note_begun(&self, endpoint: EndpointId, pace: &Pace, count: usize) {
        let second = self.ctx.now().as_seconds();
        let before = self.begun(endpoint);
        let mut receivers = self.receivers();
        if pace.rate.is_some() {
            receivers.begun.insert(endpoint, Begun { second, count: before.saturating_add(count) });
        } else {
            receivers.begun.remove(&endpoint);
        }
    }

    /// Nothing new is begun from now on.
    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether nothing new is begun any more.
    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    fn receivers(&self) -> MutexGuard<'_, Receivers> {
        lock(&self.receivers)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
