-- Sites, keys, logins, and the catalog.
-- Times are milliseconds since 1970-01-01T00:00:00Z; dates are 'YYYY-MM-DD' in UTC.
-- Row ids are never reused (identity): polling IDs that are still alive may name a row that is gone.
-- Texts are compared byte for byte (collation "C"), so that lists have the same order on every store and host.

create table installation (
    id integer primary key check (id = 1),
    key_check bytea not null,
    sealed_digest_key bytea not null
);

create table change_counter (
    id integer primary key check (id = 1),
    value bigint not null
);

insert into change_counter (id, value) values (1, 0);

create table sites (
    id bigint generated always as identity primary key,
    name text collate "C" not null unique,
    base_url text collate "C",
    small_rsa_keys boolean not null,
    key_id_in_answers boolean not null,
    generation bigint not null,
    created_at bigint not null
);

create table site_hosts (
    host text collate "C" primary key,
    site bigint not null references sites (id)
);

create index site_hosts_by_site on site_hosts (site);

create table site_secrets (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    purpose text collate "C" not null,
    sealed bytea not null,
    created_at bigint not null
);

create index site_secrets_by_site on site_secrets (site);

create table authorization_keys (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    spki bytea not null,
    created_at bigint not null,
    ends_at bigint
);

create index authorization_keys_by_site on authorization_keys (site);

create table signing_keys (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    spki bytea not null,
    sealed_private_key bytea not null,
    created_at bigint not null
);

create index signing_keys_by_site on signing_keys (site);

create table users (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    username text collate "C" not null,
    role text collate "C" not null,
    password_hash text collate "C" not null,
    created_at bigint not null,
    unique (site, username)
);

create table access_tokens (
    id bigint generated always as identity primary key,
    "user" bigint not null references users (id),
    digest bytea not null unique,
    created_at bigint not null,
    ends_at bigint
);

create table products (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    name text collate "C" not null,
    created_at bigint not null,
    unique (site, name)
);

create table files (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    sha256 bytea not null check (length(sha256) = 32),
    md5 bytea not null check (length(md5) = 16),
    size bigint not null check (size >= 0),
    object_key text collate "C" not null unique,
    created_at bigint not null,
    unique (site, sha256)
);

create table packages (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    package_id text collate "C" not null,
    product bigint not null references products (id),
    description text collate "C" not null,
    created_at bigint not null,
    unique (site, package_id)
);

create table package_files (
    package bigint not null references packages (id),
    position bigint not null,
    name text collate "C" not null,
    file bigint not null references files (id),
    execute boolean not null,
    primary key (package, position),
    unique (package, name)
);

create table updates (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    update_id text collate "C" not null,
    name text collate "C" not null,
    description text collate "C" not null,
    status text collate "C" not null,
    entitlement_check text collate "C" not null,
    start_date text collate "C" not null,
    end_date text collate "C",
    command_line text collate "C" not null,
    created_at bigint not null,
    unique (site, update_id)
);

create table update_sources (
    "update" bigint not null references updates (id),
    position bigint not null,
    package bigint not null references packages (id),
    primary key ("update", position),
    unique ("update", package)
);

create table update_targets (
    "update" bigint not null references updates (id),
    position bigint not null,
    platform text collate "C" not null,
    package bigint not null references packages (id),
    manifest_uuid text collate "C" not null unique,
    primary key ("update", position),
    unique ("update", platform)
);

create table update_languages (
    "update" bigint not null references updates (id),
    position bigint not null,
    language bigint not null,
    title text collate "C" not null,
    description text collate "C" not null,
    primary key ("update", position),
    unique ("update", language)
);
