-- Revisions: numbers that show whether anything has changed that a check of a license tells of: the license with its features and
-- activations, its product with its releases, its customer. Triggers count them up, so that no statement can forget to;
-- statements that run often do it themselves.
alter table licenses add column revision bigint not null default 0;
alter table products add column revision bigint not null default 0;
alter table customers add column revision bigint not null default 0;

create function count_revision() returns trigger language plpgsql as $$
begin
    new.revision := old.revision + 1;
    return new;
end
$$;

create trigger licenses_revision before update on licenses for each row
    when (new.revision = old.revision) execute function count_revision();
create trigger products_revision before update on products for each row
    when (new.revision = old.revision) execute function count_revision();
create trigger customers_revision before update on customers for each row
    when (new.revision = old.revision) execute function count_revision();

create function count_license_revision() returns trigger language plpgsql as $$
begin
    update licenses set revision = revision + 1 where id = coalesce(new.license, old.license);
    return null;
end
$$;

create trigger license_features_revision after insert or update or delete on license_features for each row
    execute function count_license_revision();
create trigger activations_revision after update on activations for each row execute function count_license_revision();

create function count_product_revision() returns trigger language plpgsql as $$
begin
    update products set revision = revision + 1 where id = coalesce(new.product, old.product);
    return null;
end
$$;

create trigger versions_revision after insert or update or delete on versions for each row
    execute function count_product_revision();
