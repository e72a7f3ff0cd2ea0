// SPDX-License-Identifier: GPL-2.0

//! Builds the documentation of the module and of the sample, with rustdoc.

use crate::prelude::*;

/// Directory of the documentation.
pub const DIRECTORY: &str = "out/doc";

/// Builds the documentation, private items included, unless this run has built it.
///
/// # Errors
///
/// The warnings of rustdoc: links to unknown items, for example.
pub fn build() -> Result<()> {
    static BUILT: LazyLock<Result<()>> = LazyLock::new(build_now);

    BUILT
        .as_ref()
        .copied()
        .map_err(|error| anyhow!("{error:#}"))
}

fn build_now() -> Result<()> {
    let command = record::command()?.replacen(" rustc ", " rustdoc ", 1);

    if Path::new(DIRECTORY).exists() {
        fs::remove_dir_all(DIRECTORY)?;
    }
    for root in ROOTS {
        let script = format!(
            "{command} --document-private-items -Dwarnings -Arustdoc::private_intra_doc_links \
             -o {DIRECTORY} {root}"
        );

        succeeds(Command::new("sh").args(["-c", &script]))?;
    }
    Ok(())
}
