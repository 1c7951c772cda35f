//! People whom licenses are assigned to.

use async_trait::async_trait;
use countersign_domain::ids::{LicenseId, LicenseUserId, ProductId, SiteId};
use countersign_domain::licensing::{ActivationLimit, Assignment, LicenseUser};
use countersign_domain::text::UserEmail;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{LicenseUsers, NewLicenseUser, Page};
use tokio_postgres::Row;

use crate::rows::{Place, column};
use crate::transaction::PgTx;

const INSERT: &str = "insert into license_users
    (site, email, first_name, last_name, phone, password_hash, initial_password, enabled, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning id";
const FIND: &str = "select id, email, first_name, last_name, phone, initial_password, enabled, password_hash from license_users where site = $1 and email = $2";
const FIND_BY_ID: &str = "select id, email, first_name, last_name, phone, initial_password, enabled from license_users where site = $1 and id = $2";
const LIST: &str = "select id, email, first_name, last_name, phone, initial_password, enabled from license_users where site = $1 and id > $2 order by id limit $3";
const SET_PASSWORD: &str =
    "update license_users set password_hash = $3, initial_password = $4 where id = $1 and password_hash = $2";
const SET_ENABLED: &str = "update license_users set enabled = $2 where id = $1";
const ASSIGN: &str = "insert into license_assignments (license, license_user, activation_limit) values ($1, $2, $3)
    on conflict do nothing";
const UNASSIGN: &str = "delete from license_assignments where license = $1 and license_user = $2 and activations = 0";
const ASSIGNMENT: &str = "select license, license_user, activation_limit, activations from license_assignments where license = $1 and license_user = $2";
const ASSIGNMENTS_OF: &str = "select license, license_user, activation_limit, activations from license_assignments where license = $1 order by license_user";
const ASSIGNMENTS_TO: &str = "select a.license, a.license_user, a.activation_limit, a.activations from license_assignments a join licenses l on l.id = a.license where a.license_user = $1 and ($2::bigint is null or l.product = $2) order by a.license limit $3";
const COUNT: &str =
    "update license_assignments set activations = activations + $3 where license = $1 and license_user = $2";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    FIND,
    FIND_BY_ID,
    LIST,
    SET_PASSWORD,
    SET_ENABLED,
    ASSIGN,
    UNASSIGN,
    ASSIGNMENT,
    ASSIGNMENTS_OF,
    ASSIGNMENTS_TO,
    COUNT,
];

#[async_trait]
impl LicenseUsers for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        user: &NewLicenseUser,
        now: Timestamp,
    ) -> Result<Option<LicenseUserId>, StoreError> {
        let id = self
            .inserted(
                INSERT,
                &[
                    &site.0,
                    &user.email.as_str(),
                    &user.first_name.as_str(),
                    &user.last_name.as_str(),
                    &user.phone.as_str(),
                    &user.password_hash.as_str(),
                    &user.initial_password,
                    &true,
                    &now.as_millis(),
                ],
            )
            .await?;
        Ok(id.map(LicenseUserId))
    }

    async fn find(&mut self, site: SiteId, email: &UserEmail) -> Result<Option<(LicenseUser, String)>, StoreError> {
        self.first(FIND, &[&site.0, &email.as_str()], |row| Ok((user(row)?, column(row, 7)?))).await
    }

    async fn find_by_id(&mut self, site: SiteId, id: LicenseUserId) -> Result<Option<LicenseUser>, StoreError> {
        self.first(FIND_BY_ID, &[&site.0, &id.0], user).await
    }

    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<LicenseUser>, StoreError> {
        self.all(LIST, &[&site.0, &page.after, &i64::from(page.limit)], user).await
    }

    async fn set_password(
        &mut self,
        user: LicenseUserId,
        old: &str,
        hash: &str,
        initial_password: bool,
    ) -> Result<bool, StoreError> {
        Ok(self.changed(SET_PASSWORD, &[&user.0, &old, &hash, &initial_password]).await? == 1)
    }

    async fn set_enabled(&mut self, user: LicenseUserId, enabled: bool) -> Result<bool, StoreError> {
        Ok(self.changed(SET_ENABLED, &[&user.0, &enabled]).await? == 1)
    }

    async fn assign(&mut self, assignment: &Assignment) -> Result<bool, StoreError> {
        let limit = limit_value(assignment.limit);
        Ok(self.changed(ASSIGN, &[&assignment.license.0, &assignment.user.0, &limit]).await? == 1)
    }

    async fn unassign(&mut self, license: LicenseId, user: LicenseUserId) -> Result<bool, StoreError> {
        Ok(self.changed(UNASSIGN, &[&license.0, &user.0]).await? == 1)
    }

    async fn assignment(&mut self, license: LicenseId, user: LicenseUserId) -> Result<Option<Assignment>, StoreError> {
        self.first(ASSIGNMENT, &[&license.0, &user.0], assignment).await
    }

    async fn assignments_of(&mut self, license: LicenseId) -> Result<Vec<Assignment>, StoreError> {
        self.all(ASSIGNMENTS_OF, &[&license.0], assignment).await
    }

    async fn assignments_to(
        &mut self,
        user: LicenseUserId,
        product: Option<ProductId>,
        limit: u32,
    ) -> Result<Vec<Assignment>, StoreError> {
        self.all(ASSIGNMENTS_TO, &[&user.0, &product.map(|id| id.0), &i64::from(limit)], assignment).await
    }

    async fn count(&mut self, license: LicenseId, user: LicenseUserId, more: i64) -> Result<bool, StoreError> {
        Ok(self.changed(COUNT, &[&license.0, &user.0, &more]).await? == 1)
    }
}

fn user(row: &Row) -> Result<LicenseUser, StoreError> {
    let id: i64 = column(row, 0)?;
    Ok(LicenseUser {
        id: LicenseUserId(id),
        email: Place { table: "license_users", row: id }.check("email", UserEmail::new(column::<String>(row, 1)?))?,
        first_name: column(row, 2)?,
        last_name: column(row, 3)?,
        phone: column(row, 4)?,
        initial_password: column(row, 5)?,
        enabled: column(row, 6)?,
    })
}

fn assignment(row: &Row) -> Result<Assignment, StoreError> {
    let license: i64 = column(row, 0)?;
    let place = Place { table: "license_assignments", row: license };
    Ok(Assignment {
        license: LicenseId(license),
        user: LicenseUserId(column(row, 1)?),
        limit: limit(place, column(row, 2)?)?,
        activations: place.check("activations", u32::try_from(column::<i64>(row, 3)?))?,
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
