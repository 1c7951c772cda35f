-- A site that goes must have no deliveries, and that is looked up. Nothing here changes while a delivery is on its way.

create index deliveries_by_site on deliveries (site);
