-- Numbers of events, receivers of webhooks, and what is on its way.

alter table outbox add column sequence bigint;

create index outbox_unnumbered on outbox (id) where sequence is null;
create unique index outbox_by_sequence on outbox (site, sequence) where sequence is not null;

create table event_numbers (
    site bigint primary key references sites (id),
    last bigint not null,
    -- The last license that was told to have expired, by its last day.
    expired_day text collate "C",
    expired_license bigint not null default 0
);

create index licenses_by_end on licenses (site, end_date, id) where end_date is not null;

create table webhook_endpoints (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    name text collate "C" not null,
    url text collate "C" not null,
    settings text collate "C" not null,
    sealed_authorization bytea,
    state text collate "C" not null,
    failing_since bigint,
    failing_first bigint,
    failures bigint not null default 0,
    failing_lasts boolean not null default false,
    told bigint not null default 0,
    paused_until bigint,
    after_event bigint not null,
    revision bigint not null,
    created_at bigint not null,
    changed_at bigint not null,
    unique (site, name)
);

create index webhook_endpoints_by_state on webhook_endpoints (state, id);

create table webhook_secrets (
    id bigint generated always as identity primary key,
    endpoint bigint not null references webhook_endpoints (id),
    kind text collate "C" not null,
    sealed bytea not null,
    created_at bigint not null,
    ends_at bigint
);

create index webhook_secrets_by_endpoint on webhook_secrets (endpoint, id);

-- The settings of the event service as its clients know them, sealed as a whole.
create table event_services (
    site bigint primary key references sites (id),
    sealed bytea not null
);

create table deliveries (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    endpoint bigint not null references webhook_endpoints (id),
    event bigint not null,
    sequence bigint not null,
    event_type text collate "C" not null,
    source text collate "C" not null,
    entity text collate "C" not null,
    lane text collate "C",
    state text collate "C" not null,
    attempts bigint not null,
    manual text collate "C",
    claim bigint not null,
    due_at bigint not null,
    created_at bigint not null,
    ended_at bigint,
    body bytea not null,
    unique (event, endpoint),
    check ((ended_at is null) = (state in ('queued', 'waiting')))
);

create index deliveries_due on deliveries (endpoint, due_at, id) where state = 'queued';
create index deliveries_in_lane on deliveries (endpoint, lane, sequence) where lane is not null;
create index deliveries_by_state on deliveries (endpoint, state, id, created_at);
create index deliveries_by_endpoint on deliveries (endpoint, id);
create index deliveries_open on deliveries (created_at) where ended_at is null;
create index deliveries_ended on deliveries (site, state, ended_at);
create index deliveries_manual on deliveries (endpoint, manual) where manual is not null;

create table delivery_attempts (
    delivery bigint not null references deliveries (id),
    number bigint not null,
    reason text collate "C" not null,
    at bigint not null,
    duration bigint not null,
    outcome text collate "C" not null,
    status bigint,
    address text collate "C" not null,
    tls text collate "C" not null,
    excerpt bytea not null,
    error text collate "C" not null,
    primary key (delivery, number)
);

create table recoveries (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    endpoint bigint not null references webhook_endpoints (id),
    since bigint not null,
    until bigint not null,
    from_state text collate "C" not null,
    state text collate "C" not null,
    after bigint not null,
    queued bigint not null,
    created_at bigint not null
);

create index recoveries_by_state on recoveries (state, id);
create index recoveries_by_site on recoveries (site);
create index recoveries_by_endpoint on recoveries (endpoint);
