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
        add(&mut archive, directory, ModeFileType::Directory, &[])?;
    }
    add_file(&mut archive, "bin/busybox", &fs::read(busybox)?)?;
    add_file(&mut archive, "init", INIT.as_bytes())?;
    add_file(&mut archive, "script", script.as_bytes())?;
    for file in files {
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .with_context(|| format!("{} has no name", file.display()))?;
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;

        add_file(&mut archive, name, &bytes)?;
    }
    newc::trailer(&mut archive)?;
    fs::write(path, archive)?;
    Ok(())
}

fn add_file(archive: &mut Vec<u8>, name: &str, bytes: &[u8]) -> Result<()> {
    add(archive, name, ModeFileType::Regular, bytes)
}

/// Adds an executable file or a directory to a cpio archive.
fn add(archive: &mut Vec<u8>, name: &str, kind: ModeFileType, bytes: &[u8]) -> Result<()> {
    let mut entry = newc::Builder::new(name)
        .mode(0o755)
        .set_mode_file_type(kind)
        .write(&mut *archive, u32::try_from(bytes.len())?);

    entry.write_all(bytes)?;
    entry.finish()?;
    Ok(())
}
