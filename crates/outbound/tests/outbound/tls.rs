//! Receivers with TLS: who is believed.

use std::net::SocketAddr;
use std::sync::Arc;

use countersign_outbound::{CaBundle, SendError};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::support::{allowing, listen, read_request, request, sender};

/// A receiver with the certificate of `server.test`; it serves one connection after the other until one fails.
async fn receiver() -> (SocketAddr, JoinHandle<()>) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract/tls");
    let certificate = CertificateDer::from_pem_file(folder.join("first.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("first.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let (listener, address) = listen().await;
    #[expect(clippy::disallowed_methods, reason = "the receiver lives as long as the test")]
    let serving = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = TlsAcceptor::from(Arc::new(config.clone())).accept(stream).await else { continue };
            read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    (address, serving)
}

#[tokio::test]
async fn a_receiver_proves_itself_with_a_certificate_that_is_trusted() {
    let (address, serving) = receiver().await;
    let sender = sender();
    let url = format!("https://server.test:{}/", address.port());
    let ca = CaBundle::from_pem(include_str!("../../../../contract/tls/ca.pem")).unwrap();

    let unknown = sender.send(request(&url, allowing(&[address]))).await;
    assert!(matches!(&unknown, Err(error @ SendError::Tls(_)) if error.class() == "tls"), "{unknown:?}");

    let mut asked = request(&url, allowing(&[address]));
    asked.ca = Some(ca.clone());
    let answer = sender.send(asked).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.tls.as_deref()), (204, Some("TLSv1_3")));

    // The same certificate under another name, or none at all.
    for other in [format!("https://other.test:{}/", address.port()), format!("https://{address}/")] {
        let mut asked = request(&other, allowing(&[address]));
        asked.ca = Some(ca.clone());
        assert!(matches!(sender.send(asked).await, Err(SendError::Tls(_))), "{other}");
    }
    serving.abort();
}

#[tokio::test]
async fn a_bundle_is_enough_where_the_operating_system_has_no_roots() {
    const NOWHERE: &str = "/nowhere";
    // Where roots are looked for is asked once in a process: the test runs itself again in one where there are none.
    if std::env::var_os("SSL_CERT_DIR").is_none_or(|folder| folder != NOWHERE) {
        let mut test = std::process::Command::new(std::env::current_exe().unwrap());
        test.args(["--exact", "tls::a_bundle_is_enough_where_the_operating_system_has_no_roots"]);
        let output = test.env("SSL_CERT_FILE", "/nowhere/roots.pem").env("SSL_CERT_DIR", NOWHERE).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let (address, serving) = receiver().await;
    let sender = sender();
    let url = format!("https://server.test:{}/", address.port());
    let unknown = sender.send(request(&url, allowing(&[address]))).await;
    assert!(matches!(&unknown, Err(error @ SendError::Trust(_)) if error.class() == "trust"), "{unknown:?}");
    let mut asked = request(&url, allowing(&[address]));
    asked.ca = Some(CaBundle::from_pem(include_str!("../../../../contract/tls/ca.pem")).unwrap());
    assert_eq!(sender.send(asked).await.unwrap().status.as_u16(), 204);
    serving.abort();
}
