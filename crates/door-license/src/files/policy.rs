//! Policy files of devices behind an air gap: what holds for a license, without what makes it one.

use std::sync::Arc;

use countersign_app::Ctx;
use countersign_app::license_api::air_gap_license;
use countersign_app::sites::SiteSnapshot;
use countersign_domain::text::LicenseKey;
use serde_json::{Value, to_value};

use crate::error::Error;
use crate::wire::license::LicenseBody;

/// The JSON of the policy file for a license, which a device takes in base64. It fits every license of its policy that has the
/// same rules and the same end; key and hardware are not in it.
///
/// # Errors
/// Why there is none.
pub async fn policy_file(ctx: &Ctx, site: &Arc<SiteSnapshot>, key: LicenseKey) -> Result<String, Error> {
    let (view, policy) = air_gap_license(ctx, site.site().id, key).await?;
    let mut document = to_value(LicenseBody::all(&view)).map_err(Error::Json)?;
    if let Value::Object(members) = &mut document {
        for name in PRIVATE {
            members.remove(name);
        }
        let license_type = members.remove("license_type").unwrap_or_default();
        members.insert("default_license_type".to_owned(), license_type);
        members.insert("id".to_owned(), policy.0.into());
        members.insert("product".to_owned(), view.product.product.id.0.into());
    }
    Ok(document.to_string())
}

/// What belongs to one buyer.
const PRIVATE: [&str; 5] = ["license_key", "order_store_id", "customer", "user", "times_activated"];
