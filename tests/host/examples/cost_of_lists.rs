// SPDX-License-Identifier: GPL-2.0

//! Writes the program of a list and prints its length, for a count of the CPU's instructions.
//!
//! ```sh
//! cargo build --release --example cost_of_lists
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=write_program \
//!     target/release/examples/cost_of_lists aligned near 1024
//! ```
//!
//! The arguments are:
//!
//! - `aligned` (both sides at a boundary), `misaligned` (3 bytes and 1 byte past one),
//!   `misaligned_2` (1 byte and 3 bytes) or `misaligned_3` (no byte and 3 bytes);
//! - `near` (a page between two segments, as in `tests/bench/programs.rs`) or `far` (segments in no
//!   order, more than 64 KiB apart);
//! - the number of segments, of 4 KiB each.
//!
//! `Collected` is the number of instructions from the list to its program. Without the check of the
//! list it is that of `--toggle-collect='*write_checked*'`.

#[allow(dead_code, unused_imports)]
#[path = "../../../pl330/program/mod.rs"]
mod program;

use program::{
    insn::{
        Assembler,
        Event, //
    },
    Operation,
    ProgramLimits,
    ProgramWriter,
    Segment,
    SgCopy, //
};
use std::hint::black_box;

const LEN: u32 = 4096;

/// Limits of an RK3588's controller.
const RK3588: ProgramLimits = ProgramLimits {
    bytes: 8,
    lines: 17,
    beats: 16,
    cache_line: 32,
    non_secure: true,
    loads: 8,
};

/// Returns the segments of one side.
fn list(start: u32, count: u32, is_near: bool) -> Vec<Segment> {
    let page = |n: u32| {
        if is_near {
            2 * n
        } else {
            // All pages of 1 GiB, in another order.
            n.wrapping_mul(0x9e37_79b1) >> 16 & 0xffff | (n & 3) << 16
        }
    };

    (0..count)
        .map(|n| Segment {
            address: start + page(n) * LEN,
            len: LEN,
        })
        .collect()
}

/// Writes the program of a list into `memory` and returns its length in bytes.
#[no_mangle]
#[inline(never)]
fn write_program(memory: &mut [u8], from: &[Segment], to: &[Segment]) -> usize {
    let copy = SgCopy::new(from.iter().copied(), to.iter().copied());
    let mut writer = ProgramWriter::new(copy).expect("rejected");
    let mut asm = Assembler::new(memory);

    write_checked(&mut writer, &mut asm);
    assert!(writer.is_written());
    asm.len()
}

/// Writes the program of a list that was checked.
#[inline(never)]
fn write_checked(writer: &mut ProgramWriter<impl Operation>, asm: &mut Assembler<'_>) {
    writer
        .write(asm, RK3588, Event::new(0).unwrap())
        .expect("too long");
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [kind, place, count] = &arguments[..] else {
        panic!("usage: cost_of_lists aligned|misaligned|misaligned_2|misaligned_3 near|far COUNT");
    };
    let (from, to) = match kind.as_str() {
        "aligned" => (0, 0),
        "misaligned" => (3, 1),
        "misaligned_2" => (1, 3),
        "misaligned_3" => (0, 3),
        _ => panic!("unknown alignment {kind}"),
    };
    let count = count.parse().expect("not a number");
    let is_near = match place.as_str() {
        "near" => true,
        "far" => false,
        _ => panic!("unknown place {place}"),
    };
    let from = list(0x1000_0000 + from, count, is_near);
    let to = list(0x8000_0000 + to, count, is_near);
    let mut memory = vec![0; 64 * from.len() + 256];
    let len = write_program(black_box(&mut memory), black_box(&from), black_box(&to));

    println!(
        "{kind} {place}: {count} segments, {len} bytes, {:.2} per segment",
        len as f64 / f64::from(count)
    );
}
