// SPDX-License-Identifier: GPL-2.0

//! The driver's program planner and the PL330 interpreter of `tests/host`, from the same files.

#![allow(
    dead_code,
    unused_imports,
    clippy::precedence,
    reason = "the driver and its tests use all of it"
)]

#[path = "../../../host/src/model/mod.rs"]
pub(super) mod model;
#[path = "../../../../pl330/program/mod.rs"]
pub(super) mod program;
