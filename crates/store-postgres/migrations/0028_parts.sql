-- The part of what the site has sold that a credential is limited to: an account, a customer or a license.
alter table api_keys
    add column account bigint references accounts (id),
    add column customer bigint references customers (id),
    add column license bigint references licenses (id),
    add check (num_nonnulls(account, customer, license) <= 1);
alter table applications
    add column account bigint references accounts (id),
    add column customer bigint references customers (id),
    add column license bigint references licenses (id),
    add check (num_nonnulls(account, customer, license) <= 1);
