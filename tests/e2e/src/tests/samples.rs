// SPDX-License-Identifier: GPL-2.0

//! The sample for QEMU's edu device: lists behind an IOMMU, merged and bounced, a device that is
//! late, and a device that does not reach the memory.

use crate::prelude::*;

/// Addresses that the device can express: 28 bits.
const ADDRESSES: u64 = 1 << 28;

/// First address of memory on virt.
const MEMORY: u64 = 1 << 30;

/// Sections with kernel logs.
const LOGS: [&str; 3] = ["log", "deferred-log", "end-log"];

/// Reason for which the driver refuses a device without an IOMMU.
const DIRECT: &str = "28 address bits, which do not reach the memory, and no IOMMU translates";

/// A report whose last line is that of success.
const ALL_HELD: &str = "*\nAll of it held.";

/// Counters of the syncs: each entry was synced by itself, and no others, where the CPU accessed
/// bytes of a segment of several entries, because these do not follow each other in memory.
///
/// All of both destinations, in 8 entries and 6; then 2 and 5 ranges, of which all but two are in
/// two entries; and 2 and 5 ranges of the sources, of which all but three are. Then all of the
/// tables that were the destinations. Then the frames of the ring, one sync for each.
const SYNCS: [(&str, u64); 2] = [
    ("syncs_for_cpu", 8 + 6 + 12 + FRAMES),
    ("syncs_for_device", 11 + 8 + 6),
];

/// Number of frames that the ring receives, and of its buffers.
const FRAMES: u64 = 8;
const BUFFERS: u64 = 4;

/// Adds the tests.
pub fn add(suite: &mut Suite) {
    merged(suite, "debug_samples", Kernel::Debug);
    merged(suite, "samples", Kernel::Stock);
    bounced(suite);
    untranslated(suite);
    late(suite);
    minimal(suite);

    let direct = samples::boot(Machine::Virt, Kernel::Stock);
    let refuse = script(&["state", "samples/refuse"]);

    suite.boot("samples_direct", direct, refuse, |tests| {
        tests.add("says_what_is_missing", |it| {
            it.has("log", DIRECT)?;
            it.is("bound", "")?;
            it.clean("log")
        });
        tests.add("leaves_nothing", |it| {
            it.exits(0)?;
            it.unchanged("before", "after")
        });
    });
}

fn merged(suite: &mut Suite, group: &str, kernel: Kernel) {
    let boot = samples::boot(Machine::VirtSmmu, kernel);

    suite.boot(
        group,
        boot,
        script(&["trace", "state", "samples/run"]),
        |tests| {
            add_run(tests);
            tests.add("addresses_are_not_physical", addresses_are_not_physical);
            tests.add("an_iommu_merges_entries", entries_are_merged);
            tests.add("an_unmapped_address_is_blocked", is_blocked);
            tests.add("nothing_is_tried_where_addresses_linger", |it| {
                it.has("deferred-report", "\nafter unmapping: not shown")?;
                it.lacks("deferred-report", "\nafter unmapping: 4 bytes")?;
                expect_none("faults", faults(it.section("deferred-log")?))
            });
            tests.add("other_words_are_refused", |it| {
                it.has("errors", "Invalid argument")
            });
            tests.add("leaves_nothing", nothing_left);
            if kernel == Kernel::Stock {
                tests.add("a_coherent_device_needs_no_sync", |it| {
                    it.counts("traced", &SYNCS.map(|(name, _)| (name, 0)))
                });
                tests.add("every_mapping_is_unmapped", |it| {
                    // Mappings that are too long, and for one a buffer; those of the ring, and the
                    // frames.
                    let mapped = 12 + 1 + 2 + BUFFERS + FRAMES;

                    it.counts("traced", &[("mapped", mapped), ("live", 0), ("bounced", 0)])
                });
            } else {
                kunit::add_checks(tests);
                tests.add("lockdep_is_on", kunit::lockdep_is_on);
            }
        },
    );
}

/// Adds the tests of a device that is not coherent. The kernel bounces short entries of a
/// destination.
fn bounced(suite: &mut Suite) {
    let prepare = || {
        let mut boot = samples::boot(Machine::VirtSmmu, Kernel::Stock);
        let tree = Path::new("out/incoherent.dtb");

        fs::create_dir_all("out")?;
        make_incoherent(&boot, tree)?;
        boot.arguments.extend(["-dtb".into(), tree.into()]);
        Ok((boot, script(&["trace", "state", "samples/run"])?))
    };

    suite.boot_with("samples_bounced", prepare, |tests| {
        // An entry that is bounced as a destination is not as a source: there it is merged.
        add_run(tests);
        tests.add("few_bytes_are_bounced_and_counted", few_bytes_are_bounced);
        tests.add("syncs_go_entry_by_entry", |it| it.counts("traced", &SYNCS));
        tests.add("leaves_nothing", |it| {
            it.counts("traced", &[("live", 0)])?;
            nothing_left(it)
        });
    });
}

