-- The date of the newest request file that activated a license on a device, by the device's clock: a file that gives it back and is
-- older was held back.
alter table activations add column asked_at integer;
