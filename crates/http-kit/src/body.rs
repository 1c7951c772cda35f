//! Reading what a client sends, within a size and a time.

use std::error::Error;
use std::pin::pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use futures_util::stream::try_unfold;
use futures_util::{FutureExt, Stream, StreamExt};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::{Instant, timeout, timeout_at};

/// A body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The connection broke, or the framing of the body is wrong: 400, if anybody is still there to read it.
    #[error("the body broke off")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
    /// The body did not come in time: 408.
    #[error("the body did not come within {} seconds", limit.as_secs())]
    TimedOut {
        /// The time that was allowed.
        limit: Duration,
    },
    /// The body is larger than allowed: 413.
    #[error("the body has more than {limit} bytes")]
    TooLarge {
        /// The largest size that is allowed, in bytes.
        limit: usize,
    },
}

/// Reads a whole body of at most `limit` bytes, within [`BODY_TIME_LIMIT`].
///
/// A body that announces a larger size is refused without reading any of it.
pub async fn read_whole(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge { limit });
    }
    let mut collect = pin!(Limited::new(body, limit).collect());
    // Most bodies come with their head, and to set an alarm costs more than to read them.
    let outcome = match collect.as_mut().now_or_never() {
        Some(outcome) => outcome,
        None => match timeout(BODY_TIME_LIMIT, collect).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => return Err(BodyError::TimedOut { limit: BODY_TIME_LIMIT }),
        },
    };
    match outcome {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge { limit }),
        Err(error) => Err(BodyError::Broken(error)),
    }
}

/// The pieces of a body that may be long, such as an uploaded file, for as long as they keep coming: a client that
/// sends fewer than [`BODY_PACE`] bytes in [`BODY_PAUSE_LIMIT`] is given up. Whoever reads this enforces the size.
pub fn read_pieces(body: Body) -> impl Stream<Item = Result<Bytes, BodyError>> + Send + 'static {
    let pace = Pace { until: Instant::now() + BODY_PAUSE_LIMIT, bytes: 0 };
    try_unfold((body.into_data_stream(), pace), |(mut pieces, mut pace)| async move {
        match timeout_at(pace.until, pieces.next()).await {
            Ok(None) => Ok(None),
            Ok(Some(Ok(piece))) => {
                pace.note(piece.len());
                Ok(Some((piece, (pieces, pace))))
            }
            Ok(Some(Err(error))) => Err(BodyError::Broken(error.into())),
            Err(_elapsed) => Err(BodyError::TimedOut { limit: BODY_PAUSE_LIMIT }),
        }
    })
}

/// How long a body has for its next bytes, and how many of them have come.
struct Pace {
    until: Instant,
    bytes: usize,
}

impl Pace {
    fn note(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes >= BODY_PACE {
            *self = Self { until: Instant::now() + BODY_PAUSE_LIMIT, bytes: 0 };
        }
    }
}

/// The largest JSON body that a door reads. The largest request of the contracts has about 4 KiB; this leaves room for
/// long lists and still bounds what ten thousand connections can make us hold.
pub const JSON_BODY_LIMIT: usize = 64 * 1024;

/// How long a whole small body may take. A device on a bad line sends 64 KiB in less than half of it; a client that
/// sends a byte now and then to hold a connection open is cut off.
pub const BODY_TIME_LIMIT: Duration = Duration::from_secs(30);

/// How long a long body may take for its next [`BODY_PACE`] bytes.
pub const BODY_PAUSE_LIMIT: Duration = Duration::from_secs(30);

/// Bytes that are progress. The worst line that anybody uploads over brings them in a second; a byte now and then is none.
pub const BODY_PACE: usize = 1024;

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn streamed(pieces: &'static [&'static str]) -> Body {
        Body::from_stream(stream::iter(
            pieces.iter().map(|piece| Ok::<_, std::io::Error>(Bytes::from_static(piece.as_bytes()))),
        ))
    }

    #[tokio::test]
    async fn the_limit_is_the_last_size_that_passes() {
        for body in [Body::from("12345"), streamed(&["12", "345"])] {
            assert_eq!(read_whole(body, 5).await.expect("five bytes"), "12345");
        }
        for body in [Body::from("123456"), streamed(&["12", "345", "6"])] {
            assert!(matches!(read_whole(body, 5).await, Err(BodyError::TooLarge { limit: 5 })));
        }
        assert_eq!(read_whole(Body::empty(), 0).await.expect("nothing"), "");
    }

    #[tokio::test]
    async fn an_announced_size_is_refused_before_anything_is_read() {
        // Neither of the two would ever end.
        let endless = stream::pending::<Result<Bytes, std::io::Error>>();
        let sized = Body::new(Announced { body: Body::from_stream(endless), length: 6 });
        assert!(matches!(read_whole(sized, 5).await, Err(BodyError::TooLarge { .. })));
    }

    #[tokio::test]
    async fn a_broken_body_is_not_a_short_one() {
        let broken = stream::iter([Ok(Bytes::from_static(b"12")), Err(std::io::Error::other("gone"))]);
        assert!(matches!(read_whole(Body::from_stream(broken), 5).await, Err(BodyError::Broken(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let stalled = || Body::from_stream(streamed(&["12"]).into_data_stream().chain(stream::pending()));
        assert!(matches!(read_whole(stalled(), 5).await, Err(BodyError::TimedOut { .. })));

        let pieces: Vec<_> = read_pieces(stalled()).collect().await;
        assert!(matches!(&pieces[..], [Ok(_), Err(BodyError::TimedOut { .. })]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_body_must_go_on_but_may_take_long() {
        let every_second = |bytes: &'static [u8]| {
            let period = tokio::time::interval(Duration::from_secs(1));
            let pieces = stream::unfold((period, 0), move |(mut period, sent)| async move {
                period.tick().await;
                (sent < 100).then(|| (Ok::<_, std::io::Error>(Bytes::from_static(bytes)), (period, sent + 1)))
            });
            Body::from_stream(Box::pin(pieces))
        };
        let slow: Vec<_> = read_pieces(every_second(b"1")).collect().await;
        assert!(matches!(slow.last(), Some(Err(BodyError::TimedOut { .. }))));
        assert!(slow.len() <= 32, "{}", slow.len());
        let steady: Vec<_> = read_pieces(every_second(&[0; 100])).collect().await;
        assert_eq!((steady.len(), steady.iter().all(Result::is_ok)), (100, true));
    }

    struct Announced {
        body: Body,
        length: u64,
    }

    impl HttpBody for Announced {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
            std::pin::Pin::new(&mut self.body).poll_frame(context)
        }

        fn size_hint(&self) -> http_body::SizeHint {
            http_body::SizeHint::with_exact(self.length)
        }
    }
}
