-- Sites, keys, logins, and the catalog.
-- Times are milliseconds since 1970-01-01T00:00:00Z; dates are 'YYYY-MM-DD' in UTC; flags are 0 or 1.
-- Row ids are never reused (autoincrement): polling IDs that are still alive may name a row that is gone.

create table installation (
    id integer primary key check (id = 1),
    key_check blob not null,
    sealed_digest_key blob not null
) strict;

create table change_counter (
    id integer primary key check (id = 1),
    value integer not null
) strict;

insert into change_counter (id, value) values (1, 0);

create table sites (
    id integer primary key autoincrement,
    name text not null unique,
    base_url text,
    small_rsa_keys integer not null check (small_rsa_keys in (0, 1)),
    key_id_in_answers integer not null check (key_id_in_answers in (0, 1)),
    generation integer not null,
    created_at integer not null
) strict;

create table site_hosts (
    host text primary key,
    site integer not null references sites (id)
) strict, without rowid;

create index site_hosts_by_site on site_hosts (site);

create table site_secrets (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    purpose text not null,
    sealed blob not null,
    created_at integer not null
) strict;

create index site_secrets_by_site on site_secrets (site);

create table authorization_keys (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    spki blob not null,
    created_at integer not null,
    ends_at integer
) strict;

create index authorization_keys_by_site on authorization_keys (site);

create table signing_keys (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    spki blob not null,
    sealed_private_key blob not null,
    created_at integer not null
) strict;

create index signing_keys_by_site on signing_keys (site);

create table users (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    username text not null,
    role text not null,
    password_hash text not null,
    created_at integer not null,
    unique (site, username)
) strict;

create table access_tokens (
    id integer primary key autoincrement,
    user integer not null references users (id),
    digest blob not null unique,
    created_at integer not null,
    ends_at integer
) strict;

create table products (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    name text not null,
    created_at integer not null,
    unique (site, name)
) strict;

create table files (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    sha256 blob not null check (length(sha256) = 32),
    md5 blob not null check (length(md5) = 16),
    size integer not null check (size >= 0),
    object_key text not null unique,
    created_at integer not null,
    unique (site, sha256)
) strict;

create table packages (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    package_id text not null,
    product integer not null references products (id),
    description text not null,
    created_at integer not null,
    unique (site, package_id)
) strict;

create table package_files (
    package integer not null references packages (id),
    position integer not null,
    name text not null,
    file integer not null references files (id),
    execute integer not null check (execute in (0, 1)),
    primary key (package, position),
    unique (package, name)
) strict, without rowid;

create table updates (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    update_id text not null,
    name text not null,
    description text not null,
    status text not null,
    entitlement_check text not null,
    start_date text not null,
    end_date text,
    command_line text not null,
    created_at integer not null,
    unique (site, update_id)
) strict;

create table update_sources (
    "update" integer not null references updates (id),
    position integer not null,
    package integer not null references packages (id),
    primary key ("update", position),
    unique ("update", package)
) strict, without rowid;

create table update_targets (
    "update" integer not null references updates (id),
    position integer not null,
    platform text not null,
    package integer not null references packages (id),
    manifest_uuid text not null unique,
    primary key ("update", position),
    unique ("update", platform)
) strict, without rowid;

create table update_languages (
    "update" integer not null references updates (id),
    position integer not null,
    language integer not null,
    title text not null,
    description text not null,
    primary key ("update", position),
    unique ("update", language)
) strict, without rowid;
