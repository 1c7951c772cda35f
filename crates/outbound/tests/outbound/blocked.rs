//! Where nothing is sent, whatever the URL looks like and whatever names lead to.

use countersign_domain::ids::SiteId;
use countersign_domain::outbound::{Blocked, NotPublic, OutboundPolicy, OutboundUrl};
use countersign_outbound::{SendError, Sender};

use crate::support::{Script, allowing, answer_each, listen, request, sender};

/// URLs that must lead nowhere: refused as such, or blocked before anything is connected to.
const TRICKS: &[&str] = &[
    "http://127.0.0.1/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://0x7f000001/",
    "https://0x7F.1/",
    "https://0177.0.0.1/",
    "https://00000177.0.0.1/",
    "https://2130706433/",
    "https://017700000001/",
    "https://127.0.0.1.:443/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[0:0:0:0:0:ffff:7f00:0001]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25lo]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/latest/meta-data/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.0.1/",
    "https://100.64.0.1/",
    "https://100.100.100.200/latest/meta-data/",
    "http://169.254.169.254/latest/meta-data/",
    "https://169.254.169.254/latest/meta-data/",
    "https://168.63.129.16/machine?comp=goalstate",
    "https://192.0.0.192/opc/v2/",
    "https://198.18.0.1/",
    "https://192.0.2.1/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "http://1.1.1.1/",
    "https://1.1.1.1:22/",
    "https://1.1.1.1:6379/",
    "https://user@1.1.1.1/",
    "https://1.1.1.1@127.0.0.1/",
    "https://1.1.1.1#@127.0.0.1/",
    "https://1.1.1.1\\@127.0.0.1/",
    "https://1.1.1.1%00.127.0.0.1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://１２７.0.0.1/",
    "https:127.0.0.1/",
    "https:///127.0.0.1/",
    "//127.0.0.1/",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_SLAVEOF",
    "dict://127.0.0.1:11211/stat",
    "ldap://127.0.0.1/",
    "jar:https://127.0.0.1!/",
    "https://hooks.example/\r\nHost: 127.0.0.1",
];

#[tokio::test]
async fn check_10_no_trick_of_spelling_leads_inside() {
    let (listener, address) = listen().await;
    // Something listens, and is not allowed: whoever gets there would be seen.
    let receiver = answer_each(listener, vec![Vec::new()]);
    let sender = sender();
    for text in TRICKS {
        let Ok(url) = OutboundUrl::parse(text) else { continue };
        assert!(OutboundPolicy::default().judge_url(&url).is_err(), "{text}");
        let outcome = sender.send(request(text, OutboundPolicy::default())).await;
        assert!(matches!(&outcome, Err(error @ SendError::Blocked(_)) if error.class() == "blocked"), "{text}");
    }
    let outcome = sender.send(request(&format!("http://{address}/"), OutboundPolicy::default())).await;
    assert!(matches!(outcome, Err(SendError::Blocked(Blocked::Address(NotPublic::Loopback)))));
    assert!(!receiver.is_finished());
    receiver.abort();
}

#[tokio::test]
async fn check_10_names_that_lead_inside_are_blocked_whatever_else_they_lead_to() {
    for addresses in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:10.0.0.1"],
        &["1.1.1.1", "169.254.169.254"],
        &["2606:4700::1111", "fd00::1"],
        &["64:ff9b::a9fe:a9fe"],
    ] {
        let sender = Sender::new(Script::new(&[addresses]), None).unwrap();
        let policy = OutboundPolicy::default();
        let url = OutboundUrl::parse("https://hooks.example/").unwrap();
        assert!(matches!(sender.judge(SiteId(1), &policy, &url).await, Err(Blocked::Address(_))), "{addresses:?}");
        let outcome = sender.send(request("https://hooks.example/", policy)).await;
        assert!(matches!(outcome, Err(SendError::Blocked(Blocked::Address(_)))), "{addresses:?}");
    }
}

#[tokio::test]
async fn check_10_a_name_that_is_bound_anew_is_judged_anew() {
    // Public when it was configured, inside when it is sent to.
    let sender = Sender::new(Script::new(&[&["1.1.1.1"], &["127.0.0.1"]]), None).unwrap();
    let (policy, url) = (OutboundPolicy::default(), OutboundUrl::parse("https://hooks.example/").unwrap());
    assert_eq!(sender.judge(SiteId(1), &policy, &url).await, Ok(()));
    let outcome = sender.send(request("https://hooks.example/", policy)).await;
    assert!(matches!(outcome, Err(SendError::Blocked(Blocked::Address(NotPublic::Loopback)))));

    // Allowed at the look-up and elsewhere at the next one: the connection goes to what was judged.
    let (listener, address) = listen().await;
    let receiver = answer_each(listener, vec![b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()]);
    let sender = Sender::new(Script::new(&[&["127.0.0.1"], &["127.0.0.2"]]), None).unwrap();
    let asked = || request(&format!("http://hooks.example:{}/", address.port()), allowing(&[address]));
    assert_eq!(sender.send(asked()).await.unwrap().address, address);
    assert_eq!(receiver.await.unwrap().len(), 1);
    // And a connection that waits is not used for a name that leads elsewhere now.
    assert!(matches!(sender.send(asked()).await, Err(SendError::Blocked(_))));
}

#[tokio::test]
async fn an_operator_allows_an_address_with_its_port() {
    let (listener, address) = listen().await;
    let receiver = answer_each(listener, vec![b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()]);
    let other = std::net::SocketAddr::new(address.ip(), address.port() ^ 1);
    let sender = sender();
    let refused = sender.send(request(&format!("http://{address}/"), allowing(&[other]))).await;
    assert!(matches!(refused, Err(SendError::Blocked(Blocked::Address(NotPublic::Loopback)))));
    let policy = allowing(&[address]);
    assert_eq!(
        sender.judge(SiteId(1), &policy, &OutboundUrl::parse(&format!("http://{address}/")).unwrap()).await,
        Ok(())
    );
    assert_eq!(sender.send(request(&format!("http://{address}/"), policy)).await.unwrap().status.as_u16(), 200);
    assert_eq!(receiver.await.unwrap().len(), 1);
}
