//! Applications, with their grants and products.

use async_trait::async_trait;
use countersign_domain::ids::{ApplicationId, ProductId, SiteId};
use countersign_domain::licensing::Part;
use countersign_domain::oauth::{Application, Compatibility, NewApplication, Scopes, TokenAlgorithm, TokenLife};
use countersign_domain::storage::{StorageAccess, StorageGrant, StorageName, StoragePath};
use countersign_domain::text::{ApplicationName, ClientId};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::Applications;
use rusqlite::{Row, params};

use crate::rows::{Place, all, changed, column, first, grouped, inserted, time};
use crate::transaction::SqliteTx;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, site, client_id, name, scopes, algorithm, token_life, audience, default_storage, oauth2_path,
            scope_array, endpoint_audience, disabled, token_generation, created_at, account, customer, license
            from applications ",
            $rest
        )
    };
}

const INSERT: &str = "insert into applications (site, client_id, name, scopes, algorithm, token_life, default_storage,
    oauth2_path, scope_array, endpoint_audience, disabled, token_generation, created_at)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, 1, ?11) on conflict do nothing returning id";
const FIND: &str = select!("where site = ?1 and client_id = ?2");
const LIST: &str = select!("where site = ?1 order by id");
const COUNT: &str = "select count(*) from applications where site = ?1";
const REPLACE: &str = "update applications set name = ?3, scopes = ?4, algorithm = ?5, token_life = ?6, audience = ?7,
    default_storage = ?8, oauth2_path = ?9, scope_array = ?10, endpoint_audience = ?11, disabled = ?12,
    token_generation = ?13, account = ?14, customer = ?15, license = ?16 where id = ?1 and site = ?2";
const INSERT_GRANT: &str =
    "insert into application_grants (application, position, storage, prefix, access) values (?1, ?2, ?3, ?4, ?5)";
const GRANTS_OF_ONE: &str =
    "select application, storage, prefix, access from application_grants where application = ?1 order by position";
const GRANTS_OF_SITE: &str = "select g.application, g.storage, g.prefix, g.access from applications a
    cross join application_grants g on g.application = a.id where a.site = ?1 order by g.application, g.position";
const DELETE_GRANTS: &str = "delete from application_grants where application = ?1";
const INSERT_PRODUCT: &str = "insert into application_products (application, product) values (?1, ?2)";
const PRODUCTS_OF_ONE: &str =
    "select application, product from application_products where application = ?1 order by product";
const PRODUCTS_OF_SITE: &str = "select p.application, p.product from applications a
    cross join application_products p on p.application = a.id where a.site = ?1 order by p.application, p.product";
const DELETE_PRODUCTS: &str = "delete from application_products where application = ?1";
const DELETE_CREDENTIALS: &str = "delete from application_credentials where application = ?1";
const DELETE_REVOKED: &str = "delete from revoked_tokens where application = ?1";
const DELETE_ASSERTIONS: &str = "delete from used_assertions where application = ?1";
const EXISTS: &str = "select id from applications where id = ?2 and site = ?1";
const DELETE: &str = "delete from applications where id = ?2 and site = ?1";
const ADVANCE: &str = "update applications set token_generation = token_generation + ?2 where site = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    FIND,
    LIST,
    COUNT,
    REPLACE,
    INSERT_GRANT,
    GRANTS_OF_ONE,
    GRANTS_OF_SITE,
    DELETE_GRANTS,
    INSERT_PRODUCT,
    PRODUCTS_OF_ONE,
    PRODUCTS_OF_SITE,
    DELETE_PRODUCTS,
    DELETE_CREDENTIALS,
    DELETE_REVOKED,
    DELETE_ASSERTIONS,
    EXISTS,
    DELETE,
    ADVANCE,
];

