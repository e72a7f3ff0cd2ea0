// SPDX-License-Identifier: GPL-2.0

//! Names and modules that several modules use.

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
    bench::{
        table,
        write_json, //
    },
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
        tail,
        Console, //
    },
    inspect::{
        self,
        Inspection, //
    },
    lint,
    process::{
        self,
        git,
        made_by,
        output,
        succeeds, //
    },
    script::{
        script,
        SCRIPTS, //
    },
    soak, source,
    suite::{
        Suite,
        Test, //
    },
    tests::{
        engine,
        kunit,
        lifetime, //
    },
};
