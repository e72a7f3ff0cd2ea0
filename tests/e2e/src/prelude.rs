// SPDX-License-Identifier: GPL-2.0

//! Names that most modules use.

pub use std::{
    collections::{
        BTreeMap,
        BTreeSet, //
    },
    fs,
    path::{
        Path,
        PathBuf, //
    },
    process::Command,
    time::Duration, //
};

pub use anyhow::{
    anyhow,
    bail,
    ensure,
    Context,
    Result, //
};
pub use serde_json::{
    json,
    Value, //
};
pub use tempfile::TempDir;

pub use crate::{
    board::{
        Board,
        Boot,
        Kernel,
        Machine, //
    },
    check::*,
    console::Console,
    process::{
        made_by,
        output,
        succeeds, //
    },
    script::script,
    suite::{
        Suite,
        Test, //
    },
};
