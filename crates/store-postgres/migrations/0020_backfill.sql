-- Tasks that tell a receiver what there is: which kind they have come to, and what of it waits.

alter table recoveries add column backfill text collate "C";
create index deliveries_snapshots on deliveries (endpoint) where event < 0 and ended_at is null;
