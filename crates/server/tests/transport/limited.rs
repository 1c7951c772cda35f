//! Guessing passwords and tokens: limited by address, and nobody else notices.

use std::time::Duration;

use countersign_app::{RateLimits, keys, sites, users};
use countersign_crypto::jose::sign_compact;
use countersign_crypto::{ProtectedHeader, RsaBits, RsaPrivateKey, Secret};
use countersign_domain::ids::SiteId;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::Username;
use countersign_domain::user::Role;
use countersign_server::Terms;
use countersign_testkit::{World, WorldOptions};
use data_encoding::BASE64;
use futures_util::future::join_all;

use crate::support::Running;

const PASSWORD: &str = "correct horse battery";
const ATTACKER: &str = "203.0.113.66";
const ELSEWHERE: &str = "198.51.100.7";

/// The whole application behind a proxy on this machine, which names the addresses of clients.
struct Installation {
    world: World,
    site: SiteId,
    server: Running,
}

impl Installation {
    async fn new() -> Self {
        Self::with(WorldOptions::default()).await
    }

    async fn with(options: WorldOptions) -> Self {
        let world = World::with(options).await;
        let site = sites::create(&world.ctx, SiteName::new("demo").unwrap(), SiteSettings::default()).await.unwrap();
        for name in ["ada", "ben"] {
            let password = Secret::new(PASSWORD.to_owned());
            users::add(&world.ctx, site, Username::new(name).unwrap(), Role::Publisher, password).await.unwrap();
        }
        let router = countersign_server::app(world.ctx.clone());
        let proxies = ["127.0.0.1".parse().unwrap()].into_iter().collect();
        let server = Running::serving(Terms { proxies, ..Terms::default() }, router).await;
        Self { world, site, server }
    }

    /// Status and `Retry-After` of a login.
    async fn log_in(&self, from: &str, name: &str, password: &str) -> (u16, Option<u32>) {
        let credentials = BASE64.encode(format!("{name}:{password}").as_bytes());
        let request = format!(
            "GET /operations/api/updates HTTP/1.1\r\nhost: server.test\r\nauthorization: Basic {credentials}\r\n\
             x-forwarded-for: {from}\r\nconnection: close\r\n\r\n"
        );
        outcome(&self.server.exchange(&request).await)
    }

