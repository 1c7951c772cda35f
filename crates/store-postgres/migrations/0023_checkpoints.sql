-- What receivers are counted to have been told, and when the next checkpoint of each is due.

create table checkpoints (
    endpoint bigint primary key references webhook_endpoints (id) on delete cascade,
    -- Null: none is made by itself.
    due_at bigint,
    number bigint not null default 0,
    sequence bigint not null default 0,
    after bigint not null default 0,
    delivered bigint not null default 0,
    dead bigint not null default 0,
    cancelled bigint not null default 0
);

create index checkpoints_due on checkpoints (due_at) where due_at is not null;
