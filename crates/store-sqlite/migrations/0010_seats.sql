-- Seats of floating licenses and of their features; feature 0 is the license itself. How many a pool has is counted along:
-- rows of seats that have ended count until they are removed.

create table seats (
    id integer primary key autoincrement,
    license integer not null references licenses (id),
    feature integer not null,
    device integer not null references devices (id),
    taken_at integer not null,
    seen_at integer not null,
    ends_at integer not null,
    borrowed_until integer,
    unique (license, feature, device)
) strict;

create index seats_by_end on seats (license, feature, ends_at);
create index seats_by_license on seats (license);
create index seats_by_time on seats (ends_at);

create table seat_counts (
    license integer not null references licenses (id),
    feature integer not null,
    seats integer not null check (seats >= 0),
    primary key (license, feature)
) strict, without rowid;

-- Who was refused a seat: one row for each hour and reason.
create table seat_denials (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    license integer not null references licenses (id),
    feature integer not null,
    device integer not null references devices (id),
    reason text not null,
    hour integer not null,
    first_at integer not null,
    last_at integer not null,
    times integer not null check (times > 0),
    unique (license, feature, device, reason, hour)
) strict;

create index seat_denials_by_site on seat_denials (site);
create index seat_denials_by_license on seat_denials (license);
create index seat_denials_by_time on seat_denials (site, hour);

-- The last jump of the clock: the times before and after it.
alter table high_water add column jumped_from integer;
alter table high_water add column jumped_to integer;
