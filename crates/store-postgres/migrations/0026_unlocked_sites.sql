-- What is written all the time does not refer to its site any more: each such row locked the row of the site, which is one for
-- all units, and who met there had to be written down. A site is deleted by the unit that has inserted it alone, before anything
-- belongs to it.
alter table outbox drop constraint outbox_site_fkey;
alter table devices drop constraint devices_site_fkey;
alter table device_events drop constraint device_events_site_fkey;
alter table status_reports drop constraint status_reports_site_fkey;
