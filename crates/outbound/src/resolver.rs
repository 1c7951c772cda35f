//! Names to addresses.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use countersign_domain::ids::SiteId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Resolves names. Whatever comes out is judged before it is used.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// Addresses of a name, in order of preference.
    ///
    /// # Errors
    /// [`ResolveError`] says whose fault it is that there is none.
    async fn resolve(&self, site: SiteId, name: &str) -> Result<Vec<IpAddr>, ResolveError>;
}

/// Why a name has no address.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// Too many names are being looked up, for the site or in all.
    #[error("too many names are being looked up")]
    Busy,
    /// There is none, or nobody who knows was reached.
    #[error("the name could not be resolved")]
    Failed(#[from] io::Error),
}

/// The resolver of the operating system. Each site has a few places, so that names which nobody answers for hold up only
/// their own site.
#[derive(Debug)]
pub struct SystemResolver {
    in_all: Arc<Semaphore>,
    of_sites: Mutex<HashMap<SiteId, Arc<Semaphore>>>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self { in_all: Arc::new(Semaphore::new(IN_ALL)), of_sites: Mutex::default() }
    }
}

impl SystemResolver {
    /// A place of the site, and one of all.
    async fn places(&self, site: SiteId) -> Result<[OwnedSemaphorePermit; 2], ResolveError> {
        let of_site = self.of_site(site);
        let taking = async { Ok([of_site.acquire_owned().await?, self.in_all.clone().acquire_owned().await?]) };
        let taken = timeout(WAIT, taking).await.map_err(|_| ResolveError::Busy)?;
        taken.map_err(|error: tokio::sync::AcquireError| io::Error::other(error).into())
    }

    fn of_site(&self, site: SiteId) -> Arc<Semaphore> {
        let mut sites = self.of_sites.lock().unwrap_or_else(PoisonError::into_inner);
        // Only sites that look something up are remembered.
        sites.retain(|_, places| Arc::strong_count(places) > 1);
        sites.entry(site).or_insert_with(|| Arc::new(Semaphore::new(OF_A_SITE))).clone()
    }
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, site: SiteId, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let places = self.places(site).await?;
        let name = name.to_owned();
        let looking_up = tokio::task::spawn_blocking(move || {
            // Kept until the operating system has answered, also when nobody waits any more.
            let _places = places;
            Ok((name.as_str(), 0).to_socket_addrs()?.map(|address| address.ip()).collect())
        });
        looking_up.await.map_err(io::Error::other)?
    }
}

/// Look-ups at once: each occupies a thread, for as long as a name server that does not answer likes.
const IN_ALL: usize = 32;
/// Look-ups of one site at once.
const OF_A_SITE: usize = 4;
/// How long a look-up waits for its place: less than the shortest time for connecting, so that it ends as what it is.
const WAIT: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_site_that_waits_for_its_names_holds_up_no_other() {
        let resolver = SystemResolver::default();
        let (one, other) = (SiteId(1), SiteId(2));
        let mut held = Vec::new();
        for _ in 0..OF_A_SITE {
            held.push(resolver.places(one).await.unwrap());
        }
        assert!(matches!(resolver.resolve(one, "localhost").await, Err(ResolveError::Busy)));
        assert!(resolver.places(other).await.is_ok());
        held.pop();
        assert!(resolver.places(one).await.is_ok());
        held.clear();
        drop(resolver.of_site(other));
        assert_eq!(resolver.of_sites.lock().unwrap().keys().collect::<Vec<_>>(), [&other], "the first is forgotten");
    }

    #[tokio::test]
    async fn the_operating_system_is_asked() {
        let found = SystemResolver::default().resolve(SiteId(1), "localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty());
    }
}
