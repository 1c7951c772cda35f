-- What receivers are counted to have been told, and when the next checkpoint of each is due.

create table checkpoints (
    endpoint integer primary key references webhook_endpoints (id) on delete cascade,
    -- Null: none is made by itself.
    due_at integer,
    number integer not null default 0,
    sequence integer not null default 0,
    after integer not null default 0,
    delivered integer not null default 0,
    dead integer not null default 0,
    cancelled integer not null default 0
) strict;

create index checkpoints_due on checkpoints (due_at) where due_at is not null;
