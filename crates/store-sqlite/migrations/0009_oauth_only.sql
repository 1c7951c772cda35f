-- Whether licensed applications of a site prove themselves with bearer tokens alone.

alter table sites add column oauth_only integer not null default 0 check (oauth_only in (0, 1));
