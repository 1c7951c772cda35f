-- Files by which devices without a connection activate licenses: which were used, and where a license came by one.

alter table activations add column offline boolean not null default false;

create table offline_requests (
    site bigint not null references sites (id),
    request_id text collate "C" not null,
    digest bytea not null check (length(digest) = 32),
    device bigint not null references devices (id),
    done_at bigint not null,
    primary key (site, request_id)
);

create index offline_requests_by_device on offline_requests (device);
