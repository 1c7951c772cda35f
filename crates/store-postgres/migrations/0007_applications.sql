-- Applications that get access tokens, their credentials, and the keys that sign their tokens.

create table applications (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    client_id text collate "C" not null,
    name text collate "C" not null,
    scopes text collate "C" not null,
    algorithm text collate "C" not null,
    token_life bigint not null,
    audience text collate "C",
    default_storage text collate "C",
    oauth2_path boolean not null,
    scope_array boolean not null,
    endpoint_audience boolean not null,
    disabled boolean not null,
    token_generation bigint not null,
    created_at bigint not null,
    unique (site, client_id)
);

create table application_grants (
    application bigint not null references applications (id),
    position bigint not null,
    storage text collate "C" not null,
    prefix text collate "C" not null,
    access text collate "C" not null,
    primary key (application, position)
);

create table application_products (
    application bigint not null references applications (id),
    product bigint not null references products (id),
    primary key (application, product)
);

create index application_products_by_product on application_products (product);

-- A secret has a digest, a public key is a JWK.
create table application_credentials (
    id bigint generated always as identity primary key,
    application bigint not null references applications (id),
    label text collate "C" not null,
    digest bytea check (length(digest) = 32),
    public_jwk text collate "C",
    created_at bigint not null,
    ends_at bigint,
    tokens_revoked boolean not null,
    last_used_at bigint,
    check ((digest is null) <> (public_jwk is null))
);

create index application_credentials_by_application on application_credentials (application);

create table token_keys (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    algorithm text collate "C" not null,
    public_jwk text collate "C" not null,
    sealed_private_key bytea not null,
    created_at bigint not null
);

create index token_keys_by_site on token_keys (site);

create table revoked_tokens (
    application bigint not null references applications (id),
    jti text collate "C" not null,
    site bigint not null references sites (id),
    ends_at bigint not null,
    primary key (application, jti)
);

create index revoked_tokens_by_end on revoked_tokens (site, ends_at);

create table used_assertions (
    application bigint not null references applications (id),
    digest bytea not null check (length(digest) = 32),
    site bigint not null references sites (id),
    ends_at bigint not null,
    primary key (application, digest)
);

create index used_assertions_by_end on used_assertions (site, ends_at);
