-- How often the store was restored from a backup: 1 for a store that never was.

alter table installation add column epoch bigint not null default 1;
