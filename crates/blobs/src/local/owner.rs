//! Whose the files of a storage are.
//!
//! A command that an administrator runs beside the server of another user makes files that only the administrator can
//! read. They are given to the owner of the storage, so that the server can read and delete them.

#[cfg(unix)]
pub(super) use unix::Owner;

#[cfg(not(unix))]
pub(super) use elsewhere::Owner;

#[cfg(unix)]
mod unix {
    use std::fs::{self, File, Metadata};
    use std::io;
    use std::os::unix::fs::{MetadataExt, fchown, lchown};
    use std::path::Path;

    /// A user and a group.
    #[derive(Clone, Copy)]
    pub(in crate::local) struct Owner {
        user: u32,
        group: u32,
    }

    impl Owner {
        /// The owner of a directory.
        pub(in crate::local) fn of(directory: &Path) -> io::Result<Self> {
            let metadata = fs::metadata(directory)?;
            Ok(Self { user: metadata.uid(), group: metadata.gid() })
        }

        /// Gives the owner a file that this process has just made.
        pub(in crate::local) fn take_file(self, file: &File) -> io::Result<()> {
            if self.has(&file.metadata()?) {
                return Ok(());
            }
            fchown(file, Some(self.user), Some(self.group)).map_err(|error| self.refused(&error))
        }

        /// Gives the owner a directory that this process has just made. Should somebody have put a link in its place
        /// meanwhile, the link is given away and not what it points to.
        pub(in crate::local) fn take_directory(self, path: &Path) -> io::Result<()> {
            if self.has(&fs::symlink_metadata(path)?) {
                return Ok(());
            }
            lchown(path, Some(self.user), Some(self.group)).map_err(|error| self.refused(&error))
        }

        /// Whether the owner can use a thing as it is: because it is theirs, or because they are the superuser, who
        /// reads everything, and whose directory says nothing about whose the files in it are.
        fn has(self, thing: &Metadata) -> bool {
            self.user == 0 || self.user == thing.uid()
        }

        fn refused(self, error: &io::Error) -> io::Error {
            let text = format!("cannot give it to user {}, the owner of the directory: {error}", self.user);
            io::Error::new(error.kind(), text)
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    /// Other systems have no owner that has to be set: what may be done with a file is inherited from its directory.
    #[derive(Clone, Copy)]
    pub(in crate::local) struct Owner;

    impl Owner {
        pub(in crate::local) fn of(_directory: &Path) -> io::Result<Self> {
            Ok(Self)
        }

        pub(in crate::local) fn take_file(self, _file: &File) -> io::Result<()> {
            Ok(())
        }

        pub(in crate::local) fn take_directory(self, _path: &Path) -> io::Result<()> {
            Ok(())
        }
    }
}
