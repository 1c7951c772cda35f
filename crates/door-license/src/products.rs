//! Products of the site.

use axum::response::Response;
use countersign_app::license_api::{self, product_details as details};

use crate::error::{Error, ErrorBody};
use crate::reply::{self, Draft, Object};
use crate::request::Asked;
use crate::wire::documented::ProductQuery;
use crate::wire::product::{AskedProduct, Beside, ListedProduct};
use crate::wire::question;

/// One product.
#[utoipa::path(get, path = "/product_details", tag = "Products", params(ProductQuery),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The product; signed", body = AskedProduct),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn product_details(asked: Asked) -> Result<Response, Error> {
    let Asked { proved, members } = asked;
    let beside = Beside {
        latest_version: members.flag("include_latest_version")?.unwrap_or(false),
        custom_fields: members.flag("include_custom_fields")?.unwrap_or(false),
    };
    let latest = if beside.latest_version { Some(question::releases(&members)?) } else { None };
    let view = details(&proved.ctx, &proved.caller, question::product(&members)?, latest).await?;
    reply::object(&proved, &AskedProduct::new(proved.caller.site, &view, beside, &proved.places())).await
}

/// All products that the caller may ask about.
#[utoipa::path(get, path = "/products", tag = "Products",
    security(("api_key" = []), ("access_token" = [])),
    responses((status = 200, description = "The products; signed", body = Vec<ListedProduct>)))]
pub(crate) async fn products(asked: Asked) -> Result<Response, Error> {
    let proved = asked.proved;
    let views = license_api::products(&proved.ctx, &proved.caller).await?;
    let objects = views.iter().map(|view| Object::new(&ListedProduct::new(view)));
    Draft::Array(objects.collect::<Result<_, _>>()?).send(&proved, None).await
}
