//! The repositories: one file per area, each statement a constant beside the method that uses it.

mod files;
mod installation;
mod keys;
mod packages;
mod sites;
mod updates;
mod users;

#[cfg(test)]
mod tests;
