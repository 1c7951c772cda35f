//! Row ids: assigned by the store, never reused, never an authority by themselves.

/// Declares id types that cannot be mistaken for each other.
macro_rules! row_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

row_ids! {
    /// A site: one publisher's own world of keys, packages and devices.
    SiteId,
    /// A person or job that administers a site.
    UserId,
    /// A long-lived token of a user.
    AccessTokenId,
    /// A product.
    ProductId,
    /// A package: one release of a product.
    PackageRow,
    /// An update: from packages, to a package per platform.
    UpdateRow,
    /// A file whose bytes the site has stored.
    StoredFileId,
    /// A public key that checks device tokens.
    AuthorizationKeyId,
    /// A key pair that signs answers.
    SigningKeyId,
    /// A symmetric secret of a site.
    SiteSecretId,
    /// A group of customers.
    AccountId,
    /// Somebody who holds licenses.
    CustomerId,
    /// A purchase: licenses belong to one.
    OrderId,
    /// The right to use a product, on a number of devices.
    LicenseId,
    /// A part of a product that a license can include.
    FeatureId,
    /// Rules that licenses are made from.
    PolicyId,
    /// Products that are sold together.
    BundleId,
    /// Somebody whom a license is assigned to.
    LicenseUserId,
    /// A key with which applications call the license door.
    ApiKeyId,
    /// A text that an application keeps for a device.
    DeviceVariableId,
    /// A release of a product that applications are told about.
    VersionId,
    /// A device that the site knows.
    DeviceId,
    /// A report of a device about the progress of an update.
    StatusReportId,
    /// An event that a device has logged.
    DeviceEventId,
    /// A committed change that others are told about.
    EventId,
    /// An entry of the audit trail.
    AuditEntryId,
    /// A seat that a device holds.
    SeatId,
    /// Refusals of seats within an hour.
    SeatDenialId,
    /// A named storage.
    StorageId,
    /// A folder in a storage.
    FolderId,
    /// A file in a storage.
    StorageFileId,
    /// Bytes in the back end of a storage.
    StorageObjectId,
    /// An application that gets tokens.
    ApplicationId,
    /// A secret or public key of an application.
    CredentialId,
    /// A key pair that signs tokens.
    TokenKeyId,
    /// A receiver of webhooks.
    EndpointId,
    /// A secret that webhooks are signed with.
    WebhookSecretId,
    /// An event on its way to a receiver.
    DeliveryId,
    /// Deliveries that are sent again together.
    RecoveryId,
}

/// Counts committed changes of a store; a site carries the value of its last change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub i64);
