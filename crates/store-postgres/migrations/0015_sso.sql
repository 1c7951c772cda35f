-- The OpenID provider of an account; the client secret is sealed.

create table sso_providers (
    account bigint primary key references accounts (id),
    settings text collate "C" not null,
    sealed bytea,
    changed_at bigint not null
);
