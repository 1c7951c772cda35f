-- What events say about units: of which feature, if of one, how many, and what was counted with them. The events before did not
-- say it.
alter table outbox add column feature integer;
alter table outbox add column units integer;
alter table outbox add column total integer;
update outbox set units = 0, total = 0 where kind = 'license.units-counted';
