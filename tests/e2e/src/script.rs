// SPDX-License-Identifier: GPL-2.0

//! The scripts that boards run, `tests/e2e/guest`.

use crate::prelude::*;

/// Directory of the scripts.
pub const SCRIPTS: &str = "tests/e2e/guest";

/// Returns the scripts of these names, one after the other.
///
/// # Errors
///
/// If one of them cannot be read: the current directory has to be that of the project.
pub fn script(names: &[&str]) -> Result<String> {
    names
        .iter()
        .map(|name| {
            let path = format!("{SCRIPTS}/{name}.sh");

            fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
        })
        .collect()
}
