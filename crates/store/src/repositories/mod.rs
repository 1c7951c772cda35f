//! The repositories that a transaction hands out. Methods are verbs: `find` gives an `Option`, `list` a `Vec`;
//! `insert` gives `None` when the name is taken, so that a race ends without breaking the transaction.

mod catalog;
mod installation;
mod keys;
mod sites;
mod users;

pub use catalog::{Files, NewFile, NewPackage, NewPackageFile, NewRelease, Packages, Products, Updates};
pub use installation::{Installation, InstallationRecord};
pub use keys::{AuthorizationKeys, SigningKeys, SiteSecrets};
pub use sites::Sites;
pub use users::{AccessTokens, NewUser, Users};

/// One transaction. Every repository borrows it mutably, so two operations never interleave inside a unit.
///
/// The first operation that fails ends the transaction: every later one gives [`StoreError::Poisoned`](crate::StoreError),
/// and the unit is not committed even if it returns `Ok`. Half of what a failed operation wrote is therefore never kept.
pub trait Tx: Send {
    /// Long-lived producer tokens.
    fn access_tokens(&mut self) -> &mut dyn AccessTokens;
    /// Keys that check device tokens.
    fn authorization_keys(&mut self) -> &mut dyn AuthorizationKeys;
    /// Stored bytes.
    fn files(&mut self) -> &mut dyn Files;
    /// Facts about the store itself.
    fn installation(&mut self) -> &mut dyn Installation;
    /// Packages.
    fn packages(&mut self) -> &mut dyn Packages;
    /// Products.
    fn products(&mut self) -> &mut dyn Products;
    /// Keys that sign answers.
    fn signing_keys(&mut self) -> &mut dyn SigningKeys;
    /// Symmetric secrets of sites.
    fn site_secrets(&mut self) -> &mut dyn SiteSecrets;
    /// Sites and the change counter.
    fn sites(&mut self) -> &mut dyn Sites;
    /// Updates.
    fn updates(&mut self) -> &mut dyn Updates;
    /// People and jobs that administer.
    fn users(&mut self) -> &mut dyn Users;
}
