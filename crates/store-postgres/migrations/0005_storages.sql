-- Named storages: folders, files, versions and the bytes that they name; uploads that were refused a moment ago.

create table storages (
    id bigint generated always as identity primary key,
    site bigint not null references sites (id),
    name text collate "C" not null,
    kind text collate "C" not null,
    directory text collate "C",
    endpoint text collate "C",
    region text collate "C",
    bucket text collate "C",
    prefix text collate "C",
    sealed_credentials bytea,
    versioned boolean not null,
    quota bigint check (quota >= 0),
    used bigint not null default 0 check (used >= 0),
    created_at bigint not null,
    unique (site, name)
);

-- The root of a storage has no parent, like a folder that was taken out of the tree to be emptied.
create table storage_folders (
    id bigint generated always as identity primary key,
    storage bigint not null references storages (id),
    parent bigint references storage_folders (id),
    name text collate "C" not null,
    reach bigint not null default 0,
    state text collate "C" not null check (state in ('root', 'tree', 'detached')),
    created_at bigint not null,
    unique (parent, name),
    check ((parent is null) = (state <> 'tree'))
);

create index storage_folders_by_storage on storage_folders (storage);
create unique index storage_folders_by_root on storage_folders (storage) where state = 'root';
create index storage_folders_by_detached on storage_folders (storage, id) where state = 'detached';

create table storage_objects (
    id bigint generated always as identity primary key,
    storage bigint not null references storages (id),
    sha256 bytea not null check (length(sha256) = 32),
    md5 bytea not null check (length(md5) = 16),
    size bigint not null check (size >= 0),
    object_key text collate "C" not null unique,
    created_at bigint not null,
    unique (storage, sha256)
);

create index storage_objects_by_storage on storage_objects (storage, id);

create table storage_files (
    id bigint generated always as identity primary key,
    storage bigint not null references storages (id),
    folder bigint not null references storage_folders (id),
    name text collate "C" not null,
    created_at bigint not null,
    unique (folder, name)
);

create index storage_files_by_storage on storage_files (storage);

-- The latest version of a file is the one that was not replaced.
create table storage_versions (
    id bigint generated always as identity primary key,
    storage bigint not null references storages (id),
    file bigint not null references storage_files (id),
    object bigint not null references storage_objects (id),
    media_type text collate "C",
    created_at bigint not null,
    replaced_at bigint
);

create index storage_versions_by_file on storage_versions (file, id);
create unique index storage_versions_by_latest on storage_versions (file) where replaced_at is null;
create index storage_versions_by_object on storage_versions (object);
create index storage_versions_by_replacement on storage_versions (storage, replaced_at);

create table refused_uploads (
    site bigint not null references sites (id),
    client text collate "C" not null,
    storage text collate "C" not null,
    path text collate "C" not null,
    ends_at bigint not null,
    primary key (site, client, storage, path)
);

create index refused_uploads_by_end on refused_uploads (site, ends_at);
