//! Names to addresses.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;

/// Resolves names. Whatever comes out is judged before it is used.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// Addresses of a name, in order of preference.
    ///
    /// # Errors
    /// When there is none, or nobody who knows was reached.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Clone, Debug)]
pub struct SystemResolver {
    places: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let place = self.places.clone().acquire_owned().await.map_err(io::Error::other)?;
        let name = name.to_owned();
        let looking_up = tokio::task::spawn_blocking(move || {
            // Kept until the operating system has answered, also when nobody waits any more.
            let _place = place;
            Ok((name.as_str(), 0).to_socket_addrs()?.map(|address| address.ip()).collect())
        });
        looking_up.await.map_err(io::Error::other)?
    }
}

/// Look-ups at once: each occupies a thread, for as long as a name server that does not answer likes.
const AT_ONCE: usize = 32;
