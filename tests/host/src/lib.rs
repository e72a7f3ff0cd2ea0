// SPDX-License-Identifier: GPL-2.0

//! Tests of the driver's PL330 program generator and scatter-gather arithmetic on the host.
//!
//! The generator, `pl330/program`, uses only `core`. This crate compiles the same files, and runs
//! the generated programs in `model`, an interpreter of channel programs. The interpreter was
//! written from the architecture, not from the generator. It checks the resulting memory, and rules
//! without effect on memory: the channel's part of the MFIFO, barriers, security, the shape of
//! loops.
//!
//! The crate also compiles `sg/split.rs`, which makes entries of pieces of memory, and
//! `sg/runs.rs`, which finds bytes in entries and segments. Tests compare them with models that
//! handle single bytes.
//!
//! The driver's scheduler, `pl330/engine`, runs in `engine`, on a model of eight channels.
//!
//! Run `cargo test` in this directory. `PROPTEST_CASES=10000 cargo test` runs more cases. With a
//! nightly compiler and cargo-fuzz, `cargo +nightly fuzz run plan` and `... run peripheral` run the
//! fuzzers.
//!
//! - `tests/encodings.rs`: each instruction, byte for byte;
//! - `tests/assembler.rs`: the limits of the assembler;
//! - `tests/disasm.rs`: back from bytes to instructions, and their text;
//! - `tests/copy.rs`: copies of any length, alignment and bus, run by the model;
//! - `tests/plan.rs`: the same for fills and lists, in one or more programs;
//! - `tests/rows.rs`: the same for rows;
//! - `tests/locate.rs`: the segment or row of an instruction;
//! - `tests/progress.rs`: programs that report progress;
//! - `tests/slave.rs`: lists for peripherals, their positions, and the rest of them;
//! - `tests/cyclic.rs`: the same for rings;
//! - `tests/cyclic_loops.rs`: rings with and without a program;
//! - `tests/slave_code.rs`: code for peripherals, compared with that of C, and its length;
//! - `tests/slave_refuse.rs`: transfers with peripherals that are rejected;
//! - `tests/refuse.rs`: requests without a program;
//! - `tests/cost.rs`: the numbers of bursts and of program bytes;
//! - `tests/executed.rs`: the numbers of executed instructions and barriers;
//! - `tests/loops.rs`: loops, and their lines of the instruction cache;
//! - `tests/fill_cost.rs`: the numbers of bursts and of program bytes of a fill;
//! - `tests/together.rs`: eight channels at once;
//! - `tests/model.rs`: the model itself, on programs written by hand: what each instruction does;
//! - `tests/peripheral.rs`: the same for instructions for peripherals, and the model of a device;
//! - `tests/verdicts.rs`: the same for each rule: a program that breaks it is refused;
//! - `tests/split.rs`: pieces of memory, joined and cut as a device wants them;
//! - `tests/runs.rs`: bytes in entries and in segments, and ranges of them;
//! - `tests/channel.rs`: the states of a channel;
//! - `tests/scheduler.rs`: the scheduler, one case each: order, queues, events;
//! - `tests/scheduler_worker.rs`: the same for requests of several programs;
//! - `tests/scheduler_progress.rs`: the same for reports of progress;
//! - `tests/scheduler_stop.rs`: the same for kills, timeouts and removal;
//! - `tests/scheduler_fault.rs`: the same for faults and for channels that do not stop;
//! - `tests/scheduler_random.rs`: random calls, interrupts and steps of the hardware;
//! - `tests/scheduler_all.rs`: all orders of a few of them.

// The driver uses all of it, these tests need not.
#[cfg(test)]
#[allow(dead_code)]
#[path = "../../../pl330/program/mod.rs"]
mod program;
#[cfg(test)]
#[path = "../../../sg/runs.rs"]
mod runs;
#[cfg(test)]
#[path = "../../../sg/split.rs"]
mod split;

#[cfg(test)]
mod engine;
#[cfg(test)]
mod model;

#[cfg(test)]
#[path = "../tests/assembler.rs"]
mod assembler_tests;
#[cfg(test)]
#[path = "../tests/copy.rs"]
mod copy_tests;
#[cfg(test)]
#[path = "../tests/cost.rs"]
mod cost_tests;
#[cfg(test)]
#[path = "../tests/cyclic_loops.rs"]
mod cyclic_loop_tests;
#[cfg(test)]
#[path = "../tests/cyclic.rs"]
mod cyclic_tests;
#[cfg(test)]
#[path = "../tests/disasm.rs"]
mod disasm_tests;
#[cfg(test)]
#[path = "../tests/encodings.rs"]
mod encoding_tests;
#[cfg(test)]
#[path = "../tests/executed.rs"]
mod executed_tests;
#[cfg(test)]
#[path = "../tests/fill_cost.rs"]
mod fill_cost_tests;
#[cfg(test)]
#[path = "../tests/locate.rs"]
mod locate_tests;
#[cfg(test)]
#[path = "../tests/loops.rs"]
mod loop_tests;
#[cfg(test)]
#[path = "../tests/model.rs"]
mod model_tests;
#[cfg(test)]
#[path = "../tests/peripheral.rs"]
mod peripheral_tests;
#[cfg(test)]
#[path = "../tests/plan.rs"]
mod plan_tests;
#[cfg(test)]
#[path = "../tests/progress.rs"]
mod progress_tests;
#[cfg(test)]
#[path = "../tests/refuse.rs"]
mod refuse_tests;
#[cfg(test)]
#[path = "../tests/rows.rs"]
mod rows_tests;
#[cfg(test)]
#[path = "../tests/runs.rs"]
mod runs_tests;
#[cfg(test)]
#[path = "../tests/slave_code.rs"]
mod slave_code_tests;
#[cfg(test)]
#[path = "../tests/slave_device.rs"]
mod slave_device;
#[cfg(test)]
#[path = "../tests/slave_refuse.rs"]
mod slave_refuse_tests;
#[cfg(test)]
#[path = "../tests/slave.rs"]
mod slave_tests;
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
