// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of channels that the device tree names, on the machine that has them.

use kernel::prelude::*;

#[kunit_tests(rk3588_dmaengine_of)]
mod suite {
    use kernel::workqueue;

    use super::super::*;

    /// Node with the channels 14 and 15 of the first controller.
    const CLIENT: &CStr = c"/spi@feb00000";

    /// Registers a slave device with 16 channels.
    fn register(dev: &DmaDevice) -> Result<Registration<Cpu>> {
        let mut lines = KVec::new();

        for _ in 0..16 {
            lines.push(Line::new(Mode::ByHand)?, GFP_KERNEL)?;
        }
        // SAFETY: The tests drop it before they drop `TestDevice`, and release channels before.
        unsafe { Registration::new_slave(dev.as_device(), Cpu::new(dev), lines) }
    }

    #[test]
    fn the_cell_is_the_number_of_the_channel() -> Result {
        let Some(device) = TestDevice::controller(0)? else {
            return Ok(());
        };
        let dev = device.dma()?;
        let node = TestDevice::with_node(CLIENT)?;
        let client = node.dma()?;

        // Until the provider is there, the client waits for it.
        assert!(matches!(Client::named(client, c"tx"), Err(EPROBE_DEFER)));

        let registration = register(dev)?;
        let (tx, rx) = (Client::named(client, c"tx")?, Client::named(client, c"rx")?);

        assert_eq!((tx.index(), rx.index()), (14, 15));
        assert!(Client::named(client, c"tx").is_err());
        drop(tx);
        assert_eq!(Client::named(client, c"tx")?.index(), 14);
        drop(rx);
        drop(registration);
        assert!(matches!(Client::named(client, c"tx"), Err(EPROBE_DEFER)));
        Ok(())
    }

    #[test]
    fn a_client_that_stays_is_called_by_its_name() -> Result {
        let Some(device) = TestDevice::controller(0)? else {
            return Ok(());
        };
        let dev = device.dma()?;
        let node = TestDevice::with_node(CLIENT)?;
        let registration = register(dev)?;
        let client = Client::named(node.dma()?, c"rx")?;
        let text = c"channel 15: waiting for the client rk3588_dma_test.";
        let before = fixture::count_logged(text);

        workqueue::system().try_spawn(GFP_KERNEL, move || {
            fsleep(Delta::from_secs(15));
            drop(client);
        })?;
        registration.unregister();
        assert_eq!(fixture::count_logged(text), before + 1);
        Ok(())
    }
}
