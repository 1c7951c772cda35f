-- Seats of floating licenses and of their features; feature 0 is the license itself. How many a pool has is counted along:
-- rows of seats that have ended count until they are removed.

create table seats (
    id bigint generated always as identity primary key,
    license bigint not null references licenses (id),
    feature bigint not null,
    device bigint not null references devices (id),
    taken_at bigint not null,
    seen_at bigint not null,
    ends_at bigint not null,
    borrowed_until bigint,
    unique (license, feature, device)
);

create index seats_by_end on seats (license, feature, ends_at);
create index seats_by_license on seats (license, id);
create index seats_by_time on seats (ends_at);

create table seat_counts (
    license bigint not null references licenses (id),
    feature bigint not null,
    seats bigint not null check (seats >= 0),
    primary key (license, feature)
);

-- Who was refused a seat: one row for each hour and reason.
create table seat_denials (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    license bigint not null references licenses (id),
    feature bigint not null,
    device bigint not null references devices (id),
    reason text collate "C" not null,
    hour bigint not null,
    first_at bigint not null,
    last_at bigint not null,
    times bigint not null check (times > 0),
    unique (license, feature, device, reason, hour)
);

create index seat_denials_by_site on seat_denials (site, id);
create index seat_denials_by_license on seat_denials (license, id);
create index seat_denials_by_time on seat_denials (site, hour);
