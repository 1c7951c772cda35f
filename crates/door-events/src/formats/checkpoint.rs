//! Checkpoints in every form: what a receiver must have by now.

use countersign_domain::audit::Channel;
use countersign_domain::ids::{DeliveryId, EndpointId, SiteId};
use countersign_domain::site::SiteName;
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{Checkpoint, CheckpointCounts, PayloadFormat};
use serde::Serialize;

use super::license::uuid_of;
use super::time::{instant, millis};

/// The name of their type.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// The body of a checkpoint.
pub(super) fn body(checkpoint: &Checkpoint, format: PayloadFormat) -> Result<Vec<u8>, serde_json::Error> {
    let Checkpoint { site, counts, at, .. } = checkpoint;
    let name = site.as_str();
    match format {
        PayloadFormat::CloudEvents => serde_json::to_vec(&CloudEvent {
            specversion: "1.0",
            id: format!("checkpoint-{}-{}", checkpoint.endpoint, counts.number),
            source: format!("urn:countersign:site:{name}"),
            event_type: "countersign.checkpoint",
            subject: format!("SITE:{}", checkpoint.site_id),
            time: instant(*at),
            datacontenttype: "application/json",
            sequence: format!("{:020}", counts.sequence),
            data: Data::of(checkpoint),
        }),
        PayloadFormat::Fno => serde_json::to_vec(&Fno {
            event_header: Header {
                event: "CHECKPOINT",
                event_type: "CREATE",
                user_id: Channel::System.as_str(),
                tenant: name,
                time_stamp: millis(*at),
            },
            event_body: Texts {
                number: counts.number.to_string(),
                sequence: counts.sequence.to_string(),
                last_sequence: checkpoint.last.to_string(),
                delivered: counts.delivered.to_string(),
                dead: counts.dead.to_string(),
                cancelled: counts.cancelled.to_string(),
            },
        }),
        PayloadFormat::License => serde_json::to_vec(&License {
            id: uuid_of(&format!("checkpoint {} of {} in {name}", counts.number, checkpoint.endpoint)),
            event: CHECKPOINT,
            company_id: checkpoint.site_id.0,
            user_id: None,
            ts: at.as_seconds(),
            data: Named { checkpoint: Data::of(checkpoint) },
        }),
        PayloadFormat::Standard => serde_json::to_vec(&Standard {
            event_type: CHECKPOINT,
            timestamp: instant(*at),
            data: Data::of(checkpoint),
        }),
    }
}

/// An invented one.
pub(crate) fn sample_checkpoint() -> Option<Checkpoint> {
    let counts = CheckpointCounts {
        number: 17,
        sequence: 1207,
        after: DeliveryId(5004),
        delivered: 1180,
        dead: 2,
        cancelled: 0,
    };
    Some(Checkpoint {
        site_id: SiteId(1),
        site: SiteName::new("lumen").ok()?,
        endpoint: EndpointId(12),
        counts,
        last: 1211,
        at: Timestamp::from_millis(1_767_225_599_874),
    })
}

/// The schema of the bodies in a form.
pub(crate) fn checkpoint_schema(format: PayloadFormat) -> &'static str {
    match format {
        PayloadFormat::CloudEvents => include_str!("../../schemas/checkpoint-cloudevents.json"),
        PayloadFormat::Fno => include_str!("../../schemas/checkpoint-fno.json"),
        PayloadFormat::License => include_str!("../../schemas/checkpoint-license.json"),
        PayloadFormat::Standard => include_str!("../../schemas/checkpoint-standard.json"),
    }
}

/// What it counts.
#[derive(Serialize)]
struct Data<'a> {
    tenant: &'a str,
    /// Which one it is for this receiver, from 1.
    number: u32,
    /// Everything up to this number has ended.
    sequence: i64,
    /// The number of the last event of the site.
    last_sequence: i64,
    delivered: u64,
    dead: u64,
    cancelled: u64,
}

impl<'a> Data<'a> {
    fn of(checkpoint: &'a Checkpoint) -> Self {
        let CheckpointCounts { number, sequence, after: _, delivered, dead, cancelled } = checkpoint.counts;
        let (tenant, last_sequence) = (checkpoint.site.as_str(), checkpoint.last);
        Self { tenant, number, sequence, last_sequence, delivered, dead, cancelled }
    }
}

#[derive(Serialize)]
struct Standard<'a> {
    #[serde(rename = "type")]
    event_type: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: String,
    source: String,
    #[serde(rename = "type")]
    event_type: &'static str,
    subject: String,
    time: String,
    datacontenttype: &'static str,
    sequence: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct License<'a> {
    id: String,
    event: &'static str,
    company_id: i64,
    user_id: Option<i64>,
    ts: i64,
    data: Named<'a>,
}

#[derive(Serialize)]
struct Named<'a> {
    checkpoint: Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fno<'a> {
    event_header: Header<'a>,
    event_body: Texts,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    event: &'static str,
    event_type: &'static str,
    user_id: &'static str,
    tenant: &'a str,
    time_stamp: String,
}

/// Every scalar is a text here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Texts {
    number: String,
    sequence: String,
    last_sequence: String,
    delivered: String,
    dead: String,
    cancelled: String,
}
