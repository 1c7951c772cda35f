//! Templates for licenses.

use async_trait::async_trait;
use countersign_domain::ids::{PolicyId, ProductId};
use countersign_domain::licensing::{ActivationLimit, LicenseRules, Policy};
use countersign_domain::text::{FeatureCode, PolicyCode};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::Policies;
use rusqlite::{Row, params};

use crate::rows::{Place, all, changed, column, first, inserted};
use crate::transaction::SqliteTx;

const INSERT: &str =
    "insert into policies (product, code, name, activation_limit, rules, features, is_default, created_at)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict do nothing returning id";
const NO_DEFAULT: &str = "update policies set is_default = (id = ?2) where product = ?1";
const FIND: &str = "select id, code, name, activation_limit, rules, features, is_default from policies where product = ?1 and code = ?2";
const LIST: &str = "select id, code, name, activation_limit, rules, features, is_default from policies where product = ?1 order by code";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, NO_DEFAULT, FIND, LIST];

#[async_trait]
impl Policies for SqliteTx<'_> {
    async fn insert(
        &mut self,
        product: ProductId,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Option<PolicyId>, StoreError> {
        let codes: Vec<&str> = policy.features.iter().map(FeatureCode::as_str).collect();
        let codes = codes.join("\n");
        let limit = limit_value(policy.limit);
        let id = self.attempt(|c| {
            inserted(
                c,
                INSERT,
                params![
                    product.0,
                    policy.code.as_str(),
                    policy.name.as_str(),
                    limit,
                    policy.rules.to_text(),
                    codes,
                    policy.is_default,
                    now.as_millis()
                ],
            )
        })?;
        if let (Some(id), true) = (id, policy.is_default) {
            self.attempt(|c| changed(c, NO_DEFAULT, params![product.0, id]))?;
        }
        Ok(id.map(PolicyId))
    }

    async fn find(&mut self, product: ProductId, code: &PolicyCode) -> Result<Option<Policy>, StoreError> {
        self.attempt(|c| first(c, FIND, params![product.0, code.as_str()], policy))
    }

    async fn list(&mut self, product: ProductId) -> Result<Vec<Policy>, StoreError> {
        self.attempt(|c| all(c, LIST, params![product.0], policy))
    }
}

fn policy(row: &Row<'_>) -> Result<Policy, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "policies", row: id };
    let codes: String = column(row, 5)?;
    Ok(Policy {
        id: PolicyId(id),
        code: place.check("code", PolicyCode::new(column::<String>(row, 1)?))?,
        name: column(row, 2)?,
        limit: limit(place, column(row, 3)?)?,
        rules: place.present("rules", LicenseRules::from_text(&column::<String>(row, 4)?))?,
        features: place.check("features", codes.lines().map(FeatureCode::new).collect())?,
        is_default: column(row, 6)?,
    })
}

fn limit(place: Place, limit: Option<i64>) -> Result<ActivationLimit, StoreError> {
    match limit {
        Some(limit) => Ok(ActivationLimit::AtMost(place.check("activation_limit", u32::try_from(limit))?)),
        None => Ok(ActivationLimit::Unlimited),
    }
}

fn limit_value(limit: ActivationLimit) -> Option<i64> {
    match limit {
        ActivationLimit::AtMost(limit) => Some(i64::from(limit)),
        ActivationLimit::Unlimited => None,
    }
}
