-- What an event has changed: names of members with the values before and after.

alter table outbox add column changes text;