/// Adds the tests of a device that reaches the memory without an IOMMU, and whose mappings are all
/// bounced: a ring that does not sync delivers bytes of an earlier frame.
fn untranslated(suite: &mut Suite) {
    let mut boot = samples::boot(Machine::Virt, Kernel::Stock);

    boot.append = "swiotlb=force".into();
    boot.arguments = ["-device", "edu,dma_mask=0xffffffff"]
        .map(OsString::from)
        .into();

    let script = script(&["trace", "state", "samples/untranslated"]);

    suite.boot("samples_untranslated", boot, script, |tests| {
        tests.add("all_holds", |it| {
            expect_like(it.section("report")?, ALL_HELD)?;
            it.has("report", "IOMMU: none\n")?;
            it.exits(0)
        });
        tests.add("all_mappings_are_bounced", |it| {
            // Five pages, and those of the ring. Four tables, of 28 entries in all, twice.
            let singles = 5 + BUFFERS + FRAMES;

            it.counts(
                "traced",
                &[
                    ("live", 0),
                    ("mapped", singles + 8),
                    ("bounced", singles + 2 * 28),
                ],
            )
        });
        tests.add("more_bits_than_the_engine_has_are_refused", |it| {
            it.has("log", "no edu device (EINVAL)")?;
            it.has("log", "address_bits=65 is more than 64")
        });
        tests.add("leaves_nothing", |it| it.unchanged("before", "after"));
    });
}

/// Adds the tests of the module that takes `dma/` and `sg/` into its own build.
fn minimal(suite: &mut Suite) {
    let prepare = || {
        let mut boot = samples::boot(Machine::VirtSmmu, Kernel::Stock);

        boot.files = vec!["out/minimal/minimal.ko".into()];
        boot.target = Some("minimal-module");
        Ok((boot, script(&["state", "samples/minimal"])?))
    };

    suite.boot_with("samples_minimal", prepare, |tests| {
        tests.add("a_page_goes_to_the_device_and_back", |it| {
            it.has("log", "4096 bytes sent and received")?;
            it.clean("log")
        });
        tests.add("leaves_nothing", |it| {
            it.exits(0)?;
            it.unchanged("before", "after")
        });
        tests.add("has_the_lines_of_the_readme", |_| {
            let [kbuild, readme] = ["samples/minimal/Kbuild", "README.md"].map(fs::read_to_string);
            let (kbuild, readme) = (kbuild?, readme?);
            let mut lines = kbuild.lines().skip_while(|it| !it.starts_with("include"));
            let lines: Vec<_> = lines.by_ref().collect();

            expect("lines", lines.len(), 2)?;
            for line in lines {
                ensure!(readme.contains(line), "README.md lacks {line}");
            }
            Ok(())
        });
    });
}

/// Adds the tests of a device that takes longer than it may.
fn late(suite: &mut Suite) {
    let boot = samples::boot(Machine::VirtSmmu, Kernel::Stock);
    let script = script(&["trace", "state", "samples/late"]);

    suite.boot("samples_late", boot, script, |tests| {
        tests.add("is_an_error", |it| {
            it.has("late", "Connection timed out")?;
            it.has("busy", "Device or resource busy")?;
            it.has("report", "failed: EBUSY")
        });
        tests.add("memory_is_lost_and_not_freed", |it| {
            it.occurs("late-log", " are leaked: ", 1)?;
            it.counts("traced", &[("live", 1)])?;
            memory_is_not_freed(it)
        });
        tests.add("a_device_that_is_left_is_cut_off", |it| {
            it.occurs("left-log", " are leaked: ", 1)?;
            it.has("left-log", "command still running: bus mastering")
        });
        tests.add("next_time_all_holds", |it| {
            it.exits(0)?;
            expect_like(it.section("next-report")?, ALL_HELD)?;
            // Those that were leaked before.
            it.counts("next-traced", &[("live", 2)])?;
            it.unchanged("before", "after")?;
            it.clean("log")
        });
    });
}

/// Adds the tests of a demonstration of all, here and where addresses are forgotten later.
fn add_run(tests: &mut Tests) {
    tests.add("all_holds", |it| {
        expect_like(it.section("report")?, ALL_HELD)?;
        expect_like(it.section("deferred-report")?, ALL_HELD)?;
        it.exits(0)
    });
    tests.add("tables_are_mapped_again", |it| {
        for (name, segments) in [("whole pages", "1 to 1"), ("parts of pages", "1 to 3")] {
            let again = format!("mapped the other way round, {segments} segments, copied back");

            it.has("report", &format!("\n{name}: {again}\n"))?;
        }
        Ok(())
    });
    tests.add("a_ring_receives_many_frames_in_few_buffers", |it| {
        let line = format!("\nring: {FRAMES} frames in {BUFFERS} buffers, each mapped once\n");

        it.has("report", &line)
    });
    tests.add("what_is_refused_comes_back", |it| {
        it.has("report", "\ntoo long: 4097 bytes came back\n")?;
        it.has("report", "\ntoo long for a buffer: 4096 bytes came back\n")
    });
    tests.add("leaves_the_kernel_well", |it| {
        LOGS.iter().try_for_each(|log| it.clean_if_any(log))
    });
}

