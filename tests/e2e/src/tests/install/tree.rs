// SPDX-License-Identifier: GPL-2.0

//! Content of a directory, to compare it with that before a program ran.

use std::os::unix::fs::PermissionsExt;

use crate::prelude::*;

/// Content of a directory: mode and bytes of each path, where a link's bytes are its target.
#[derive(Default)]
pub struct Tree(BTreeMap<PathBuf, (u32, Vec<u8>)>);

impl Tree {
    /// Reads a directory.
    pub fn of(directory: &Path) -> Result<Self> {
        let mut tree = Self::default();

        tree.add(directory, Path::new(""))?;
        Ok(tree)
    }

    fn add(&mut self, root: &Path, directory: &Path) -> Result<()> {
        for entry in fs::read_dir(root.join(directory))? {
            let path = directory.join(entry?.file_name());
            let file = root.join(&path);
            let about = fs::symlink_metadata(&file)?;
            let bytes = if about.is_symlink() {
                fs::read_link(&file)?.into_os_string().into_encoded_bytes()
            } else if about.is_dir() {
                self.add(root, &path)?;
                vec![]
            } else {
                fs::read(&file)?
            };

            self.0.insert(path, (about.permissions().mode(), bytes));
        }
        Ok(())
    }

    /// Returns the files that are not in `before`. Their paths begin with `lib`, not `usr/lib`.
    pub fn new_files(&self, before: &Self) -> BTreeSet<String> {
        const DIRECTORY: u32 = 0o040000;

        let is_new = |(path, (mode, _)): &(&PathBuf, &(u32, Vec<u8>))| {
            mode & 0o170000 != DIRECTORY && !before.0.contains_key(*path)
        };
        let new = self.0.iter().filter(is_new);

        new.map(|(path, _)| path.strip_prefix("usr").unwrap_or(path))
            .map(|path| path.to_string_lossy().into_owned())
            .collect()
    }

    /// Checks that `after` has the same paths, modes and bytes.
    pub fn expect_same(&self, after: &Self) -> Result<()> {
        let paths: BTreeSet<_> = self.0.keys().chain(after.0.keys()).collect();
        let changed = paths
            .iter()
            .filter(|path| self.0.get(**path) != after.0.get(**path));
        let changed: Vec<_> = changed.map(|path| path.to_string_lossy()).collect();

        expect_none("changed paths", changed.iter().map(|it| &**it))
    }
}
