-- Whether licensed applications of a site prove themselves with bearer tokens alone.

alter table sites add column oauth_only boolean not null default false;