#[async_trait]
impl Applications for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        application: &NewApplication,
        now: Timestamp,
    ) -> Result<Option<ApplicationId>, StoreError> {
        let usual = Compatibility::default();
        let values = params![
            site.0,
            application.client_id.as_str(),
            application.name.as_str(),
            application.scopes.to_string(),
            application.algorithm.as_str(),
            TokenLife::default().seconds(),
            application.default_storage.as_ref().map(StorageName::as_str),
            usual.oauth2_path,
            usual.scope_array,
            usual.endpoint_audience,
            now.as_millis(),
        ];
        self.attempt(|c| Ok(inserted(c, INSERT, values)?.map(ApplicationId)))
    }

    async fn find(&mut self, site: SiteId, client_id: &ClientId) -> Result<Option<Application>, StoreError> {
        self.attempt(|c| {
            let Some(mut found) = first(c, FIND, (site.0, client_id.as_str()), application)? else { return Ok(None) };
            found.grants = all(c, GRANTS_OF_ONE, [found.id.0], grant)?;
            found.products = all(c, PRODUCTS_OF_ONE, [found.id.0], product)?;
            Ok(Some(found))
        })
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Application>, StoreError> {
        self.attempt(|c| {
            let mut applications = all(c, LIST, [site.0], application)?;
            let mut grants = grouped(c, GRANTS_OF_SITE, [site.0], grant)?;
            let mut products = grouped(c, PRODUCTS_OF_SITE, [site.0], product)?;
            for application in &mut applications {
                application.grants = grants.remove(&application.id.0).unwrap_or_default();
                application.products = products.remove(&application.id.0).unwrap_or_default();
            }
            Ok(applications)
        })
    }

    async fn count(&mut self, site: SiteId) -> Result<u64, StoreError> {
        let count = self.attempt(|c| first(c, COUNT, [site.0], |row| column::<i64>(row, 0)))?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    async fn replace(&mut self, application: &Application) -> Result<bool, StoreError> {
        let id = application.id.0;
        let [account, customer, license] = Part::ids(application.part);
        let values = params![
            id,
            application.site.0,
            application.name.as_str(),
            application.scopes.to_string(),
            application.algorithm.as_str(),
            application.token_life.seconds(),
            application.audience,
            application.default_storage.as_ref().map(StorageName::as_str),
            application.compatibility.oauth2_path,
            application.compatibility.scope_array,
            application.compatibility.endpoint_audience,
            application.disabled,
            application.token_generation,
            account,
            customer,
            license,
        ];
        self.attempt(|c| {
            if changed(c, REPLACE, values)? == 0 {
                return Ok(false);
            }
            changed(c, DELETE_GRANTS, [id])?;
            for (position, grant) in (0_i64..).zip(&application.grants) {
                let values = (id, position, grant.storage.as_str(), grant.path.as_str(), grant.access.as_str());
                changed(c, INSERT_GRANT, values)?;
            }
            changed(c, DELETE_PRODUCTS, [id])?;
            for product in &application.products {
                changed(c, INSERT_PRODUCT, (id, product.0))?;
            }
            Ok(true)
        })
    }

    async fn delete(&mut self, site: SiteId, application: ApplicationId) -> Result<bool, StoreError> {
        self.attempt(|c| {
            if first(c, EXISTS, (site.0, application.0), |row| column::<i64>(row, 0))?.is_none() {
                return Ok(false);
            }
            for sql in [DELETE_GRANTS, DELETE_PRODUCTS, DELETE_CREDENTIALS, DELETE_REVOKED, DELETE_ASSERTIONS] {
                changed(c, sql, [application.0])?;
            }
            Ok(changed(c, DELETE, (site.0, application.0))? == 1)
        })
    }

    async fn advance_generations(&mut self, site: SiteId, by: i64) -> Result<(), StoreError> {
        self.attempt(|c| changed(c, ADVANCE, (site.0, by)).map(|_| ()))
    }
}

/// An application whose grants and products are still to be read.
fn application(row: &Row<'_>) -> Result<Application, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "applications", row: id };
    let life = place.check("token_life", u32::try_from(column::<i64>(row, 6)?))?;
    let storage = column::<Option<String>>(row, 8)?.map(StorageName::new).transpose();
    Ok(Application {
        id: ApplicationId(id),
        site: SiteId(column(row, 1)?),
        client_id: place.check("client_id", ClientId::new(column::<String>(row, 2)?))?,
        name: place.check("name", ApplicationName::new(column::<String>(row, 3)?))?,
        scopes: place.check("scopes", Scopes::parse(&column::<String>(row, 4)?))?,
        algorithm: place.present("algorithm", TokenAlgorithm::parse(&column::<String>(row, 5)?))?,
        token_life: place.check("token_life", TokenLife::from_seconds(life))?,
        audience: column(row, 7)?,
        default_storage: place.check("default_storage", storage)?,
        grants: Vec::new(),
        products: Vec::new(),
        part: Part::from_ids([column(row, 15)?, column(row, 16)?, column(row, 17)?]),
        compatibility: Compatibility {
            oauth2_path: column(row, 9)?,
            scope_array: column(row, 10)?,
            endpoint_audience: column(row, 11)?,
        },
        disabled: column(row, 12)?,
        token_generation: column(row, 13)?,
        created_at: time(column(row, 14)?),
    })
}

fn grant(row: &Row<'_>) -> Result<StorageGrant, StoreError> {
    let place = Place { table: "application_grants", row: column(row, 0)? };
    Ok(StorageGrant {
        storage: place.check("storage", StorageName::new(column::<String>(row, 1)?))?,
        path: place.check("prefix", StoragePath::new(&column::<String>(row, 2)?))?,
        access: place.present("access", StorageAccess::parse(&column::<String>(row, 3)?))?,
    })
}

fn product(row: &Row<'_>) -> Result<ProductId, StoreError> {
    column(row, 1).map(ProductId)
}
