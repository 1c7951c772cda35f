-- Who may use what, what devices tell, what is written beside every change; files on other servers; settings of sites.
-- Where lists are read in parts, the row id stands last in the index: the embedded store has it there without a word.

alter table sites add column auth_failure text collate "C" not null default 'poll';
alter table sites add column status_report_days bigint not null default 730;
alter table sites add column device_event_days bigint not null default 90;
alter table sites add column event_days bigint not null default 30;

-- A file of a package is either stored here or on another server.
alter table package_files alter column file drop not null;
alter table package_files add column external_url text collate "C";
alter table package_files add column external_sha256 bytea check (length(external_sha256) = 32);
alter table package_files add column external_md5 bytea check (length(external_md5) = 16);
alter table package_files add column external_size bigint check (external_size >= 0);
alter table package_files add check ((file is null) = (external_url is not null));
alter table package_files add check ((external_url is null) = (external_sha256 is null));
alter table package_files add check ((external_url is null) = (external_md5 is null));
alter table package_files add check ((external_url is null) = (external_size is null));

create index package_files_by_file on package_files (file);
create index files_by_site on files (site, id);
create index update_sources_by_package on update_sources (package);
create index update_targets_by_package on update_targets (package);

create table accounts (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    name text collate "C" not null,
    created_at bigint not null,
    unique (site, name)
);

create index accounts_by_site on accounts (site, id);

create table customers (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    name text collate "C" not null,
    email text collate "C" not null,
    account bigint references accounts (id),
    created_at bigint not null,
    unique (site, name)
);

create index customers_by_site on customers (site, id);
create index customers_by_account on customers (account);

create table orders (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    number text collate "C" not null,
    customer bigint not null references customers (id),
    created_at bigint not null,
    unique (site, number)
);

create index orders_by_site on orders (site, id);
create index orders_by_customer on orders (customer, id);

create table features (
    id bigint generated always as identity primary key,
    product bigint not null references products (id),
    code text collate "C" not null,
    name text collate "C" not null,
    created_at bigint not null,
    unique (product, code)
);

-- No activation limit: on any number of devices. The customer is that of the order, which never changes. The number of
-- activations is counted along, because counting them takes as long as there are many.
create table licenses (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    license_key text collate "C" not null,
    "order" bigint not null references orders (id),
    customer bigint not null references customers (id),
    product bigint not null references products (id),
    status text collate "C" not null,
    start_date text collate "C",
    end_date text collate "C",
    activation_limit bigint check (activation_limit >= 0),
    activations bigint not null default 0 check (activations >= 0),
    created_at bigint not null,
    unique (site, license_key)
);

create index licenses_by_site on licenses (site, id);
create index licenses_by_order on licenses ("order", id);
create index licenses_by_holding on licenses (customer, product, status, (coalesce(end_date, '9999-12-31')));

create table license_features (
    license bigint not null references licenses (id),
    feature bigint not null references features (id),
    primary key (license, feature)
);

create table devices (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    host_id text collate "C" not null,
    id_type text collate "C" not null,
    publisher text collate "C" not null,
    identity_name text collate "C" not null,
    class text collate "C" not null,
    status text collate "C" not null,
    customer bigint references customers (id),
    registered_at bigint not null,
    last_seen_at bigint not null,
    unique (site, host_id, id_type, publisher)
);

create index devices_by_site on devices (site, id);
create index devices_by_customer on devices (customer, id);

create table activations (
    license bigint not null references licenses (id),
    device bigint not null references devices (id),
    activated_at bigint not null,
    primary key (license, device)
);

create index activations_by_device on activations (device, license);

-- The identity stands here only when the site does not know the device; all three are null for an anonymous one.
create table status_reports (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    device bigint references devices (id),
    class text collate "C" not null,
    host_id text collate "C",
    id_type text collate "C",
    publisher text collate "C",
    update_id text collate "C" not null,
    update_name text collate "C" not null,
    package_id text collate "C" not null,
    platform text collate "C" not null,
    language bigint not null,
    code bigint not null,
    reason text collate "C" not null,
    reported_at bigint not null,
    received_at bigint not null,
    fold bytea check (length(fold) = 16),
    unique (site, fold)
);

create index status_reports_by_device on status_reports (device, id);
create index status_reports_by_site on status_reports (site, id);
create index status_reports_by_time on status_reports (site, received_at);
create index status_reports_unregistered on status_reports (site, id) where device is null;

create table device_events (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    device bigint not null references devices (id),
    name text collate "C" not null,
    category text collate "C" not null,
    value text collate "C" not null,
    package_id text collate "C" not null,
    update_id text collate "C" not null,
    update_name text collate "C" not null,
    platform text collate "C" not null,
    language bigint not null,
    reported_at bigint not null,
    received_at bigint not null
);

create index device_events_by_device on device_events (device, received_at);
create index device_events_by_site on device_events (site, id);
create index device_events_by_time on device_events (site, received_at);

-- Row ids in the order of writing, which is not the order of committing.
create table outbox (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    kind text collate "C" not null,
    subject bigint not null,
    device bigint,
    channel text collate "C" not null,
    actor text collate "C" not null,
    created_at bigint not null
);

create index outbox_by_site on outbox (site, id);
create index outbox_by_time on outbox (site, created_at);

create table audit_trail (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    channel text collate "C" not null,
    actor text collate "C" not null,
    verb text collate "C" not null,
    subject text collate "C" not null,
    created_at bigint not null
);

create index audit_trail_by_site on audit_trail (site, id);
