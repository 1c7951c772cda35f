//! A caller that goes away while its object is being finished leaves nothing behind.

use std::task::{Context, Waker};

use bytes::Bytes;
use countersign_blobs::{Blobs, ObjectKey};

use super::{files, open};

/// Runs a test with one thread for file work, so that waiting for any file work is waiting for all that was begun before.
fn with_one_file_thread(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap().block_on(test);
}

const NO_KEY: &str = "00000000000000000000000000000000";

#[test]
fn an_object_is_removed_when_its_caller_goes_away_before_or_after_the_work() {
    for wait_first in [false, true] {
        with_one_file_thread(async {
            let root = tempfile::tempdir().unwrap();
            let blobs = open(root.path()).await;
            let no_key: ObjectKey = NO_KEY.parse().unwrap();
            let mut writer = blobs.create().await.unwrap();
            writer.append(Bytes::from_static(b"bytes")).await.unwrap();
            let (let_go, held) = std::sync::mpsc::channel::<()>();
            let gate = tokio::task::spawn_blocking(move || held.recv());
            let mut finish = writer.finish();
            // The work is handed over now, and waits behind the gate.
            assert!(finish.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            if wait_first {
                let_go.send(()).unwrap();
                blobs.length(&no_key).await.unwrap();
                assert!(!root.path().join("incoming").read_dir().unwrap().any(|_| true), "the work is not done");
                assert_eq!(files(root.path()).len(), 1);
                drop(finish);
            } else {
                drop(finish);
                let_go.send(()).unwrap();
            }
            gate.await.unwrap().unwrap();
            blobs.length(&no_key).await.unwrap();
            assert!(files(root.path()).is_empty(), "an object that nobody knows of stayed behind");
        });
    }
}

#[test]
fn an_object_that_was_acknowledged_stays() {
    with_one_file_thread(async {
        let root = tempfile::tempdir().unwrap();
        let blobs = open(root.path()).await;
        let mut writer = blobs.create().await.unwrap();
        writer.append(Bytes::from_static(b"bytes")).await.unwrap();
        let key = writer.finish().await.unwrap().key;
        assert_eq!(blobs.length(&key).await.unwrap(), Some(5));
    });
}
