//! What has become of a license on a device.

use axum::extract::RawQuery;
use axum::response::Response;
use countersign_app::license_api::{AskedCheck, check, check_feature, recall_check, remember_check};
use countersign_domain::text::FeatureCode;

use crate::auth::Proved;
use crate::codes::Code;
use crate::error::{Error, ErrorBody};
use crate::members::Members;
use crate::reply::{self, Object};
use crate::request::Asked;
use crate::wire::documented::{CheckQuery, FeatureQuery};
use crate::wire::feature::AskedFeature;
use crate::wire::license::{Check, Expired, licensed};
use crate::wire::question;

/// The license as it is now, with the newest release that fits.
#[utoipa::path(get, path = "/check_license", tag = "Licenses", params(CheckQuery),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The license; signed", body = Check),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn check_license(proved: Proved, RawQuery(query): RawQuery) -> Result<Response, Error> {
    let (Proved { ctx, site, caller, .. }, query) = (&proved, query.unwrap_or_default());
    let asked = AskedCheck::new(ctx, site, caller, &query);
    if let Some(known) = recall_check(ctx, &asked).await {
        return Ok(reply::signed(known));
    }
    let members = Members::from_query(&query)?;
    let (identity, releases) = (question::identity(&members)?, question::releases(&members)?);
    let expired = expired_features(&members)?;
    let (object, lasting) = {
        let mut view = check(ctx, caller, identity, releases).await?;
        let object = Object::license(&Check::new(&view, expired, &proved.places()), licensed(&view))?;
        (object, view.lasting.take())
    };
    let answer = object.prove(&proved, None).await?;
    if let Some(lasting) = lasting {
        remember_check(ctx, site, asked, (lasting, answer.clone()));
    }
    Ok(reply::signed(answer))
}

/// Whether features that have ended are named: only when they are asked for.
pub(crate) fn expired_features(members: &Members) -> Result<Expired, Error> {
    let named = members.flag("include_expired_features")?.unwrap_or(false);
    Ok(if named { Expired::Named } else { Expired::LeftOut })
}

/// One feature of the license as it is now.
#[utoipa::path(get, path = "/check_license_feature", tag = "Licenses", params(FeatureQuery),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The feature; signed", body = AskedFeature),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn check_license_feature(asked: Asked) -> Result<Response, Error> {
    let Asked { proved, members } = asked;
    let (identity, code) = (question::identity(&members)?, feature_code(&members)?);
    let with_text = members.flag("include_metadata_string")?.unwrap_or(false);
    let view = check_feature(&proved.ctx, &proved.caller, identity, code).await?;
    reply::object(&proved, &AskedFeature::new(proved.caller.site, &view, with_text)).await
}

/// The feature that a call names.
pub(crate) fn feature_code(members: &Members) -> Result<FeatureCode, Error> {
    // What cannot be a code is the code of no feature.
    FeatureCode::new(members.needed("feature")?).map_err(|_| Code::UnsupportedProductFeature.into())
}
