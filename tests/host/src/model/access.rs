// SPDX-License-Identifier: GPL-2.0

//! Loads and stores of a channel: memory and the peripheral.

use super::{
    control::{
        Burst,
        Control, //
    },
    Channel,
    Condition,
    Error, //
};

impl Channel<'_> {
    pub(super) fn load(&mut self, condition: Condition) -> Result<(), Error> {
        let Control {
            source,
            destination,
        } = self.control()?;
        let target = self.destination()?;
        let burst = source.burst(self.source()?, condition == Condition::IfSingle)?;

        for (address, len) in burst.beats() {
            match &mut self.fifo {
                Some(fifo) if fifo.is_at(address) => {
                    let beat = fifo.read(source, len)?;

                    self.mfifo.load(&beat, source, target, destination)?;
                }
                _ => {
                    let beat = self.memory.read(address, len)?;

                    self.mfifo.load(beat, source, target, destination)?;
                }
            }
        }
        self.source = Some(burst.next_address());
        self.stats.loads.count(burst);
        Ok(())
    }

    pub(super) fn store(&mut self, condition: Condition) -> Result<(), Error> {
        let side = self.control()?.destination;
        let burst = side.burst(self.destination()?, condition == Condition::IfSingle)?;
        let data = self.mfifo.store(burst)?;

        self.post(burst, data);
        Ok(())
    }

    pub(super) fn store_zeroes(&mut self) -> Result<(), Error> {
        let burst = self
            .control()?
            .destination
            .burst(self.destination()?, false)?;

        if !burst.is_aligned() {
            return Err(Error::ZeroesUnaligned);
        }
        self.post(burst, vec![0; burst.bytes() as usize]);
        Ok(())
    }

    fn post(&mut self, burst: Burst, data: Vec<u8>) {
        self.destination = Some(burst.next_address());
        self.posted.push((burst, data));
        self.stats.stores.count(burst);
    }

    /// Lets all posted stores reach memory.
    pub(super) fn drain(&mut self) -> Result<(), Error> {
        for (burst, data) in self.posted.drain(..) {
            let mut rest = data.as_slice();

            for (address, len) in burst.beats() {
                let (beat, others) = rest.split_at(len as usize);

                match &mut self.fifo {
                    Some(fifo) if fifo.is_at(address) => fifo.write(burst.side(), beat)?,
                    _ => self.memory.write(address, beat)?,
                }
                rest = others;
            }
        }
        Ok(())
    }
}
