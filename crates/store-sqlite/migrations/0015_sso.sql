-- The OpenID provider of an account; the client secret is sealed.

create table sso_providers (
    account integer primary key references accounts (id),
    settings text not null,
    sealed blob,
    changed_at integer not null
) strict;
