//! Applications and credentials as documents and rows.

use countersign_domain::licensing::Part;
use countersign_domain::oauth::{Application, Credential, CredentialProof};
use countersign_domain::time::Timestamp;
use serde_json::{Value, json};

/// An application for programs.
pub(super) fn document(app: &Application) -> Value {
    let grants = app.grants.iter().map(|grant| {
        json!({
            "storage": grant.storage.as_str(),
            "path": grant.path.as_str(),
            "access": grant.access.as_str(),
        })
    });
    let [account, customer, license] = Part::ids(app.part);
    json!({
        "client_id": app.client_id.as_str(),
        "name": app.name.as_str(),
        "scopes": app.scopes.names(),
        "algorithm": app.algorithm.as_str(),
        "token_life_seconds": app.token_life.seconds(),
        "audience": app.audience,
        "default_storage": app.default_storage.as_ref().map(|storage| storage.as_str().to_owned()),
        "grants": grants.collect::<Vec<_>>(),
        "product_ids": app.products.iter().map(|product| product.0).collect::<Vec<_>>(),
        "account_id": account,
        "customer_id": customer,
        "license_id": license,
        "oauth2_path": app.compatibility.oauth2_path,
        "scope_array": app.compatibility.scope_array,
        "endpoint_audience": app.compatibility.endpoint_audience,
        "disabled": app.disabled,
        "created_at": app.created_at.to_string(),
    })
}

/// An application for people; `sight`: what it sees on the license door.
pub(super) fn rows(app: &Application, sight: String) -> Vec<(&'static str, String)> {
    let on_off = |value| if value { "on" } else { "off" }.to_owned();
    let grants =
        app.grants.iter().map(|grant| format!("{}:{}={}", grant.storage, grant.path.as_str(), grant.access.as_str()));
    let grants = grants.collect::<Vec<_>>().join(", ");
    let none = || "none".to_owned();
    vec![
        ("Application", app.name.to_string()),
        ("Client ID", app.client_id.to_string()),
        ("State", if app.disabled { "disabled" } else { "active" }.to_owned()),
        ("Scopes", app.scopes.to_string()),
        ("Tokens signed with", app.algorithm.as_str().to_owned()),
        ("Tokens live", format!("{} seconds", app.token_life.seconds())),
        ("Audience", app.audience.clone().unwrap_or_else(none)),
        ("Default storage", app.default_storage.as_ref().map_or_else(none, ToString::to_string)),
        ("Grants", if grants.is_empty() { "every storage".to_owned() } else { grants }),
        (
            "Products",
            match app.products.len() {
                0 => "all".to_owned(),
                number => number.to_string(),
            },
        ),
        ("Licenses", sight),
        ("Path /oauth2/token", on_off(app.compatibility.oauth2_path)),
        ("Scopes as an array", on_off(app.compatibility.scope_array)),
        ("Endpoint as audience", on_off(app.compatibility.endpoint_audience)),
        ("Created", app.created_at.to_string()),
    ]
}

/// A credential for programs.
pub(super) fn credential_document(credential: &Credential, now: Timestamp) -> Value {
    json!({
        "id": credential.id.0,
        "kind": kind(credential),
        "label": credential.label.as_str(),
        "created_at": credential.created_at.to_string(),
        "ends_at": credential.ends_at.map(|end| end.to_string()),
        "last_used_at": credential.last_used_at.map(|used| used.to_string()),
        "active": credential.is_active(now),
        "tokens_revoked": credential.tokens_revoked,
    })
}

/// The word for the kind of a credential.
pub(super) fn kind(credential: &Credential) -> &'static str {
    match credential.proof {
        CredentialProof::Secret(_) => "secret",
        CredentialProof::PublicKey(_) => "key",
    }
}
