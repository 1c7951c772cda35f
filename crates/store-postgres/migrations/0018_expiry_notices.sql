-- When it is told that licenses expire soon, and of which licenses it was told last.

alter table sites add column expiry_notices text collate "C" not null default '30,7,1';

create table expiry_notices (
    site bigint not null references sites (id),
    -- Days that are left; -1: the last day has passed.
    days_left integer not null,
    day text collate "C" not null,
    license bigint not null,
    primary key (site, days_left)
);

insert into expiry_notices (site, days_left, day, license)
    select site, -1, expired_day, expired_license from event_numbers where expired_day is not null;

alter table event_numbers drop column expired_day;
alter table event_numbers drop column expired_license;
