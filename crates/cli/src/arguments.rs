//! What the command line accepts, as a whole.

use clap::builder::Styles;
use clap::{Parser, Subcommand};

use crate::access_token::AccessTokenCommand;
use crate::account::AccountCommand;
use crate::api_key::ApiKeyCommand;
use crate::app::AppCommand;
use crate::audit::AuditCommand;
use crate::backup::Backup;
use crate::bundle::BundleCommand;
use crate::completions::Completions;
use crate::config::ConfigCommand;
use crate::customer::CustomerCommand;
use crate::demo::Demo;
use crate::device::DeviceCommand;
use crate::doctor::Doctor;
use crate::feature::FeatureCommand;
use crate::key::KeyCommand;
use crate::license::LicenseCommand;
use crate::license_user::LicenseUserCommand;
use crate::migrate::Migrate;
use crate::options::Options;
use crate::order::OrderCommand;
use crate::package::PackageCommand;
use crate::policy::PolicyCommand;
use crate::product::ProductCommand;
use crate::release::ReleaseCommand;
use crate::restore::Restore;
use crate::scrub::Scrub;
use crate::serve::Serve;
use crate::site::SiteCommand;
use crate::storage::StorageCommand;
use crate::update::UpdateCommand;
use crate::user::UserCommand;
use crate::version::VersionCommand;
use crate::webhook::WebhookCommand;

/// Self-hosted server for signed software updates: every request proves who sent it, every answer proves who said it.
#[derive(Parser)]
#[command(name = "countersign", version, styles = Styles::plain(), after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands. Each noun is a file of its own.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the server until it is told to stop.
    Serve(Serve),
    /// Show what the server does: provision a sample site, serve it, and verify every door with real requests.
    Demo(Demo),
    /// Create and list sites, and change their settings: each is one publisher's own world of keys, packages and devices.
    #[command(subcommand)]
    Site(SiteCommand),
    /// Manage the keys of a site: those that check device tokens, and the one that signs answers.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Add producers' logins, list them, and set their passwords.
    #[command(subcommand)]
    User(UserCommand),
    /// Issue access tokens for pipelines and services, list and revoke them.
    #[command(subcommand)]
    AccessToken(AccessTokenCommand),
    /// Create, list and revoke API keys: with them applications call the license door.
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// Create applications that get access tokens, and manage them, their secrets and keys.
    #[command(subcommand)]
    App(AppCommand),
    /// Create and list products, and say what holds for their licenses.
    #[command(subcommand)]
    Product(ProductCommand),
    /// Create, list, show and delete packages: the releases that devices have or get.
    #[command(subcommand)]
    Package(PackageCommand),
    /// Add, list and withdraw versions: releases that licensed applications are told about.
    #[command(subcommand)]
    Version(VersionCommand),
    /// Create, list, show, offer, withdraw and delete updates.
    #[command(subcommand)]
    Update(UpdateCommand),
    /// Publish the files of a folder as a package, with the update that leads to it, in one step.
    #[command(subcommand)]
    Release(ReleaseCommand),
    /// Create, list, change and delete storages; list, store, fetch, copy, move and delete what is in them.
    #[command(subcommand)]
    Storage(StorageCommand),
    /// Create and list accounts: groups of customers that share what they have bought.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Create, list and show customers: who holds licenses and devices.
    #[command(subcommand)]
    Customer(CustomerCommand),
    /// Create, list and show orders: what customers have bought.
    #[command(subcommand)]
    Order(OrderCommand),
    /// Create and list policies: what licenses of a product are made from.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Create, list and sell bundles: products that are sold together, under one key.
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Create, list and change features: parts of products that licenses can include.
    #[command(subcommand)]
    Feature(FeatureCommand),
    /// Create, list, show and change licenses, and take them off devices.
    #[command(subcommand)]
    License(LicenseCommand),
    /// Manage license users: people whom licenses are assigned to.
    #[command(subcommand)]
    LicenseUser(LicenseUserCommand),
    /// Devices that the site knows; and a reference device: ask for updates, verify what is answered, download.
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Add receivers of webhooks, see what was sent to them, send it again; listen to events.
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Read the audit trail: who did what, and when.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Copy store and files into a folder, while the server runs, and verify the copy.
    Backup(Backup),
    /// Put a backup into a new data directory, and begin a new epoch.
    Restore(Restore),
    /// Apply the migrations that the store lacks, or say whether there are any.
    Migrate(Migrate),
    /// Look at the configuration: what is in force, and where it comes from.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look for what is wrong, and say what to do about it.
    Doctor(Doctor),
    /// Read all stored bytes and compare them with their digests; remove what nothing names.
    Scrub(Scrub),
    /// Print a completion script for a shell.
    Completions(Completions),
}

const AFTER_HELP: &str = "\
First contact:
  countersign demo

A site of your own:
  countersign site create acme
  countersign product create 'Pump firmware'
  countersign package create pump-4.1 --product 'Pump firmware'
  countersign device keygen --out device-key.pem | countersign key upload -
  countersign release publish ./out --product 'Pump firmware' \\
      --from pump-4.1 --to pump-4.2 --platform LINUX64
  countersign serve --default-site acme

Administration commands work on the data directory, beside a running server or without one; a running server \
takes over what they change within a second.

Exit status: 0 done; 1 failed; 2 the command line is wrong; `device`, `doctor`, `migrate` and `scrub` have more, see their \
help.";

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    use super::*;

    fn check(command: &Command) {
        let name = command.get_name();
        assert!(command.get_about().is_some(), "{name} does not say what it is for");
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.len() > 8, "{name}: {} is not explained", argument.get_id());
        }
        for below in command.get_subcommands() {
            check(below);
        }
    }

    #[test]
    fn every_command_and_option_is_explained() {
        Arguments::command().debug_assert();
        check(&Arguments::command());
    }
}
