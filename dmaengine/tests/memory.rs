// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of copies and fills.

use kernel::prelude::*;

#[kunit_tests(rk3588_dmaengine_memory)]
mod suite {
    use super::super::{
        client::{
            Calls,
            Client, //
        },
        cpu::Mode,
        *, //
    };

    #[test]
    fn a_copy_has_the_bytes() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let line = Line::new(Mode::ByHand)?;
        let registration = memory_device(dev, &[line.clone()])?;
        let client = Client::memory(dev)?;
        let (src, dst) = (Mapped::new(dev, 1000, 1)?, Mapped::new(dev, 1000, 2)?);
        let calls = Calls::new();
        let tx = client.memcpy(dst.address() + 3, src.address() + 5, 990, 0)?;

        tx.set_callback(&calls);

        let cookie = tx.submit();

        client.issue_pending();
        assert_eq!(line.running(), 1);
        registration.provider().complete_oldest(&line, Ok(()))?;
        assert!(client.is_complete(cookie));
        assert!(soon(|| calls.count() == 1));
        drop(client);

        let (src, dst) = (src.bytes()?, dst.bytes()?);

        assert!(src[5..995] == dst[3..993]);
        assert!(fixture::is_filled(2, 0, &dst[..3]));
        assert!(fixture::is_filled(2, 993, &dst[993..]));
        Ok(())
    }
}
