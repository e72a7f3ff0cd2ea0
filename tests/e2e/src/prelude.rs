// SPDX-License-Identifier: GPL-2.0

//! Names that nearly every module uses.

pub use anyhow::{
    anyhow,
    bail,
    ensure,
    Context,
    Result, //
};

pub use crate::{
    board::{
        Board,
        Boot,
        Kernel,
        Machine, //
    },
    check::*,
    console::Console,
    script::script,
    suite::{
        Suite,
        Test, //
    },
};
