-- Numbers of events, receivers of webhooks, and what is on its way.

alter table outbox add column sequence integer;

-- Equal keys lie in the order of the row ids.
create index outbox_unnumbered on outbox (sequence) where sequence is null;
create unique index outbox_by_sequence on outbox (site, sequence) where sequence is not null;

create table event_numbers (
    site integer primary key references sites (id),
    last integer not null,
    -- The last license that was told to have expired, by its last day.
    expired_day text,
    expired_license integer not null default 0
) strict;

create index licenses_by_end on licenses (site, end_date) where end_date is not null;

create table webhook_endpoints (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    name text not null,
    url text not null,
    settings text not null,
    sealed_authorization blob,
    state text not null,
    failing_since integer,
    failing_first integer,
    failures integer not null default 0,
    failing_lasts integer not null default 0 check (failing_lasts in (0, 1)),
    told integer not null default 0,
    paused_until integer,
    after_event integer not null,
    revision integer not null,
    created_at integer not null,
    changed_at integer not null,
    unique (site, name)
) strict;

create index webhook_endpoints_by_state on webhook_endpoints (state, id);

create table webhook_secrets (
    id integer primary key autoincrement,
    endpoint integer not null references webhook_endpoints (id),
    kind text not null,
    sealed blob not null,
    created_at integer not null,
    ends_at integer
) strict;

create index webhook_secrets_by_endpoint on webhook_secrets (endpoint, id);

-- The settings of the event service as its clients know them, sealed as a whole.
create table event_services (
    site integer primary key references sites (id),
    sealed blob not null
) strict;

create table deliveries (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    endpoint integer not null references webhook_endpoints (id),
    event integer not null,
    sequence integer not null,
    event_type text not null,
    source text not null,
    entity text not null,
    lane text,
    state text not null,
    attempts integer not null,
    manual text,
    claim integer not null,
    due_at integer not null,
    created_at integer not null,
    ended_at integer,
    body blob not null,
    unique (event, endpoint),
    check ((ended_at is null) = (state in ('queued', 'waiting')))
) strict;

create index deliveries_due on deliveries (endpoint, due_at, id) where state = 'queued';
create index deliveries_in_lane on deliveries (endpoint, lane, sequence) where lane is not null;
create index deliveries_by_state on deliveries (endpoint, state, id, created_at);
create index deliveries_by_endpoint on deliveries (endpoint);
create index deliveries_open on deliveries (created_at) where ended_at is null;
create index deliveries_ended on deliveries (site, state, ended_at);
create index deliveries_manual on deliveries (endpoint, manual) where manual is not null;

create table delivery_attempts (
    delivery integer not null references deliveries (id),
    number integer not null,
    reason text not null,
    at integer not null,
    duration integer not null,
    outcome text not null,
    status integer,
    address text not null,
    tls text not null,
    excerpt blob not null,
    error text not null,
    primary key (delivery, number)
) strict, without rowid;

create table recoveries (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    endpoint integer not null references webhook_endpoints (id),
    since integer not null,
    until integer not null,
    from_state text not null,
    state text not null,
    after integer not null,
    queued integer not null,
    created_at integer not null
) strict;

create index recoveries_by_state on recoveries (state, id);
create index recoveries_by_site on recoveries (site);
create index recoveries_by_endpoint on recoveries (endpoint);
