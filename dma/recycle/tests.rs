// SPDX-License-Identifier: GPL-2.0

//! KUnit suite of pools of mappings.

use kernel::prelude::*;

#[kunit_tests(rk3588_dma_recycle)]
mod suite {
    use kernel::sync::atomic::{
        Atomic,
        Relaxed, //
    };

    use super::super::*;
    use crate::{
        dma::{
            Bidirectional,
            Buffer,
            BusMaster,
            FromDevice,
            ToDevice, //
        },
        fixture::{
            self,
            TestDevice, //
        }, //
    };

    const LEN: usize = 2000;

    type Pool<'dev, D> = MappingPool<'dev, Buffer, D>;

    fn pool<D: Direction>(dev: &DmaDevice, count: usize) -> Result<Pool<'_, D>> {
        MappingPool::new(dev, count, GFP_KERNEL, || Buffer::zeroed(LEN, GFP_KERNEL))
    }

    fn take<'dev, D: Direction>(
        pool: &mut Pool<'dev, D>,
    ) -> Result<PooledMapping<'dev, Buffer, D>> {
        pool.take().ok_or(ENOBUFS)
    }

    fn live(dev: &DmaDevice) -> u64 {
        fixture::counters(dev).live
    }

    #[test]
    fn mappings_go_both_ways_each_time() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut pool = pool::<Bidirectional>(dev, 2)?;

        for round in 0..5 {
            let mut mapping = fixture::run(dev, take(&mut pool)?, |hardware| {
                assert_eq!(hardware.len(), LEN);
                hardware.write_pattern(round);
            })?;

            assert!(fixture::is_filled(round, 0, mapping.for_cpu(..)?));
            fixture::fill(round + 100, 0, &mut mapping.for_cpu_mut(..)?);
            drop(fixture::run(dev, mapping, |hardware| {
                assert!(hardware.has_pattern(round + 100));
            })?);
        }

        let now = fixture::counters(dev);

        // Each mapping was made once, and each access synced once.
        assert_eq!((now.mapped, now.live), (2, 2));
        assert_eq!((now.syncs_for_cpu, now.syncs_for_device), (10, 5));
        drop(pool);
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn values_are_those_of_the_mapping() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut pool = pool::<ToDevice>(dev, 1)?;
        let mut mapping = take(&mut pool)?;

        *mapping.for_cpu_as_mut::<[u8; 4]>(LEN - 4)? = [1, 2, 3, 4];
        assert_eq!(*mapping.for_cpu_as::<[u8; 2]>(LEN - 2)?, [3, 4]);
        assert!(matches!(mapping.for_cpu(..=LEN), Err(EINVAL)));
        assert!(matches!(mapping.for_cpu_mut(..=LEN), Err(EINVAL)));
        assert_eq!(fixture::counters(dev).syncs_for_cpu, 0);
        assert_eq!(fixture::counters(dev).syncs_for_device, 1);
        Ok(())
    }

    #[test]
    fn it_is_taken_from_until_it_is_empty() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut pool = pool::<FromDevice>(dev, 3)?;
        let mut taken = KVec::new();

        while let Some(mapping) = pool.take() {
            taken.push(mapping, GFP_KERNEL)?;
            assert_eq!(pool.idle(), 3 - taken.len());
        }
        assert_eq!(taken.len(), 3);
        assert!(pool.take().is_none());
        drop(taken.pop());
        assert_eq!(pool.idle(), 1);
        assert!(pool.take().is_some());
        drop(taken);
        assert_eq!(pool.idle(), 3);
        assert_eq!(fixture::counters(dev).mapped, 3);
        Ok(())
    }

    #[test]
    fn an_empty_pool_has_none() -> Result {
        let device = TestDevice::new()?;
        let mut pool = pool::<FromDevice>(device.dma()?, 0)?;

        assert_eq!(pool.idle(), 0);
        assert!(pool.take().is_none());
        Ok(())
    }

    #[test]
    fn the_last_that_was_dropped_comes_first() -> Result {
        let device = TestDevice::new()?;
        let mut pool = pool::<ToDevice>(device.dma()?, 3)?;
        let mut taken = [
            Some(take(&mut pool)?),
            Some(take(&mut pool)?),
            Some(take(&mut pool)?),
        ];

        for (name, mapping) in (0..).zip(taken.iter_mut().flatten()) {
            mapping.for_cpu_mut(..1)?[0] = name;
        }
        for name in [0, 2, 1] {
            drop(taken[name].take());
        }

        let mut again = [take(&mut pool)?, take(&mut pool)?, take(&mut pool)?];

        for (mapping, name) in again.iter_mut().zip([1, 2, 0]) {
            assert_eq!(*mapping.for_cpu(..1)?, [name]);
        }
        Ok(())
    }

    #[test]
    fn the_last_that_was_put_back_comes_first() -> Result {
        let device = TestDevice::new()?;
        let mut pool = pool::<ToDevice>(device.dma()?, 3)?;
        let [mut first, dropped] = [take(&mut pool)?, take(&mut pool)?];

        first.for_cpu_mut(..1)?[0] = 7;
        drop(dropped);
        pool.put(first);
        assert_eq!(pool.idle(), 3);

        let mut again = take(&mut pool)?;

        assert_eq!(*again.for_cpu(..1)?, [7]);

        let others = [pool.take(), pool.take()];

        assert!(others.iter().all(Option::is_some));
        assert!(pool.take().is_none());
        Ok(())
    }

    #[test]
    fn one_of_another_pool_goes_to_its_own() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut pool_1 = pool::<FromDevice>(dev, 1)?;
        let mut pool_2 = pool::<FromDevice>(dev, 1)?;

        pool_2.put(take(&mut pool_1)?);
        assert_eq!((pool_1.idle(), pool_2.idle()), (1, 1));
        Ok(())
    }

    #[test]
    fn a_detached_mapping_never_returns() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut pool = pool::<FromDevice>(dev, 2)?;
        let mapping = take(&mut pool)?.detach();
        let mapping = fixture::run(dev, mapping, |hardware| hardware.write_pattern(1))?;

        assert_eq!(pool.idle(), 1);
        assert_eq!(live(dev), 2);
        assert!(fixture::is_filled(1, 0, &mapping.unmap()));
        assert_eq!(pool.idle(), 1);
        assert_eq!(live(dev), 1);

        // Also after the pool.
        let last = take(&mut pool)?;

        drop(pool);

        let mapping = last.detach();

        assert_eq!(live(dev), 1);
        drop(mapping);
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn mappings_outlive_their_pool() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut pool = pool::<FromDevice>(dev, 4)?;
        let (first, second) = (take(&mut pool)?, take(&mut pool)?);

        drop(pool);
        assert_eq!(live(dev), 2);
        drop(second);
        assert_eq!(live(dev), 1);

        let mut first = fixture::run(dev, first, |hardware| hardware.write_pattern(1))?;

        assert!(fixture::is_filled(1, 0, first.for_cpu(..)?));
        drop(first);
        assert_eq!(live(dev), 0);
        Ok(())
    }

    /// Each is unmapped before it is freed, without a sync.
    #[test]
    fn a_dropped_pool_unmaps_what_is_idle() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let (still_live, first_bytes) = (Atomic::new(9), Atomic::new(0));
        let witness = || {
            Ok(fixture::Witness {
                buffer: Buffer::zeroed(LEN, GFP_KERNEL)?,
                dev,
                live: &still_live,
                first_bytes: &first_bytes,
            })
        };
        let mut pool = MappingPool::<_, FromDevice>::new(dev, 3, GFP_KERNEL, witness)?;
        let mapping = pool.take().ok_or(ENOBUFS)?;
        let mapping = fixture::run(dev, mapping, |hardware| hardware.write(0, &[1]))?;

        drop(mapping);
        assert_eq!(still_live.load(Relaxed), 9);
        assert_eq!(live(dev), 3);
        drop(pool);
        assert_eq!(still_live.load(Relaxed), 0);
        assert_eq!(live(dev), 0);

        let is_bounced = fixture::counters(dev).bounced == 3;

        assert_eq!(first_bytes.load(Relaxed), u64::from(!is_bounced));
        Ok(())
    }

    #[test]
    fn for_another_device_it_comes_back_and_returns() -> Result {
        let (device, other) = (TestDevice::new()?, TestDevice::new()?);
        let (dev, other) = (device.dma()?, other.dma()?);
        let mut pool = pool::<FromDevice>(dev, 1)?;
        let error = BusMaster::<u32>::new(other)?.submit(take(&mut pool)?);
        let error = error.err().ok_or(EINVAL)?;

        assert!(error.0.is_mapped_for(dev));
        assert_eq!(pool.idle(), 0);
        drop(error);
        assert_eq!(pool.idle(), 1);
        Ok(())
    }

    #[test]
    fn without_an_address_it_returns() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut pool = pool::<FromDevice>(dev, 1)?;
        let bus = BusMaster::<u32>::new(dev)?;

        drop(bus.submit(take(&mut pool)?)?);
        assert_eq!(pool.idle(), 1);

        let Ok(mapping) = bus.submit(take(&mut pool)?)?.cancel() else {
            return Err(EINVAL);
        };

        drop(mapping);
        assert_eq!(pool.idle(), 1);
        assert_eq!(live(dev), 1);
        Ok(())
    }

    /// The others of the pool are not leaked with it.
    #[test]
    fn with_an_address_it_is_leaked_alone() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut pool = pool::<FromDevice>(dev, 3)?;
        let mut mapping = take(&mut pool)?;
        let memory = mapping.view().start();
        // SAFETY: The mapping must be dropped once: the first owner is leaked below.
        let leaked = ManuallyDrop::new(unsafe { ptr::read(&mapping) });
        let flight = BusMaster::<u32>::new(dev)?.submit(mapping)?;
        let _ = flight.segments();

        drop(flight);
        assert_eq!(pool.idle(), 2);
        drop(pool);
        assert_eq!(live(dev), 1);
        // SAFETY: The memory must be valid for writes: it is leaked. KASAN finds it if it is freed.
        unsafe { memory.as_ptr().write_volatile(1) };
        drop(ManuallyDrop::into_inner(leaked));
        assert_eq!(live(dev), 0);
        Ok(())
    }

    #[test]
    fn the_cpu_reads_what_the_device_wrote_to_one_in_flight() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut pool = pool::<FromDevice>(dev, 1)?;
        let mut flight = BusMaster::<u32>::new(dev)?.submit(take(&mut pool)?)?;
        let hardware = fixture::hardware(dev, &flight)?;

        hardware.write_pattern(1);
        // SAFETY: The device must not write the bytes meanwhile: the hardware is used above.
        assert!(fixture::is_filled(1, 64, unsafe { flight.for_cpu(64..)? }));
        // SAFETY: As above.
        assert!(matches!(unsafe { flight.for_cpu(..=LEN) }, Err(EINVAL)));
        // SAFETY: The device must not use the mapping any more: the hardware is not used below.
        drop(unsafe { flight.complete() });
        assert_eq!(pool.idle(), 1);
        Ok(())
    }

    #[test]
    fn what_fails_on_the_way_leaves_nothing_mapped() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut made = 0;
        let result = MappingPool::<_, FromDevice>::new(dev, 5, GFP_KERNEL, || {
            made += 1;
            match made {
                4 => Err(ENODATA),
                _ => Buffer::zeroed(LEN, GFP_KERNEL),
            }
        });

        assert!(matches!(result.map(|_| ()), Err(ENODATA)));
        assert_eq!(made, 4);
        assert_eq!(fixture::counters(dev).mapped, 3);
        assert_eq!(live(dev), 0);

        // What cannot be mapped.
        let nothing = || Ok(KVec::<u8>::new());
        let result = MappingPool::<_, FromDevice>::new(dev, 1, GFP_KERNEL, nothing);

        assert!(matches!(result.map(|_| ()), Err(EINVAL)));
        Ok(())
    }

    /// `ToDevice`, because DMA-API debug allocates in the other directions, and ends if it cannot.
    #[test]
    fn without_memory_there_is_no_pool() -> Result {
        let device = TestDevice::new()?;
        let dev = device.dma()?;
        let mut failures = 0;

        // The vector, two buffers, and what the mappings share. The slab allocator and kmemleak may
        // allocate, too.
        for nth in 1..100 {
            let (result, has_failed) = fixture::without_memory_at(nth, || pool::<ToDevice>(dev, 2));

            match result {
                Ok(pool) => assert_eq!(pool.idle(), 2),
                Err(error) => {
                    assert!(has_failed);
                    assert!(matches!(error, ENOMEM));
                    failures += 1;
                }
            }
            assert_eq!(live(dev), 0);
            if !has_failed {
                break;
            }
        }
        assert!(failures >= 2);
        Ok(())
    }
}
