//! The catalog: products, packages with their files, updates, and which update is offered to whom.

pub mod external_url;
pub mod index;
pub mod matching;
pub mod package;
pub mod release;
pub mod update;

#[cfg(test)]
mod tests;
