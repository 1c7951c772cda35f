-- What events say about units: of which feature, if of one, how many, and what was counted with them. The events before did not
-- say it.
alter table outbox add column feature bigint;
alter table outbox add column units bigint;
alter table outbox add column total bigint;
update outbox set units = 0, total = 0 where kind = 'license.units-counted';
