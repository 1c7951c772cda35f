//! `countersign license list`.

use anyhow::Result;
use clap::Args;
use countersign_app::licensing::licenses::{self, LicenseFilter};
use countersign_domain::text::{CustomerName, OrderNumber, ProductName};

use crate::listing::{self, Extent};
use crate::options::Options;

/// Which licenses to list.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign license list --customer Nordwind")]
pub(crate) struct ListLicenses {
    /// Only those bought with this order.
    #[arg(long, value_name = "NUMBER")]
    order: Option<OrderNumber>,
    /// Only those of this customer.
    #[arg(long, value_name = "NAME")]
    customer: Option<CustomerName>,
    /// Only those for this product.
    #[arg(long, value_name = "NAME")]
    product: Option<ProductName>,
}

impl ListLicenses {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let Self { order, customer, product } = self;
        let filter = LicenseFilter { order, customer, product };
        options
            .on_site(async |ctx, site| {
                let read = async |page| Ok(licenses::list(ctx, site.id, filter.clone(), page).await?);
                listing::print(options.output(), Extent::ALL, read).await
            })
            .await
    }
}
