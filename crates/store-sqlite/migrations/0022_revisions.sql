-- Revisions: numbers that show whether anything has changed that a check of a license tells of: the license with its features and
-- activations, its product with its releases, its customer. Triggers count them up, so that no statement can forget to;
-- statements that run often do it themselves.
alter table licenses add column revision integer not null default 0;
alter table products add column revision integer not null default 0;
alter table customers add column revision integer not null default 0;

create trigger licenses_revision after update on licenses when new.revision = old.revision begin
    update licenses set revision = revision + 1 where id = new.id;
end;

create trigger products_revision after update on products when new.revision = old.revision begin
    update products set revision = revision + 1 where id = new.id;
end;

create trigger customers_revision after update on customers when new.revision = old.revision begin
    update customers set revision = revision + 1 where id = new.id;
end;

create trigger license_features_insert after insert on license_features begin
    update licenses set revision = revision + 1 where id = new.license;
end;

create trigger license_features_update after update on license_features begin
    update licenses set revision = revision + 1 where id = new.license;
end;

create trigger license_features_delete after delete on license_features begin
    update licenses set revision = revision + 1 where id = old.license;
end;

create trigger activations_update after update on activations begin
    update licenses set revision = revision + 1 where id = new.license;
end;

create trigger versions_insert after insert on versions begin
    update products set revision = revision + 1 where id = new.product;
end;

create trigger versions_update after update on versions begin
    update products set revision = revision + 1 where id = new.product;
end;

create trigger versions_delete after delete on versions begin
    update products set revision = revision + 1 where id = old.product;
end;
