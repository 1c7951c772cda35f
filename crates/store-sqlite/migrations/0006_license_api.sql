-- What licensed applications ask about: rules of licenses, units, users, trials, variables, releases; API keys; and calls
-- that are done once. Rules are one text, `name=value` in lines: nothing is looked up by them.

alter table products add column code text;
alter table products add column status text not null default 'active';
alter table products add column rules text not null default '';
create unique index products_by_code on products (site, coalesce(code, name));

alter table features add column rules text not null default '';
alter table customers add column contact text not null default '';
create index customers_by_email on customers (site, email);

alter table licenses add column bundle_key text;
alter table licenses add column rules text not null default '';
alter table licenses add column first_activated_at integer;
alter table licenses add column last_device integer;
alter table licenses add column released integer not null default 0 check (released in (0, 1));
alter table licenses add column transfers integer not null default 0;
alter table licenses add column units integer not null default 0;
alter table licenses add column units_since integer;
create index licenses_by_bundle_key on licenses (site, bundle_key, product) where bundle_key is not null;

alter table license_features add column rules text not null default '';
alter table license_features add column units integer not null default 0;
alter table license_features add column units_since integer;

create table license_users (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    email text not null,
    first_name text not null,
    last_name text not null,
    phone text not null,
    password_hash text not null,
    initial_password integer not null check (initial_password in (0, 1)),
    enabled integer not null check (enabled in (0, 1)),
    created_at integer not null,
    unique (site, email)
) strict;

create index license_users_by_site on license_users (site);

create table license_assignments (
    license integer not null references licenses (id),
    license_user integer not null references license_users (id),
    activation_limit integer check (activation_limit >= 0),
    activations integer not null default 0 check (activations >= 0),
    primary key (license, license_user)
) strict, without rowid;

create index license_assignments_by_user on license_assignments (license_user, license);

alter table activations add column license_user integer references license_users (id);

create table device_facts (
    device integer primary key references devices (id),
    hostname text not null,
    os_version text not null,
    ip text not null,
    seen_ip text not null,
    mac_address text not null,
    is_vm integer not null check (is_vm in (0, 1)),
    vm_info text not null,
    sdk_version text not null,
    app_version text not null,
    told_at integer not null
) strict;

create table device_variables (
    id integer primary key autoincrement,
    license integer not null references licenses (id),
    device integer not null references devices (id),
    name text not null,
    value text not null,
    written_at integer not null,
    unique (license, device, name)
) strict;

create table trials (
    id integer primary key autoincrement,
    product integer not null references products (id),
    hardware text not null,
    license integer not null references licenses (id)
) strict;

create index trials_by_hardware on trials (product, hardware);

create table policies (
    id integer primary key autoincrement,
    product integer not null references products (id),
    code text not null,
    name text not null,
    activation_limit integer check (activation_limit >= 0),
    rules text not null,
    features text not null,
    is_default integer not null check (is_default in (0, 1)),
    created_at integer not null,
    unique (product, code)
) strict;

create table bundles (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    code text not null,
    name text not null,
    created_at integer not null,
    unique (site, code)
) strict;

create table bundle_products (
    bundle integer not null references bundles (id),
    position integer not null,
    product integer not null references products (id),
    primary key (bundle, position),
    unique (bundle, product)
) strict, without rowid;

create table api_keys (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    api_key text not null,
    sealed blob not null,
    label text not null,
    read_only integer not null check (read_only in (0, 1)),
    created_at integer not null,
    revoked_at integer,
    last_used_at integer,
    unique (site, api_key)
) strict;

create index api_keys_by_site on api_keys (site);

create table api_key_products (
    api_key integer not null references api_keys (id),
    product integer not null references products (id),
    primary key (api_key, product)
) strict, without rowid;

create table answered_calls (
    site integer not null references sites (id),
    scope blob not null check (length(scope) = 32),
    body blob not null check (length(body) = 32),
    answer blob not null,
    done_at integer not null,
    primary key (site, scope)
) strict, without rowid;

create index answered_calls_by_time on answered_calls (site, done_at);

create table versions (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    product integer not null references products (id),
    version text not null,
    environment text not null,
    channel text not null,
    file_name text not null,
    file integer references files (id),
    url text,
    sha256 blob not null check (length(sha256) = 32),
    md5 blob not null check (length(md5) = 16),
    size integer not null check (size >= 0),
    requires_version text not null,
    eula_link text not null,
    release_notes_link text not null,
    released_at integer not null,
    created_at integer not null,
    unique (product, version, environment, channel),
    check ((file is null) = (url is not null))
) strict;

create index versions_by_site on versions (site);
create index versions_by_release on versions (product, released_at);
create index versions_by_file on versions (file);
