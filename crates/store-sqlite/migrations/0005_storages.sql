-- Named storages: folders, files, versions and the bytes that they name; uploads that were refused a moment ago.

create table storages (
    id integer primary key autoincrement,
    site integer not null references sites (id),
    name text not null,
    kind text not null,
    directory text,
    endpoint text,
    region text,
    bucket text,
    prefix text,
    sealed_credentials blob,
    versioned integer not null check (versioned in (0, 1)),
    quota integer check (quota >= 0),
    used integer not null default 0 check (used >= 0),
    created_at integer not null,
    unique (site, name)
) strict;

-- The root of a storage has no parent, like a folder that was taken out of the tree to be emptied.
create table storage_folders (
    id integer primary key autoincrement,
    storage integer not null references storages (id),
    parent integer references storage_folders (id),
    name text not null,
    reach integer not null default 0,
    state text not null check (state in ('root', 'tree', 'detached')),
    created_at integer not null,
    unique (parent, name),
    check ((parent is null) = (state <> 'tree'))
) strict;

create index storage_folders_by_storage on storage_folders (storage);
create unique index storage_folders_by_root on storage_folders (storage) where state = 'root';
create index storage_folders_by_detached on storage_folders (storage, id) where state = 'detached';

create table storage_objects (
    id integer primary key autoincrement,
    storage integer not null references storages (id),
    sha256 blob not null check (length(sha256) = 32),
    md5 blob not null check (length(md5) = 16),
    size integer not null check (size >= 0),
    object_key text not null unique,
    created_at integer not null,
    unique (storage, sha256)
) strict;

create index storage_objects_by_storage on storage_objects (storage, id);

create table storage_files (
    id integer primary key autoincrement,
    storage integer not null references storages (id),
    folder integer not null references storage_folders (id),
    name text not null,
    created_at integer not null,
    unique (folder, name)
) strict;

create index storage_files_by_storage on storage_files (storage);

-- The latest version of a file is the one that was not replaced.
create table storage_versions (
    id integer primary key autoincrement,
    storage integer not null references storages (id),
    file integer not null references storage_files (id),
    object integer not null references storage_objects (id),
    media_type text,
    created_at integer not null,
    replaced_at integer
) strict;

create index storage_versions_by_file on storage_versions (file, id);
create unique index storage_versions_by_latest on storage_versions (file) where replaced_at is null;
create index storage_versions_by_object on storage_versions (object);
create index storage_versions_by_replacement on storage_versions (storage, replaced_at);

create table refused_uploads (
    site integer not null references sites (id),
    client text not null,
    storage text not null,
    path text not null,
    ends_at integer not null,
    primary key (site, client, storage, path)
) strict, without rowid;

create index refused_uploads_by_end on refused_uploads (site, ends_at);
