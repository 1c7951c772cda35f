-- Who may use what, what devices tell, what is written beside every change; files on other servers; settings of sites.

alter table sites add column auth_failure text not null default 'poll';
alter table sites add column status_report_days integer not null default 730;
alter table sites add column device_event_days integer not null default 90;
alter table sites add column event_days integer not null default 30;

-- The largest time that a unit has seen: a clock that is set back stands still until it has caught up.
create table high_water (
    id integer primary key check (id = 1),
    time integer not null
) strict;

insert into high_water (id, time) values (1, 0);

-- A file of a package is either stored here or on another server.
create table package_files_new (
    package integer not null references packages (id),
    position integer not null,
    name text not null,
    file integer references files (id),
    external_url text,
    external_sha256 blob check (length(external_sha256) = 32),
    external_md5 blob check (length(external_md5) = 16),
    external_size integer check (external_size >= 0),
    execute integer not null check (execute in (0, 1)),
    primary key (package, position),
    unique (package, name),
    check ((file is null) = (external_url is not null)),
    check ((external_url is null) = (external_sha256 is null)),
    check ((external_url is null) = (external_md5 is null)),
    check ((external_url is null) = (external_size is null))
) strict, without rowid;

insert into package_files_new (package, position, name, file, execute)
select package, position, name, file, execute from package_files;

drop table package_files;
alter table package_files_new rename to package_files;
create index package_files_by_file on package_files (file);
create index files_by_site on files (site);
create index update_sources_by_package on update_sources (package);
create index update_targets_by_package on update_targets (package);

-- Long lists of a site are read in the order of the row ids, which an index on the site alone keeps.
create table accounts (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    name text not null,
    created_at integer not null,
    unique (site, name)
) strict;

create index accounts_by_site on accounts (site);

create table customers (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    name text not null,
    email text not null,
    account integer references accounts (id),
    created_at integer not null,
    unique (site, name)
) strict;

create index customers_by_site on customers (site);
create index customers_by_account on customers (account);

create table orders (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    number text not null,
    customer integer not null references customers (id),
    created_at integer not null,
    unique (site, number)
) strict;

create index orders_by_site on orders (site);
create index orders_by_customer on orders (customer);

create table features (
    id integer primary key autoincrement,
    product integer not null references products (id),
    code text not null,
    name text not null,
    created_at integer not null,
    unique (product, code)
) strict;

-- No activation limit: on any number of devices. The customer is that of the order, which never changes. The number of
-- activations is counted along, because counting them takes as long as there are many.
create table licenses (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    license_key text not null,
    "order" integer not null references orders (id),
    customer integer not null references customers (id),
    product integer not null references products (id),
    status text not null,
    start_date text,
    end_date text,
    activation_limit integer check (activation_limit >= 0),
    activations integer not null default 0 check (activations >= 0),
    created_at integer not null,
    unique (site, license_key)
) strict;

create index licenses_by_site on licenses (site);
create index licenses_by_order on licenses ("order");
create index licenses_by_holding on licenses (customer, product, status, coalesce(end_date, '9999-12-31'));

create table license_features (
    license integer not null references licenses (id),
    feature integer not null references features (id),
    primary key (license, feature)
) strict, without rowid;

create table devices (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    host_id text not null,
    id_type text not null,
    publisher text not null,
    identity_name text not null,
    class text not null,
    status text not null,
    customer integer references customers (id),
    registered_at integer not null,
    last_seen_at integer not null,
    unique (site, host_id, id_type, publisher)
) strict;

create index devices_by_site on devices (site);
create index devices_by_customer on devices (customer);

create table activations (
    license integer not null references licenses (id),
    device integer not null references devices (id),
    activated_at integer not null,
    primary key (license, device)
) strict, without rowid;

create index activations_by_device on activations (device);

-- The identity stands here only when the site does not know the device; all three are null for an anonymous one.
create table status_reports (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    device integer references devices (id),
    class text not null,
    host_id text,
    id_type text,
    publisher text,
    update_id text not null,
    update_name text not null,
    package_id text not null,
    platform text not null,
    language integer not null,
    code integer not null,
    reason text not null,
    reported_at integer not null,
    received_at integer not null,
    fold blob check (length(fold) = 16),
    unique (site, fold)
) strict;

create index status_reports_by_device on status_reports (device);
create index status_reports_by_site on status_reports (site);
create index status_reports_by_time on status_reports (site, received_at);
create index status_reports_unregistered on status_reports (site) where device is null;

create table device_events (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    device integer not null references devices (id),
    name text not null,
    category text not null,
    value text not null,
    package_id text not null,
    update_id text not null,
    update_name text not null,
    platform text not null,
    language integer not null,
    reported_at integer not null,
    received_at integer not null
) strict;

create index device_events_by_device on device_events (device, received_at);
create index device_events_by_site on device_events (site);
create index device_events_by_time on device_events (site, received_at);

-- Row ids in the order of writing; on a store with several writers that is not the order of committing.
create table outbox (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    kind text not null,
    subject integer not null,
    device integer,
    channel text not null,
    actor text not null,
    created_at integer not null
) strict;

create index outbox_by_site on outbox (site);
create index outbox_by_time on outbox (site, created_at);

create table audit_trail (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    channel text not null,
    actor text not null,
    verb text not null,
    subject text not null,
    created_at integer not null
) strict;

create index audit_trail_by_site on audit_trail (site);
