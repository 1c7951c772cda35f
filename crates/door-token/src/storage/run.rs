//! Carries a call out, and writes its answer in the form in which it was asked.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use countersign_app::Ctx;
use countersign_app::storages::{self, ListPage, Place, StorageCaller};
use countersign_domain::storage::FolderEntry;
use countersign_http_kit::security_headers;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::call::{Call, Contents, Part};
use super::casing::{Cased, Model};
use super::download;
use super::error::Error;
use super::family::{Family, Form};
use super::upload::{Destination, Incoming};
use super::wire::{DiscUsage, Entry, Exists, Legacy, LegacyModel, List, StorageExists, Uploaded, Version};

/// Carries out a call of a caller.
pub(crate) async fn run(
    ctx: &Ctx,
    caller: &StorageCaller,
    family: Family,
    call: Call,
    (parts, incoming): (&Parts, &mut Incoming),
) -> Result<Response, Error> {
    match call {
        Call::Upload { place, target } => {
            let names = incoming.store(ctx, caller, Destination { place, target }).await?;
            Ok(match family.form {
                Form::Legacy => done(family),
                Form::Common | Form::Html => json(&Cased(&Uploaded(&names), family.casing)),
            })
        }
        Call::Download { place, version } => {
            let opened = storages::open(ctx, caller, &place, version).await?;
            Ok(download::answer(parts, opened).await?)
        }
        Call::CopyFile { from, to, version } => {
            storages::copy_file(ctx, caller, &from, &to, version).await?;
            Ok(done(family))
        }
        Call::MoveFile { from, to, version } => {
            storages::move_file(ctx, caller, &from, &to, version).await?;
            Ok(done(family))
        }
        Call::DeleteFile { place, version } => {
            storages::delete_file(ctx, caller, &place, version).await?;
            Ok(done(family))
        }
        Call::CreateFolder { place } => {
            storages::create_folder(ctx, caller, &place).await?;
            Ok(done(family))
        }
        Call::CopyFolder { from, to } => {
            storages::copy_folder(ctx, caller, &from, &to).await?;
            Ok(done(family))
        }
        Call::MoveFolder { from, to } => {
            storages::move_folder(ctx, caller, &from, &to).await?;
            Ok(done(family))
        }
        Call::DeleteFolder { place, contents } => {
            let contents = match contents {
                Contents::Delete => storages::Contents::Delete,
                Contents::Keep => storages::Contents::Keep,
            };
            storages::delete_folder(ctx, caller, &place, contents).await?;
            Ok(done(family))
        }
        Call::ListFolder { .. }
        | Call::Exists { .. }
        | Call::StorageExists { .. }
        | Call::Usage { .. }
        | Call::Versions { .. } => look(ctx, caller, family, call).await,
    }
}

async fn look(ctx: &Ctx, caller: &StorageCaller, family: Family, call: Call) -> Result<Response, Error> {
    Ok(match call {
        Call::ListFolder { place, page } => {
            let entries = list(ctx, caller, &place, page).await?;
            let entries: Vec<_> = entries.iter().map(|entry| Entry::new(&place.path, entry)).collect();
            in_form(&List(&entries), family)
        }
        Call::Exists { place, version } => {
            let found = storages::exists(ctx, caller, &place, version).await?;
            in_form(&Exists { exists: found.is_some(), is_folder: found.unwrap_or_default() }, family)
        }
        Call::StorageExists { name: Some(name) } => {
            in_form(&StorageExists(storages::storage_exists(ctx, caller, &name).await?), family)
        }
        Call::StorageExists { name: None } => in_form(&StorageExists(false), family),
        Call::Usage { storage } => {
            let usage = storages::usage(ctx, caller, storage.as_ref()).await?;
            // Clients compute the room that is left, so there is always some.
            let total = usage.total.unwrap_or(UNKNOWN_TOTAL).max(usage.used.saturating_add(1));
            in_form(&DiscUsage { used: usage.used, total }, family)
        }
        Call::Versions { place } => {
            let versions = storages::versions(ctx, caller, &place).await?;
            let versions: Vec<_> = versions.iter().map(|version| Version::new(&place.path, version)).collect();
            in_form(&List(&versions), family)
        }
        Call::Upload { .. }
        | Call::Download { .. }
        | Call::CopyFile { .. }
        | Call::MoveFile { .. }
        | Call::DeleteFile { .. }
        | Call::CreateFolder { .. }
        | Call::CopyFolder { .. }
        | Call::MoveFolder { .. }
        | Call::DeleteFolder { .. } => return Err(Error::Route),
    })
}

/// The entries of a folder: all of them, or the part that is asked for.
async fn list(ctx: &Ctx, caller: &StorageCaller, place: &Place, part: Part) -> Result<Vec<FolderEntry>, Error> {
    let most = part.limit.unwrap_or(LIST_LIMIT.saturating_add(1));
    let mut entries: Vec<FolderEntry> = Vec::new();
    let mut room = LIST_BYTES;
    let mut after = part.after;
    while entries.len() < most {
        let left = most.saturating_sub(entries.len());
        let limit = u32::try_from(left).unwrap_or(ListPage::LIMIT).min(ListPage::LIMIT);
        let page = storages::list_folder(ctx, caller, place, ListPage { after, limit }).await?;
        let is_last = page.len() < usize::try_from(limit).unwrap_or(usize::MAX);
        let length = |entry: &FolderEntry| place.path.as_str().len().saturating_add(2 * entry.name.len());
        let bytes = page.iter().map(length).fold(0, usize::saturating_add);
        room = room.checked_sub(bytes).ok_or(Error::LongList)?;
        entries.extend(page);
        after = entries.last().map(FolderEntry::place);
        if is_last {
            break;
        }
    }
    if part.limit.is_none() && entries.len() > LIST_LIMIT {
        return Err(Error::LongList);
    }
    Ok(entries)
}

fn in_form<V: Model + LegacyModel>(value: &V, family: Family) -> Response {
    match family.form {
        Form::Legacy => json(&Legacy(value)),
        Form::Common | Form::Html => json(&Cased(value, family.casing)),
    }
}

/// The answer of a call that only does something: no body, or two members in the old form.
fn done(family: Family) -> Response {
    match family.form {
        Form::Legacy => json(&Legacy(&())),
        Form::Common | Form::Html => private((StatusCode::OK, Body::empty()).into_response()),
    }
}

fn json(value: &impl Serialize) -> Response {
    // Members are texts, numbers and truth values, so this cannot fail.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = (StatusCode::OK, Body::from(body)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    private(response)
}

fn private(mut response: Response) -> Response {
    security_headers::private(response.headers_mut());
    response
}

/// Most entries of a folder that are listed at once.
const LIST_LIMIT: usize = 100_000;
/// Most bytes that their names and paths may have together: with both casings and the other members some 60 MB of JSON.
const LIST_BYTES: usize = 16 << 20;
/// Bytes that there are in a storage of which nobody knows a limit: 1 PiB.
const UNKNOWN_TOTAL: u64 = 1 << 50;
