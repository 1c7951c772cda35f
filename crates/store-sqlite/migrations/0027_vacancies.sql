-- How often a license was taken off a device without being activated again since: each of these activations on another device
-- than the last one is a transfer. Whether it was, one bit for all devices, was forgotten with the first of them.
alter table licenses add column vacancies integer not null default 0 check (vacancies >= 0);
update licenses set vacancies = 1 where released = 1;
alter table licenses drop column released;
