// SPDX-License-Identifier: GPL-2.0

//! Tests of the driver's PL330 program generator, and of its arithmetic for scatter-gather, that need no
//! kernel and no hardware.
//!
//! The generator, `pl330/insn.rs`, `pl330/disasm.rs` and `pl330/program`, uses `core` alone. It is compiled here a
//! second time, from the same files, and what it emits is run by an interpreter of channel
//! programs, `model`, that was written from the architecture and not from the generator. A program
//! has to leave memory as it should and to keep rules that memory does not show: the channel's part
//! of the MFIFO, barriers, security, the shape of loops.
//!
//! So is `sg/split.rs`, which makes entries of pieces of memory, and `sg/overlay.rs`, which finds bytes in
//! entries and segments. They are compared with models that go byte by byte.
//!
//! Run `cargo test` in this folder. `PROPTEST_CASES=10000 cargo test` looks harder, and so does, with
//! a nightly compiler and cargo-fuzz, `cargo +nightly fuzz run plan`.
//!
//! - `tests/encodings.rs`: each instruction, byte for byte, and the limits of the assembler;
//! - `tests/disasm.rs`: back from bytes to instructions, and their text;
//! - `tests/copy.rs`: copies of any length, alignment and bus, run by the model;
//! - `tests/plan.rs`: the same for fills, rows and lists, in as many programs as it takes;
//! - `tests/locate.rs`: which segment or row an instruction belongs to;
//! - `tests/refuse.rs`: what there is no program for;
//! - `tests/cost.rs`: how many bursts and how many bytes of program there are;
//! - `tests/together.rs`: eight channels at once;
//! - `tests/model.rs`: the model itself, on programs written by hand: what each instruction does;
//! - `tests/verdicts.rs`: the same for each rule: a program that breaks it is refused;
//! - `tests/split.rs`: pieces of memory, joined and cut as a device wants them;
//! - `tests/overlay.rs`: bytes that are cut in two ways, and ranges of them.

// The driver uses all of it, these tests need not.
#[cfg(test)]
#[allow(dead_code)]
#[path = "../../../pl330/disasm.rs"]
mod disasm;
#[cfg(test)]
#[allow(dead_code)]
#[path = "../../../pl330/insn.rs"]
mod insn;
#[cfg(test)]
#[path = "../../../sg/overlay.rs"]
mod overlay;
#[cfg(test)]
#[allow(dead_code)]
#[path = "../../../pl330/program/mod.rs"]
mod program;
#[cfg(test)]
#[path = "../../../sg/split.rs"]
mod split;

#[cfg(test)]
mod model;

#[cfg(test)]
#[path = "../tests/copy.rs"]
mod copy_tests;
#[cfg(test)]
#[path = "../tests/cost.rs"]
mod cost_tests;
#[cfg(test)]
#[path = "../tests/disasm.rs"]
mod disasm_tests;
#[cfg(test)]
#[path = "../tests/encodings.rs"]
mod encoding_tests;
#[cfg(test)]
#[path = "../tests/locate.rs"]
mod locate_tests;
#[cfg(test)]
#[path = "../tests/model.rs"]
mod model_tests;
#[cfg(test)]
#[path = "../tests/overlay.rs"]
mod overlay_tests;
#[cfg(test)]
#[path = "../tests/plan.rs"]
mod plan_tests;
#[cfg(test)]
#[path = "../tests/refuse.rs"]
mod refuse_tests;
#[cfg(test)]
#[path = "../tests/split.rs"]
mod split_tests;
#[cfg(test)]
#[path = "../tests/support.rs"]
mod support;
#[cfg(test)]
#[path = "../tests/together.rs"]
mod together_tests;
#[cfg(test)]
#[path = "../tests/verdicts.rs"]
mod verdict_tests;
