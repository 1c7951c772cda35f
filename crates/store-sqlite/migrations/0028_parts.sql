-- The part of what the site has sold that a credential is limited to: an account, a customer or a license.
alter table api_keys add column account integer references accounts (id);
alter table api_keys add column customer integer references customers (id);
alter table api_keys add column license integer references licenses (id)
    check ((account is not null) + (customer is not null) + (license is not null) <= 1);
alter table applications add column account integer references accounts (id);
alter table applications add column customer integer references customers (id);
alter table applications add column license integer references licenses (id)
    check ((account is not null) + (customer is not null) + (license is not null) <= 1);
