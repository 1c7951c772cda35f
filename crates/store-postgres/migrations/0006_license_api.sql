-- What licensed applications ask about: rules of licenses, units, users, trials, variables, releases; API keys; and calls
-- that are done once. Rules are one text, `name=value` in lines: nothing is looked up by them.

alter table products add column code text collate "C";
alter table products add column status text collate "C" not null default 'active';
alter table products add column rules text collate "C" not null default '';
create unique index products_by_code on products (site, (coalesce(code, name)));

alter table features add column rules text collate "C" not null default '';
alter table customers add column contact text collate "C" not null default '';
create index customers_by_email on customers (site, email);

alter table licenses add column bundle_key text collate "C";
alter table licenses add column rules text collate "C" not null default '';
alter table licenses add column first_activated_at bigint;
alter table licenses add column last_device bigint;
alter table licenses add column released boolean not null default false;
alter table licenses add column transfers bigint not null default 0;
alter table licenses add column units bigint not null default 0;
alter table licenses add column units_since bigint;
create index licenses_by_bundle_key on licenses (site, bundle_key, product) where bundle_key is not null;

alter table license_features add column rules text collate "C" not null default '';
alter table license_features add column units bigint not null default 0;
alter table license_features add column units_since bigint;

create table license_users (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    email text collate "C" not null,
    first_name text collate "C" not null,
    last_name text collate "C" not null,
    phone text collate "C" not null,
    password_hash text collate "C" not null,
    initial_password boolean not null,
    enabled boolean not null,
    created_at bigint not null,
    unique (site, email)
);

create index license_users_by_site on license_users (site, id);

create table license_assignments (
    license bigint not null references licenses (id),
    license_user bigint not null references license_users (id),
    activation_limit bigint check (activation_limit >= 0),
    activations bigint not null default 0 check (activations >= 0),
    primary key (license, license_user)
);

create index license_assignments_by_user on license_assignments (license_user, license);

alter table activations add column license_user bigint references license_users (id);

create table device_facts (
    device bigint primary key references devices (id),
    hostname text collate "C" not null,
    os_version text collate "C" not null,
    ip text collate "C" not null,
    seen_ip text collate "C" not null,
    mac_address text collate "C" not null,
    is_vm boolean not null,
    vm_info text collate "C" not null,
    sdk_version text collate "C" not null,
    app_version text collate "C" not null,
    told_at bigint not null
);

create table device_variables (
    id bigint generated always as identity primary key,
    license bigint not null references licenses (id),
    device bigint not null references devices (id),
    name text collate "C" not null,
    value text collate "C" not null,
    written_at bigint not null,
    unique (license, device, name)
);

create table trials (
    id bigint generated always as identity primary key,
    product bigint not null references products (id),
    hardware text collate "C" not null,
    license bigint not null references licenses (id)
);

create index trials_by_hardware on trials (product, hardware, id);

create table policies (
    id bigint generated always as identity primary key,
    product bigint not null references products (id),
    code text collate "C" not null,
    name text collate "C" not null,
    activation_limit bigint check (activation_limit >= 0),
    rules text collate "C" not null,
    features text collate "C" not null,
    is_default boolean not null,
    created_at bigint not null,
    unique (product, code)
);

create table bundles (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    code text collate "C" not null,
    name text collate "C" not null,
    created_at bigint not null,
    unique (site, code)
);

create table bundle_products (
    bundle bigint not null references bundles (id),
    position bigint not null,
    product bigint not null references products (id),
    primary key (bundle, position),
    unique (bundle, product)
);

create table api_keys (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    api_key text collate "C" not null,
    sealed bytea not null,
    label text collate "C" not null,
    read_only boolean not null,
    created_at bigint not null,
    revoked_at bigint,
    last_used_at bigint,
    unique (site, api_key)
);

create index api_keys_by_site on api_keys (site, id);

create table api_key_products (
    api_key bigint not null references api_keys (id),
    product bigint not null references products (id),
    primary key (api_key, product)
);

create table answered_calls (
    site bigint not null references sites (id),
    scope bytea not null check (length(scope) = 32),
    body bytea not null check (length(body) = 32),
    answer bytea not null,
    done_at bigint not null,
    primary key (site, scope)
);

create index answered_calls_by_time on answered_calls (site, done_at);

create table versions (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    product bigint not null references products (id),
    version text collate "C" not null,
    environment text collate "C" not null,
    channel text collate "C" not null,
    file_name text collate "C" not null,
    file bigint references files (id),
    url text collate "C",
    sha256 bytea not null check (length(sha256) = 32),
    md5 bytea not null check (length(md5) = 16),
    size bigint not null check (size >= 0),
    requires_version text collate "C" not null,
    eula_link text collate "C" not null,
    release_notes_link text collate "C" not null,
    released_at bigint not null,
    created_at bigint not null,
    unique (product, version, environment, channel),
    check ((file is null) = (url is not null))
);

create index versions_by_site on versions (site, id);
create index versions_by_release on versions (product, released_at, id);
create index versions_by_file on versions (file);
