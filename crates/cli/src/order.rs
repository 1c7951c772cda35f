//! `countersign order`: what customers have bought.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use countersign_app::licensing::licenses::{self, LicenseFilter};
use countersign_app::licensing::orders;
use countersign_domain::licensing::{License, Order};
use countersign_domain::text::{CustomerName, OrderNumber};
use serde_json::{Value, json};

use crate::listing::{self, Extent, Listed};
use crate::options::Options;
use crate::table::{fields, table};

/// Create, list and show orders.
#[derive(Subcommand)]
pub(crate) enum OrderCommand {
    /// Create an order of a customer; licenses are added to it.
    Create(CreateOrder),
    /// List the orders of the site.
    List(ListOrders),
    /// Show an order with its licenses.
    Show(NamedOrder),
}

/// A new order.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign order create SO-1 --customer Nordwind

Next: countersign license create --order SO-1 --product NAME")]
pub(crate) struct CreateOrder {
    /// Your number of the order, unique in the site.
    number: OrderNumber,
    /// Customer who has bought.
    #[arg(long, value_name = "NAME")]
    customer: CustomerName,
}

/// Which orders to list.
#[derive(Args)]
pub(crate) struct ListOrders {
    /// Only the orders of this customer.
    #[arg(long, value_name = "NAME")]
    customer: Option<CustomerName>,
}

/// An order by number.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign order show SO-1")]
pub(crate) struct NamedOrder {
    /// Number of the order, as `countersign order list` shows it.
    number: OrderNumber,
}

impl OrderCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(order) => order.run(options).await,
            Self::List(list) => list.run(options).await,
            Self::Show(order) => order.show(options).await,
        }
    }
}

impl CreateOrder {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { number, customer } = self;
        let created = options
            .on_site(async |ctx, site| {
                orders::create(ctx, site.id, number.clone(), customer.clone()).await?;
                orders::find(ctx, site.id, number.clone()).await?.context("the order was created and is not there")
            })
            .await?;
        let next = format!("countersign license create --order {:?} --product NAME", number.as_str());
        options.output().done(&created.document(), &format!("Created order {number} of {customer}. Next: {next}"));
        Ok(())
    }
}

impl ListOrders {
    async fn run(self, options: &Options) -> Result<()> {
        options
            .on_site(async |ctx, site| {
                let read = async |page| Ok(orders::list(ctx, site.id, self.customer.clone(), page).await?);
                listing::print(options.output(), Extent::ALL, read).await
            })
            .await
    }
}

impl NamedOrder {
    async fn show(self, options: &Options) -> Result<()> {
        let number = self.number;
        let found = options
            .on_site(async |ctx, site| {
                let Some(order) = orders::find(ctx, site.id, number.clone()).await? else { return Ok(None) };
                let filter = LicenseFilter { order: Some(number.clone()), ..LicenseFilter::default() };
                let read = async |page| Ok(licenses::list(ctx, site.id, filter.clone(), page).await?);
                Ok(Some((order, listing::collect(read).await?)))
            })
            .await?;
        let (order, licenses) =
            found.with_context(|| format!("this site has no order {number}; see: countersign order list"))?;
        let mut document = order.document();
        if let Some(members) = document.as_object_mut() {
            members.insert("licenses".to_owned(), licenses.iter().map(Listed::document).collect());
        }
        options.output().result(&document, || {
            let head = fields(&[
                ("Order", order.number.to_string()),
                ("Customer", order.customer.to_string()),
                ("Created", order.created_at.to_string()),
            ]);
            let rows: Vec<_> = licenses.iter().map(Listed::row).collect();
            format!("{head}\n\n{}", table(License::TITLES, &rows, "The order has no license."))
        });
        Ok(())
    }
}

impl Listed<3> for Order {
    const TITLES: [&'static str; 3] = ["NUMBER", "CUSTOMER", "CREATED"];
    const EMPTY: &'static str = "There is no order; create one: countersign order create NUMBER --customer NAME";

    fn position(&self) -> i64 {
        self.id.0
    }

    fn document(&self) -> Value {
        json!({
            "id": self.id.0,
            "number": self.number.as_str(),
            "customer": self.customer.as_str(),
            "created_at": self.created_at.to_string(),
        })
    }

    fn row(&self) -> [String; 3] {
        [self.number.to_string(), self.customer.to_string(), self.created_at.to_string()]
    }
}
