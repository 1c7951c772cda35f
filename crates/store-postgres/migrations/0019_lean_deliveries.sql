-- A delivery is written three times on its way: every index less is felt. What is open is counted by receiver and state.

drop index deliveries_open;
drop index deliveries_ended;
create index deliveries_ended on deliveries (site, state, ended_at) where ended_at is not null;
