// SPDX-License-Identifier: GPL-2.0

//! Names that most modules use.

pub use std::{
    collections::{
        BTreeMap,
        BTreeSet, //
    },
    env,
    ffi::OsString,
    fmt::Debug,
    fs,
    path::{
        absolute,
        Path,
        PathBuf, //
    },
    process::{
        Child,
        Command,
        Stdio, //
    },
    sync::{
        Arc,
        LazyLock,
        Mutex, //
    },
    thread,
    time::{
        Duration,
        Instant, //
    }, //
};

pub use anyhow::{
    anyhow,
    bail,
    ensure,
    Context,
    Error,
    Result, //
};
pub use regex::Regex;
pub use serde::{
    Deserialize,
    Serialize, //
};
pub use serde_json::{
    json,
    Value, //
};
pub use tempfile::TempDir;

pub(crate) use crate::{
    board::{
        device_tree,
        Bare,
        Board,
        Boot,
        Kernel,
        Machine,
        MODULE,
        OVERLAY, //
    },
    check::*,
    console::{
        missing,
        Console, //
    },
    inspect::{
        self,
        Inspection, //
    },
    process::{
        git,
        made_by,
        output,
        succeeds, //
    },
    script::script,
    suite::{
        cores,
        Suite,
        Test, //
    },
};
