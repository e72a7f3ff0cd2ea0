// SPDX-License-Identifier: GPL-2.0

//! Pictures of the mappings that a trace shows, one event a line, from the first one on.

use super::picture;
use crate::prelude::*;

/// Events of `dma:*` and their names in the picture.
const EVENTS: [(&str, &str); 4] = [
    ("dma_map_phys", "map"),
    ("dma_sync_single_for_cpu", "sync for the CPU"),
    ("dma_sync_single_for_device", "sync for the device"),
    ("dma_unmap_phys", "unmap"),
];

/// Returns the picture of a trace.
///
/// # Errors
///
/// If a line is not an event that is known.
pub fn svg(title: &str, trace: &str) -> Result<String> {
    static EVENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(\d+)\.(\d{6}): (\w+): .* dma_addr=(\w+) size=(\d+)\b").unwrap()
    });

    let (mut lines, mut first) = (vec![], None);

    for line in trace.lines() {
        let event = EVENT.captures(line);
        let event = event.with_context(|| format!("not an event: {line}"))?;
        let name = EVENTS.iter().find(|it| it.0 == &event[3]);
        let (_, name) = name.with_context(|| format!("unknown event: {line}"))?;
        let micros = event[1].parse::<u64>()? * 1_000_000 + event[2].parse::<u64>()?;
        let since = micros - *first.get_or_insert(micros);
        let (address, bytes) = (&event[4], &event[5]);

        lines.push(format!(
            "{since:>6} µs ─┼─ {name:20} {bytes:>9} bytes at 0x{address}"
        ));
        lines.push("           │".into());
    }
    ensure!(lines.len() > 2, "a trace of less than two events: {trace}");
    lines.pop();
    if let Some(line) = lines.first_mut() {
        *line = line.replace('┼', "┬");
    }
    if let Some(line) = lines.last_mut() {
        *line = line.replace('┼', "┴");
    }
    picture::svg(title, &lines.iter().map(|it| &**it).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_their_times() {
        let trace = "2.999990: dma_map_phys: d dir=FROM_DEVICE dma_addr=b0 size=96 phys_addr=b0\n\
                     3.000030: dma_sync_single_for_cpu: d dir=X dma_addr=b0 size=64 attrs=\n\
                     3.000990: dma_unmap_phys: d dir=FROM_DEVICE dma_addr=b0 size=96 attrs=";
        let drawn = svg("x", trace).unwrap();

        for text in [
            ">0 µs<",
            ">40 µs<",
            ">1000 µs<",
            ">sync for the CPU<",
            ">64 bytes at 0xb0<",
        ] {
            assert!(drawn.contains(text), "{text}: {drawn}");
        }
        assert!(svg("x", &trace.replace("dma_unmap_phys", "dma_alloc")).is_err());
        assert!(svg("x", trace.lines().next().unwrap()).is_err());
        assert!(svg("x", "nothing").is_err());
    }
}
