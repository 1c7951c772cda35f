//! Tests with clients in other languages: the real program on one side, foreign code on the other.
//!
//! What is tested here is that we and the world mean the same thing, so the clients share no code with the server. The
//! foreign tools are set up by `cargo xtask test`; this crate must never install anything, and must never talk to the
//! server by any way but its socket, its command line and its signals.
//!
//! Some tests have no foreign client, and need the real program all the same: `tests/postgres_nodes.rs` runs several nodes on
//! a PostgreSQL database, which is foreign enough to be set up in the same way; `tests/kills` kills servers at random instants,
//! on both stores, and `tests/license_kills` does so while applications use licenses and share seats; `tests/under_load` changes keys, updates and licenses while devices ask without a pause; and
//! `tests/slow_clients.rs` asks beside hundreds of clients that are slow on purpose.
//!
//! `tests/bucket.rs` keeps files in a real S3 server, which is set up in the same way; `tests/storage_kills` kills commands and
//! servers while they change a storage, and `tests/disk_full.rs` leaves them without room, and
//! `tests/upload_memory.rs` measures what a large upload takes; `tests/large_files.rs` sends one through a server and reads it back.
//! `tests/sign_on.rs` has people log in at a real OpenID provider, which runs in Node; `tests/storage_sdks.rs` has unmodified SDKs of others keep files here, in Python and in Node.
//!
//! `tests/license_client` compiles C programs against the library of the license client, and installs the wheel with it.
//!
//! A new language gets a directory beside `python/` and a test beside `tests/python_device.rs`.

mod application;
mod caller;
mod foreign;
mod installation;
mod library;
mod program;
mod random;
mod s3_server;

pub use application::Application;
pub use caller::{Answer, Caller};
pub use foreign::{
    Outcome, node_sdks, python, python_license_sdk, python_license_sdk_with_program, python_license_sdk_with_provider,
    python_sdks, rust_oauth_client,
};
pub use installation::{Installation, Serving};
pub use library::{Example, Language, Linking, python_package_tests};
pub use program::Demo;
pub use random::Random;
pub use s3_server::S3Server;
