//! Customers, and the accounts that group them.

use async_trait::async_trait;
use countersign_domain::ids::{AccountId, CustomerId, SiteId};
use countersign_domain::licensing::{Account, Contact, Customer, Holder};
use countersign_domain::text::{AccountName, CustomerName};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{Accounts, Customers, NewCustomer, Page};
use rusqlite::Row;

use crate::rows::{Place, all, changed, column, first, inserted, time};
use crate::transaction::SqliteTx;

const INSERT_ACCOUNT: &str =
    "insert into accounts (site, name, created_at) values (?1, ?2, ?3) on conflict do nothing returning id";
const FIND_ACCOUNT: &str = "select id, name from accounts where site = ?1 and name = ?2";
const FIND_ACCOUNT_BY_ID: &str = "select id, name from accounts where site = ?1 and id = ?2";
const LIST_ACCOUNTS: &str = "select id, name from accounts where site = ?1 and id > ?2 order by id limit ?3";
const INSERT: &str = "insert into customers (site, name, email, account, created_at) values (?1, ?2, ?3, ?4, ?5)
    on conflict do nothing returning id";
const FIND: &str = "select c.id, c.name, c.email, c.created_at, a.id, a.name, c.contact
    from customers c left join accounts a on a.id = c.account where c.site = ?1 and c.name = ?2";
const FIND_BY_ID: &str = "select c.id, c.name, c.email, c.created_at, a.id, a.name, c.contact
    from customers c left join accounts a on a.id = c.account where c.site = ?1 and c.id = ?2";
const LIST: &str = "select c.id, c.name, c.email, c.created_at, a.id, a.name, c.contact
    from customers c left join accounts a on a.id = c.account where c.site = ?1 and c.id > ?2 order by c.id limit ?3";

const FIND_BY_EMAIL: &str = "select c.id, c.name, c.email, c.created_at, a.id, a.name, c.contact
    from customers c left join accounts a on a.id = c.account where c.site = ?1 and c.email = ?2
    order by exists (select 1 from orders where customer = c.id and number like 'trial-%'), c.id limit 1";
const SET_CONTACT: &str = "update customers set contact = ?2 where id = ?1";

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
impl Accounts for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        name: &AccountName,
        now: Timestamp,
    ) -> Result<Option<AccountId>, StoreError> {
        let values = (site.0, name.as_str(), now.as_millis());
        self.attempt(|c| Ok(inserted(c, INSERT_ACCOUNT, values)?.map(AccountId)))
    }

    async fn find(&mut self, site: SiteId, name: &AccountName) -> Result<Option<Account>, StoreError> {
        self.attempt(|c| first(c, FIND_ACCOUNT, (site.0, name.as_str()), |row| account(row, 0)))
    }

    async fn find_by_id(&mut self, site: SiteId, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.attempt(|c| first(c, FIND_ACCOUNT_BY_ID, (site.0, id.0), |row| account(row, 0)))
    }

    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<Account>, StoreError> {
        self.attempt(|c| all(c, LIST_ACCOUNTS, (site.0, page.after, page.limit), |row| account(row, 0)))
    }
}

#[async_trait]
impl Customers for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        customer: &NewCustomer,
        now: Timestamp,
    ) -> Result<Option<CustomerId>, StoreError> {
        let account = customer.account.map(|account| account.0);
        let values = (site.0, customer.name.as_str(), &customer.email, account, now.as_millis());
        self.attempt(|c| Ok(inserted(c, INSERT, values)?.map(CustomerId)))
    }

    async fn find(&mut self, site: SiteId, name: &CustomerName) -> Result<Option<Customer>, StoreError> {
        self.attempt(|c| first(c, FIND, (site.0, name.as_str()), |row| customer(row, 0)))
    }

    async fn find_by_id(&mut self, site: SiteId, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        self.attempt(|c| first(c, FIND_BY_ID, (site.0, id.0), |row| customer(row, 0)))
    }

    async fn list(&mut self, site: SiteId, page: Page) -> Result<Vec<Customer>, StoreError> {
        self.attempt(|c| all(c, LIST, (site.0, page.after, page.limit), |row| customer(row, 0)))
    }

    async fn find_by_email(&mut self, site: SiteId, email: &str) -> Result<Option<Customer>, StoreError> {
        self.attempt(|c| first(c, FIND_BY_EMAIL, (site.0, email), |row| customer(row, 0)))
    }

    async fn set_contact(&mut self, customer: CustomerId, contact: &Contact) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, SET_CONTACT, (customer.0, contact.to_text()))? == 1))
    }
}

/// An account from the two columns that start at `from`: id, name.
fn account(row: &Row<'_>, from: usize) -> Result<Account, StoreError> {
    let id: i64 = column(row, from)?;
    let name = column::<String>(row, from + 1)?;
    let name = Place { table: "accounts", row: id }.check("name", AccountName::new(name))?;
    Ok(Account { id: AccountId(id), name })
}

/// A customer from the seven columns that start at `from`: id, name, e-mail, when it was made, account's id and name, contact.
pub(super) fn customer(row: &Row<'_>, from: usize) -> Result<Customer, StoreError> {
    let id: i64 = column(row, from)?;
    let has_account = column::<Option<i64>>(row, from + 4)?.is_some();
    Ok(Customer {
        id: CustomerId(id),
        name: Place { table: "customers", row: id }
            .check("name", CustomerName::new(column::<String>(row, from + 1)?))?,
        email: column(row, from + 2)?,
        contact: Place { table: "customers", row: id }
            .present("contact", Contact::from_text(&column::<String>(row, from + 6)?))?,
        account: has_account.then(|| account(row, from + 4)).transpose()?,
        created_at: time(column(row, from + 3)?),
    })
}

/// A holder from the two columns that start at `from`: the customer's id, and that of its account, which may be null.
pub(super) fn holder(row: &Row<'_>, from: usize) -> Result<Holder, StoreError> {
    Ok(Holder {
        customer: CustomerId(column(row, from)?),
        account: column::<Option<i64>>(row, from + 1)?.map(AccountId),
    })
}
