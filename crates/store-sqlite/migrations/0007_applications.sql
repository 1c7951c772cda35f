-- Applications that get access tokens, their credentials, and the keys that sign their tokens.

create table applications (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    client_id text not null,
    name text not null,
    scopes text not null,
    algorithm text not null,
    token_life integer not null,
    audience text,
    default_storage text,
    oauth2_path integer not null check (oauth2_path in (0, 1)),
    scope_array integer not null check (scope_array in (0, 1)),
    endpoint_audience integer not null check (endpoint_audience in (0, 1)),
    disabled integer not null check (disabled in (0, 1)),
    token_generation integer not null,
    created_at integer not null,
    unique (site, client_id)
) strict;

create table application_grants (
    application integer not null references applications (id),
    position integer not null,
    storage text not null,
    prefix text not null,
    access text not null,
    primary key (application, position)
) strict, without rowid;

create table application_products (
    application integer not null references applications (id),
    product integer not null references products (id),
    primary key (application, product)
) strict, without rowid;

create index application_products_by_product on application_products (product);

-- A secret has a digest, a public key is a JWK.
create table application_credentials (
    id integer primary key autoincrement,
    application integer not null references applications (id),
    label text not null,
    digest blob check (length(digest) = 32),
    public_jwk text,
    created_at integer not null,
    ends_at integer,
    tokens_revoked integer not null check (tokens_revoked in (0, 1)),
    last_used_at integer,
    check ((digest is null) <> (public_jwk is null))
) strict;

create index application_credentials_by_application on application_credentials (application);

create table token_keys (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    algorithm text not null,
    public_jwk text not null,
    sealed_private_key blob not null,
    created_at integer not null
) strict;

create index token_keys_by_site on token_keys (site);

create table revoked_tokens (
    application integer not null references applications (id),
    jti text not null,
    site integer not null references sites (id),
    ends_at integer not null,
    primary key (application, jti)
) strict, without rowid;

create index revoked_tokens_by_end on revoked_tokens (site, ends_at);

create table used_assertions (
    application integer not null references applications (id),
    digest blob not null check (length(digest) = 32),
    site integer not null references sites (id),
    ends_at integer not null,
    primary key (application, digest)
) strict, without rowid;

create index used_assertions_by_end on used_assertions (site, ends_at);