    /// The same at the events door.
    async fn begin_session(&self, from: &str, name: &str, password: &str) -> (u16, Option<u32>) {
        let credentials = BASE64.encode(format!("{name}:{password}").as_bytes());
        let request = format!(
            "POST /notifications/api/v1/authenticate HTTP/1.1\r\nhost: server.test\r\n\
             authorization: Fno {credentials}\r\nx-forwarded-for: {from}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        outcome(&self.server.exchange(&request).await)
    }

    async fn ask(&self, from: &str, token: &str) -> (u16, Option<u32>) {
        let body = "{\"updateFromPkgId\":\"a\",\"platform\":\"LINUX64\",\"language\":1033}";
        let request = format!(
            "POST /uai/2.0/signed-updates HTTP/1.1\r\nhost: server.test\r\nauthorization: Bearer {token}\r\n\
             x-forwarded-for: {from}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        outcome(&self.server.exchange(&request).await)
    }
}

fn outcome(answer: &str) -> (u16, Option<u32>) {
    let status = answer.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("{answer:?}"))[..3].parse().unwrap();
    let retry = answer.lines().find_map(|line| line.strip_prefix("retry-after: "));
    (status, retry.map(|seconds| seconds.parse().unwrap()))
}

#[tokio::test]
async fn after_ten_wrong_passwords_an_address_waits_and_nobody_else_does() {
    let installation = Installation::new().await;
    for _ in 0..10 {
        assert_eq!(installation.log_in(ATTACKER, "ada", "guess").await, (401, None));
    }
    let (status, wait) = installation.log_in(ATTACKER, "ada", "guess").await;
    assert_eq!(status, 429);
    assert!((290..=301).contains(&wait.unwrap()), "{wait:?}");
    // Not even the right one is tried, or guessing would go on.
    assert_eq!(installation.log_in(ATTACKER, "ada", PASSWORD).await.0, 429);
    assert_eq!(installation.log_in(ATTACKER, "ben", PASSWORD).await.0, 200);
    assert_eq!(installation.log_in(ELSEWHERE, "ada", PASSWORD).await.0, 200);
    installation.world.clock.advance(Duration::from_secs(240));
    assert_eq!(installation.log_in(ATTACKER, "ada", "guess").await.0, 429);
    installation.world.clock.advance(Duration::from_secs(61));
    assert_eq!(installation.log_in(ATTACKER, "ada", "guess").await.0, 401);
    assert_eq!(installation.log_in(ATTACKER, "ada", PASSWORD).await.0, 200);
}

#[tokio::test]
async fn the_events_door_counts_failures_for_five_minutes() {
    let installation = Installation::with(WorldOptions { memos: true, ..WorldOptions::default() }).await;
    assert_eq!(installation.begin_session(ATTACKER, "ada", PASSWORD).await.0, 200);
    for _ in 0..10 {
        assert_eq!(installation.begin_session(ATTACKER, "ada", "guess").await, (401, None));
        installation.world.clock.advance(Duration::from_secs(20));
    }
    let (status, wait) = installation.begin_session(ATTACKER, "ada", "guess").await;
    assert_eq!(status, 429);
    assert!((90..=101).contains(&wait.unwrap()), "{wait:?}");
    assert_eq!(installation.begin_session(ATTACKER, "ada", PASSWORD).await.0, 200, "known to be right");
    assert_eq!(installation.begin_session(ELSEWHERE, "ada", PASSWORD).await.0, 200);
    installation.world.clock.advance(Duration::from_secs(101));
    assert_eq!(installation.begin_session(ATTACKER, "ada", "guess").await.0, 401);
}

#[tokio::test]
async fn a_password_that_is_known_to_be_right_gets_in_from_the_address_of_an_attack() {
    let installation = Installation::with(WorldOptions { memos: true, ..WorldOptions::default() }).await;
    assert_eq!(installation.log_in(ELSEWHERE, "ada", PASSWORD).await.0, 200);
    for _ in 0..10 {
        installation.log_in(ATTACKER, "ada", "guess").await;
    }
    assert_eq!(installation.log_in(ATTACKER, "ada", "guess").await.0, 429);
    assert_eq!(installation.log_in(ATTACKER, "ada", PASSWORD).await.0, 200);
}

#[tokio::test]
async fn one_password_is_not_tried_with_every_name() {
    let installation = Installation::with(WorldOptions { memos: true, ..WorldOptions::default() }).await;
    assert_eq!(installation.log_in(ATTACKER, "ada", PASSWORD).await.0, 200);
    for number in 0..100 {
        assert_eq!(installation.log_in(ATTACKER, &format!("user-{number}"), "guess").await.0, 401, "{number}");
    }
    let (status, wait) = installation.log_in(ATTACKER, "ben", PASSWORD).await;
    assert_eq!(status, 429);
    assert!((1..=61).contains(&wait.unwrap()), "{wait:?}");
    assert_eq!(installation.log_in(ATTACKER, "ada", PASSWORD).await.0, 200, "this one was right before");
    assert_eq!(installation.log_in(ELSEWHERE, "ben", PASSWORD).await.0, 200);
    installation.world.clock.advance(Duration::from_secs(61));
    assert_eq!(installation.log_in(ATTACKER, "ben", PASSWORD).await.0, 200);
}

#[tokio::test]
async fn a_right_password_gets_in_while_an_attack_from_elsewhere_goes_on() {
    let installation = Installation::new().await;
    let guesses = (0..200).map(|number| async move { format!("user-{number}") });
    let guesses = join_all(guesses).await;
    let attack = join_all(guesses.iter().map(|name| installation.log_in(ATTACKER, name, "guess")));
    let right = installation.log_in(ELSEWHERE, "ada", PASSWORD);
    let (attack, right) = tokio::join!(attack, right);
    assert_eq!(right.0, 200);
    assert!(attack.iter().all(|(status, _)| matches!(status, 401 | 429)), "{attack:?}");
    assert!(attack.iter().any(|(status, _)| *status == 429), "the attack had all places");
}

#[tokio::test]
async fn an_address_with_many_refused_tokens_is_told_to_wait_and_good_tokens_are_not() {
    let installation = Installation::new().await;
    let key = RsaPrivateKey::generate(RsaBits::B2048).unwrap();
    let site = sites::list(&installation.world.ctx).await.unwrap();
    let site = site.into_iter().find(|site| site.id == installation.site).unwrap();
    keys::upload(&installation.world.ctx, &site, &key.public_key().spki_base64()).await.unwrap();
    let good = sign_compact(&key, &ProtectedHeader::jwt(), b"{\"exp\":4102444800}").unwrap();
    for _ in 0..60 {
        assert_eq!(installation.ask(ATTACKER, "no.such.token").await, (202, None));
    }
    let (status, wait) = installation.ask(ATTACKER, "no.such.token").await;
    assert_eq!(status, 429);
    assert!((50..=61).contains(&wait.unwrap()), "{wait:?}");
    assert_eq!(installation.ask(ATTACKER, &good).await.0, 202);
    assert_eq!(installation.ask(ELSEWHERE, "no.such.token").await.0, 202);
    installation.world.clock.advance(Duration::from_secs(61));
    assert_eq!(installation.ask(ATTACKER, "no.such.token").await.0, 202);
}

#[tokio::test]
async fn an_operator_changes_the_limits_while_the_server_runs() {
    let installation = Installation::new().await;
    installation.world.ctx.limit_rates(RateLimits { failed_logins: 2, refused_tokens: 1, ..RateLimits::default() });
    for expected in [401, 401, 429] {
        assert_eq!(installation.log_in(ATTACKER, "ada", "guess").await.0, expected);
    }
    for expected in [202, 429] {
        assert_eq!(installation.ask(ATTACKER, "no.such.token").await.0, expected);
    }
    installation.world.ctx.limit_rates(RateLimits { failed_logins: 3, refused_tokens: 2, ..RateLimits::default() });
    for expected in [401, 429] {
        assert_eq!(installation.log_in(ATTACKER, "ada", "guess").await.0, expected);
    }
    for expected in [202, 429] {
        assert_eq!(installation.ask(ATTACKER, "no.such.token").await.0, expected);
    }
}
