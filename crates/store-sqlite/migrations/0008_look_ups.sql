-- One of the licenses that are activated on a device; null when there is none. Most devices have one: it is found with the
-- device's row, and not on a page of its own. Triggers keep it, so that no statement can forget to.
alter table devices add column license integer;

update devices set license = (select min(license) from activations where device = devices.id);

create trigger activations_insert after insert on activations begin
    update devices set license = new.license where id = new.device and license is null;
end;

create trigger activations_delete after delete on activations begin
    update devices set license = (select min(license) from activations where device = old.device)
    where id = old.device and license = old.license;
end;
