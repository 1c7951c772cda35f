-- One-time keys with which devices behind an air gap prove that they were given the code of a license. The private half is
-- shown once and kept nowhere.

create table air_gap_codes (
    id bigint generated always as identity primary key,
    license bigint not null references licenses (id),
    public_key bytea not null check (length(public_key) = 64),
    made_at bigint not null
);

create index air_gap_codes_by_license on air_gap_codes (license, made_at);
