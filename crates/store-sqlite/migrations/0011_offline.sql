-- Files by which devices without a connection activate licenses: which were used, and where a license came by one.

alter table activations add column offline integer not null default 0 check (offline in (0, 1));

create table offline_requests (
    site integer not null references sites (id),
    request_id text not null,
    digest blob not null check (length(digest) = 32),
    device integer not null references devices (id),
    done_at integer not null,
    primary key (site, request_id)
) strict, without rowid;

create index offline_requests_by_device on offline_requests (device);
