//! Holders of licenses, and their accounts.

use async_trait::async_trait;
use countersign_domain::ids::{AccountId, CustomerId, SiteId};
use countersign_domain::licensing::{Account, Contact, Customer, Holder};
use countersign_domain::text::{AccountName, CustomerName};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Accounts, Customers, NewCustomer, Page};
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const INSERT_ACCOUNT: &str =
    "insert into accounts (site, name, created_at) values ($1, $2, $3) on conflict do nothing returning id";
const FIND_ACCOUNT: &str = "select id, name from accounts where site = $1 and name = $2";
const FIND_ACCOUNT_BY_ID: &str = "select id, name from accounts where site = $1 and id = $2";
const LIST_ACCOUNTS: &str = "select id, name from accounts where site = $1 and id > $2 order by id limit $3";
const INSERT: &str = "insert into customers (site, name, email, account, created_at) values ($1, $2, $3, $4, $5)
    on conflict do nothing returning id";
const FIND: &str = "select c.id, c.name, c.email, c.created_at, a.id, a.name, c.contact
    from customers c left join accounts a on a.id = c.account where c.site = $1 and c.name = $2";
const FIND_BY_ID: &str = "select c.id, c.name, c.email, c.created_at, a.id, a.name, c.contact
    from customers c left join accounts a on a.id = c.account where c.site = $1 and c.id = $2";
const LIST: &str = "select c.id, c.name, c.email, c.created_at, a.id, a.name, c.contact
    from customers c left join accounts a on a.id = c.account where c.site = $1 and c.id > $2 order by c.id limit $3";

const FIND_BY_EMAIL: &str = "select c.id, c.name, c.email, c.created_at, a.id, a.name, c.contact
    from customers c left join accounts a on a.id = c.account where c.site = $1 and c.email = $2
    order by exists (select 1 from orders where customer = c.id and number like 'trial-%'), c.id limit 1";
const SET_CONTACT: &str = "update customers set contact = $2 where id = $1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT_ACCOUNT,
    FIND_ACCOUNT,
    FIND_ACCOUNT_BY_ID,
    LIST_ACCOUNTS,
    INSERT,
    FIND,
    FIND_BY_ID,
    LIST,
    FIND_BY_EMAIL,
    SET_CONTACT,
];

#[async_trait]
impl Accounts for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        name: &AccountName,
        now: Timestamp,
    ) -> Result<Option<AccountId>, StoreError> {
        let inserted = self.inserted(INSERT_ACCOUNT, &[&site.0, &name.as_str(), &now.as_millis()]).await?;
        Ok(inserted.map(AccountId))
    }

    async fn find(&mut self, site: SiteId, name: &AccountName) -> Result<Option<Account>, StoreError> {
        self.first(FIND_ACCOUNT, &[&site.0, &name.as_str()], |row| account(row, 0)).await
    }

    async fn find_by_id(&mut self, site: SiteId, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.first(FIND_ACCOUNT_BY_ID, &[&site.0, &id.0], |row| account(row, 0)).await
    }

    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<Account>, StoreError> {
        self.all(LIST_ACCOUNTS, &[&site.0, &page.after, &i64::from(page.limit)], |row| account(row, 0)).await
    }
}

#[async_trait]
impl Customers for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        customer: &NewCustomer,
        now: Timestamp,
    ) -> Result<Option<CustomerId>, StoreError> {
        let (name, account) = (customer.name.as_str(), customer.account.map(|account| account.0));
        let values: [Value<'_>; 5] = [&site.0, &name, &customer.email, &account, &now.as_millis()];
        let inserted = self.inserted(INSERT, &values).await?;
        Ok(inserted.map(CustomerId))
    }

    async fn find(&mut self, site: SiteId, name: &CustomerName) -> Result<Option<Customer>, StoreError> {
        self.first(FIND, &[&site.0, &name.as_str()], |row| customer(row, 0)).await
    }

    async fn find_by_id(&mut self, site: SiteId, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        self.first(FIND_BY_ID, &[&site.0, &id.0], |row| customer(row, 0)).await
    }

    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<Customer>, StoreError> {
        self.all(LIST, &[&site.0, &page.after, &i64::from(page.limit)], |row| customer(row, 0)).await
    }

    async fn find_by_email(&mut self, site: SiteId, email: &str) -> Result<Option<Customer>, StoreError> {
        self.first(FIND_BY_EMAIL, &[&site.0, &email], |row| customer(row, 0)).await
    }

    async fn set_contact(&mut self, customer: CustomerId, contact: &Contact) -> Result<bool, StoreError> {
        Ok(self.changed(SET_CONTACT, &[&customer.0, &contact.to_text()]).await? == 1)
    }
}

/// Whose something is, from the two columns that start at `from`: customer, and the customer's account. `None`: nobody's.
pub(super) fn holder(row: &Row, from: usize) -> Result<Option<Holder>, StoreError> {
    let Some(customer) = column::<Option<i64>>(row, from)?.map(CustomerId) else { return Ok(None) };
    let account = column::<Option<i64>>(row, from + 1)?.map(AccountId);
    Ok(Some(Holder { customer, account }))
}

/// An account from the two columns that start at `from`: id and name.
fn account(row: &Row, from: usize) -> Result<Account, StoreError> {
    let id: i64 = column(row, from)?;
    let place = Place { table: "accounts", row: id };
    let name = place.check("name", AccountName::new(column::<String>(row, from + 1)?))?;
    Ok(Account { id: AccountId(id), name })
}

/// A customer from the seven columns that start at `from`: id, name, e-mail, when it was made, account's id and name, contact.
pub(super) fn customer(row: &Row, from: usize) -> Result<Customer, StoreError> {
    let id: i64 = column(row, from)?;
    let place = Place { table: "customers", row: id };
    let account = match column::<Option<i64>>(row, from + 4)? {
        Some(_) => Some(account(row, from + 4)?),
        None => None,
    };
    Ok(Customer {
        id: CustomerId(id),
        name: place.check("name", CustomerName::new(column::<String>(row, from + 1)?))?,
        email: column(row, from + 2)?,
        contact: place.present("contact", Contact::from_text(&column::<String>(row, from + 6)?))?,
        account,
        created_at: time(column(row, from + 3)?),
    })
}
