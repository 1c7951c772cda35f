-- What deliveries have in common of which a receiver needs only the last one.

alter table deliveries add column topic text;
create index deliveries_on_topic on deliveries (endpoint, topic) where topic is not null and ended_at is null;
