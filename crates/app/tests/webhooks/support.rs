//! A site with receivers, and a worker that is run by hand.

use std::time::Duration;

use countersign_app::licensing::devices;
use countersign_app::webhooks::{Engine, endpoints, log};
use countersign_app::{Clock as _, Ctx, products, sites};
use countersign_domain::audit::{Actor, Channel};
use countersign_domain::device::{DeviceClass, DeviceIdentity};
use countersign_domain::ids::{EndpointId, SiteId};
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::{EndpointName, ProductName};
use countersign_domain::webhook::{Delivery, DeliveryState, Endpoint, EndpointSettings};
use countersign_store::repositories::Page;
use countersign_testkit::{Receivers, World};

pub(crate) const HOOK: &str = "https://hooks.example.com/in";

/// A site `acme`, administered by `ada`, whose process is connected with receivers.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) ctx: Ctx,
    pub(crate) site: SiteId,
    pub(crate) receivers: Receivers,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let receivers = Receivers::default();
        receivers.connect(&world.ctx);
        let ctx = world.ctx.acting_as(Actor { channel: Channel::ProducerDoor, name: "ada".to_owned() });
        let site = sites::create(&ctx, SiteName::new("acme").unwrap(), SiteSettings::default()).await.unwrap();
        Self { world, ctx, site, receivers }
    }

    pub(crate) async fn endpoint(&self, name: &str, settings: EndpointSettings) -> Endpoint {
        let name = EndpointName::new(name).unwrap();
        endpoints::create(&self.ctx, self.site, name, settings, None).await.unwrap().0
    }

    pub(crate) async fn hook(&self) -> Endpoint {
        self.endpoint("hook", EndpointSettings::new(HOOK)).await
    }

    pub(crate) async fn product(&self, name: &str) {
        products::create(&self.ctx, self.site, ProductName::new(name).unwrap()).await.unwrap();
    }

    /// A device; each call of `touch` after that is an event about it.
    pub(crate) async fn device(&self, id: &str) -> DeviceIdentity {
        let identity =
            DeviceIdentity { id: id.to_owned(), id_type: "STRING".to_owned(), publisher_name: "acme".to_owned() };
        let new = devices::NewDevice {
            identity: identity.clone(),
            identity_name: String::new(),
            class: DeviceClass::Client,
            customer: None,
        };
        devices::add(&self.ctx, self.site, new).await.unwrap();
        identity
    }

    pub(crate) async fn touch(&self, device: &DeviceIdentity) {
        devices::set_customer(&self.ctx, self.site, device.clone(), None).await.unwrap();
    }

    /// A worker of this process.
    pub(crate) fn engine(&self) -> Engine {
        Engine::new(self.world.ctx.clone(), self.receivers.ports())
    }

    /// Works until nothing is due.
    pub(crate) async fn work(&self) {
        self.engine().run_until_idle().await.unwrap();
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.world.clock.advance(Duration::from_secs(seconds));
    }

    /// The time of the installation, in seconds.
    pub(crate) fn seconds(&self) -> i64 {
        self.world.clock.now().as_seconds()
    }

    /// The bodies that have arrived at the hook, in order.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.receivers.received_at(HOOK).into_iter().map(|one| String::from_utf8(one.body).unwrap()).collect()
    }

    pub(crate) async fn deliveries(&self, endpoint: EndpointId) -> Vec<Delivery> {
        log::list_deliveries(&self.ctx, self.site, endpoint, Page::first(10_000)).await.unwrap()
    }

    pub(crate) async fn states(&self, endpoint: EndpointId) -> Vec<DeliveryState> {
        self.deliveries(endpoint).await.into_iter().map(|one| one.state).collect()
    }
}
