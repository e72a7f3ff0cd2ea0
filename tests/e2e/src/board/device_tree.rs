// SPDX-License-Identifier: GPL-2.0

//! Device trees with overlays.

use crate::prelude::*;

/// Returns the tree `board` with the overlays applied, compiled or not; `work` is for the files.
pub fn merge(board: PathBuf, overlays: &[PathBuf], work: &Path) -> Result<PathBuf> {
    let merged = work.join("board.dtb");
    let mut compiled = vec![];

    if overlays.is_empty() {
        return Ok(board);
    }
    for (index, overlay) in overlays.iter().enumerate() {
        compiled.push(compile(overlay, work.join(format!("{index}.dtbo")))?);
    }
    succeeds(
        Command::new("fdtoverlay")
            .arg("-i")
            .arg(board)
            .arg("-o")
            .arg(&merged)
            .args(compiled),
    )?;
    Ok(merged)
}

/// Compiles `overlay` to `output`, unless it is compiled, and returns the file.
pub fn compile(overlay: &Path, output: PathBuf) -> Result<PathBuf> {
    if overlay.extension().is_some_and(|it| it == "dtbo") {
        return Ok(overlay.into());
    }
    succeeds(
        Command::new("dtc")
            .args(["-@", "-q", "-I", "dts", "-O", "dtb", "-o"])
            .arg(&output)
            .arg(overlay),
    )?;
    Ok(output)
}
