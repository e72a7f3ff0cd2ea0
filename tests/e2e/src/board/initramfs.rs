// SPDX-License-Identifier: GPL-2.0

//! The root file system of a boot: busybox, init, the script and files.

use std::io::Write;

use cpio::newc::{
    self,
    ModeFileType, //
};

use crate::prelude::*;

/// Init script of all boots.
const INIT: &str = include_str!("../../guest/init");

/// Writes the file system, as a cpio archive, to `path`.
pub fn write(busybox: &Path, script: &str, files: &[PathBuf], path: &Path) -> Result<()> {
    let mut archive = vec![];

    for directory in ["bin", "dev", "proc", "sys", "tmp"] {
        add(&mut archive, directory, None)?;
    }
    add(&mut archive, "bin/busybox", Some(&fs::read(busybox)?))?;
    add(&mut archive, "init", Some(INIT.as_bytes()))?;
    add(&mut archive, "script", Some(script.as_bytes()))?;
    for file in files {
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .with_context(|| format!("{} has no name", file.display()))?;
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;

        add(&mut archive, name, Some(&bytes))?;
    }
    newc::trailer(&mut archive)?;
    fs::write(path, archive)?;
    Ok(())
}

/// Adds an executable file with these bytes, or a directory, to a cpio archive.
fn add(archive: &mut Vec<u8>, name: &str, bytes: Option<&[u8]>) -> Result<()> {
    let kind = bytes.map_or(ModeFileType::Directory, |_| ModeFileType::Regular);
    let bytes = bytes.unwrap_or_default();
    let mut entry = newc::Builder::new(name)
        .mode(0o755)
        .set_mode_file_type(kind)
        .write(&mut *archive, u32::try_from(bytes.len())?);

    entry.write_all(bytes)?;
    entry.finish()?;
    Ok(())
}
