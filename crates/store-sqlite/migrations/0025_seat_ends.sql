-- A seat's end moves with every check of its holder. An index less to move it in: what sweeps ended seats goes through pools, and finds
-- the first end of each in the index that is left.
drop index seats_by_time;
