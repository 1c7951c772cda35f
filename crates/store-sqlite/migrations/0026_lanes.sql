-- Deliveries that wait for each other are a chain: each that waits knows the one before it, and of each lane the last one is known.
-- An index by lane was as large as all that waits, and each delivery that ended changed a page of it somewhere.
alter table deliveries add column after integer;

create table delivery_lanes (
    endpoint integer not null references webhook_endpoints (id) on delete cascade,
    lane text not null,
    last integer not null,
    primary key (endpoint, lane)
) strict, without rowid;

update deliveries set after = chain.before from
    (select id, lag(id) over (partition by endpoint, lane order by sequence, id) as before from deliveries
        where lane is not null) chain
    where chain.id = deliveries.id and chain.before is not null;

insert into delivery_lanes (endpoint, lane, last)
    select endpoint, lane, id from
        (select endpoint, lane, id, row_number() over (partition by endpoint, lane order by sequence desc, id desc) as place
            from deliveries where lane is not null)
    where place = 1;

drop index deliveries_in_lane;
create index deliveries_after on deliveries (after) where after is not null;
