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
        self,
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
    cargo,
    check::*,
    compile_fail,
    console::{
        missing,
        tail,
        Console,
        CUT_OFF,
        MISSING, //
    },
    coverage, docs, examples,
    inspect::{
        self,
        Inspection, //
    },
    layers, lint, markdown, mutants,
    process::{
        self,
        git,
        made_by,
        output,
        succeeds, //
    },
    record::{
        self,
        Message,
        ROOTS, //
    },
    rust_project, rustdoc,
    samples::{
        self,
        faults, //
    },
    script::{
        script,
        SCRIPTS, //
    },
    soak, source,
    suite::{
        Failures,
        Suite,
        Test,
        JOB_FAILED, //
    },
    tests::{
        engine,
        kunit,
        lifetime, //
    },
    versions, words,
};