fn nothing_left(it: &Console) -> Result<()> {
    it.unchanged("before", "after")?;
    LOGS.iter().try_for_each(|log| it.lacks(log, " lost"))
}

/// Writes the device tree of virt, as `boot` has it, in which only the IOMMU is coherent.
fn make_incoherent(boot: &Boot, tree: &Path) -> Result<()> {
    let mut qemu = Command::new("qemu-system-aarch64");

    qemu.args(boot.machine.options())
        .arg("-machine")
        .arg(format!("dumpdtb={}", tree.display()))
        .args(["-m", &boot.memory, "-nodefaults", "-display", "none"])
        .args(&boot.arguments);
    succeeds(&mut qemu)?;
    for node in ["/", "/pcie@10000000"] {
        let mut fdtput = Command::new("fdtput");

        succeeds(fdtput.arg("-d").arg(tree).args([node, "dma-coherent"]))?;
    }
    Ok(())
}

/// Returns the rows of all lists of a report: entry, length, address in memory, address for the
/// device, segment.
fn rows(it: &Console, report: &str) -> Result<Vec<[u64; 5]>> {
    let lines = it.section(report)?.lines();
    let rows = lines.filter_map(|line| numbers(line).try_into().ok());
    let rows: Vec<_> = rows.collect();

    expect("entries of all lists", rows.len(), 8 + 8 + 6 + 6)?;
    Ok(rows)
}

/// Returns all addresses of a report, for the page and the lists: in memory, and for the device.
fn addresses(it: &Console, report: &str) -> Result<Vec<(u64, u64)>> {
    let page = between(it.section(report)?, "\none page: 4096 bytes, ", "\n").map(numbers)?;
    let lists = rows(it, report)?.into_iter();
    let lists = lists.map(|[_, _, physical, address, _]| (physical, address));

    Ok(lists.chain([(page[0], page[1])]).collect())
}

fn addresses_are_not_physical(it: &Console) -> Result<()> {
    for (physical, address) in addresses(it, "report")? {
        ensure!(physical >= MEMORY, "{physical:#x} is not memory");
        ensure!(address < ADDRESSES, "{address:#x} is not translated");
    }
    Ok(())
}

/// Checks that entries of one segment follow each other for the device, but not in memory.
fn entries_are_merged(it: &Console) -> Result<()> {
    let rows = rows(it, "report")?;
    let lists = rows.chunk_by(|[entry, ..], [next, ..]| entry < next);

    it.has("report", "\nwhole pages, from: 8 entries, 1 segment\n")?;
    it.has("report", "\nwhole pages, to: 8 entries, 1 segment\n")?;
    it.has("report", "\nparts of pages, from: 6 entries, 3 segments\n")?;
    it.has("report", "\nparts of pages, to: 6 entries, 1 segment\n")?;
    for (list, (entries, segments)) in lists.zip([(8, 1), (8, 1), (6, 3), (6, 1)]) {
        expect("entries", list.len(), entries)?;
        expect("segment of the last entry", list[entries - 1][4], segments)?;
        for pair in list.windows(2) {
            let [_, len, physical, address, segment] = pair[0];
            let [_, _, next_physical, next_address, next_segment] = pair[1];
            let is_merged = address + len == next_address;

            ensure!(physical + len != next_physical, "{pair:?}");
            ensure!(is_merged == (segment == next_segment), "{pair:?}");
        }
    }
    Ok(())
}

/// Checks that the IOMMU reports what the driver does: the device, and where it was not to write.
fn is_blocked(it: &Console) -> Result<()> {
    let (log, device) = (it.section("log")?, it.section("device")?);
    let written = "\nafter unmapping: 4 bytes written to ";
    let address = between(it.section("report")?, written, ",")?;
    let faults: Vec<_> = faults(log).collect();
    let fault = format!("*F_TRANSLATION client: {device} * iova: {address} *");

    ensure!(faults.len() == 1, "{faults:?}");
    expect_like(faults[0], &fault)?;
    it.has("log", " data write s1 ")
}

/// Checks that the first entry of a list, of 16 bytes, is bounced, so that none is merged.
fn few_bytes_are_bounced(it: &Console) -> Result<()> {
    let list = "\nparts of pages, to: 6 entries, 6 segments\n";
    let entry = numbers(between(it.section("report")?, list, "  bounced\n")?);

    ensure!(matches!(entry[..], [1, 16, _, _, 1]), "{entry:?}");
    it.occurs("report", "  bounced", 1)?;
    it.has("report", "\nparts of pages, from: 6 entries, 3 segments\n")?;
    it.counts("traced", &[("bounced", 1), ("bounced_bytes", 16)])
}

fn memory_is_not_freed(it: &Console) -> Result<()> {
    let log = it.section("late-log")?;
    let address = numbers(between(log, "4096 bytes at DMA address ", " ")?)[0];
    let mut used = addresses(it, "next-report")?;

    // The memory is still mapped, so nothing else can be there,
    used.retain(|(_, it)| *it == address);
    expect("addresses used again", used, vec![])?;
    // and it was there when the device accessed it.
    expect_none("faults", faults(log))
}
