# SPDX-License-Identifier: GPL-2.0

KDIR ?= /lib/modules/$(shell uname -r)/build
DTC ?= dtc
DEMO_JSON ?= out/demo.json
BENCH_JSON ?= out/bench.json
TEST ?=
SOAK ?= 1000000

MODULE := rk3588_dma.ko
# The overlay of boots, and those of all variants.
BOOT_OVERLAY := dts/rk3588-dmac2.dtbo
OVERLAYS := $(patsubst %.dtso,%.dtbo,$(wildcard dts/*.dtso))
BOARD := scripts/env scripts/board
RUST_DIRS := $(patsubst %/mod.rs,%,$(wildcard */mod.rs))

.PHONY: all
all: modules ## Build the module for KDIR (default: the running kernel) and the overlays
	@if command -v $(DTC) >/dev/null; then $(MAKE) --no-print-directory overlays; \
	else echo "  SKIP    dts/*.dtbo: dtc (device-tree-compiler) is not installed"; fi

.PHONY: modules
modules: ## Build only the module
	@[ -d "$(KDIR)" ] || { echo "Kernel build directory $(KDIR) not found: set KDIR," \
		"or run \`make stock\` for Debian's kernel." >&2; exit 1; }
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" modules

.PHONY: overlays
overlays: $(OVERLAYS) ## Compile the device tree overlays

%.dtbo: %.dtso
	$(DTC) -@ -I dts -O dtb -o $@ $<

.PHONY: install
install: ## Install the module and an overlay on this board, for the running kernel
	@scripts/install install

.PHONY: uninstall
uninstall: ## Remove what make install has installed
	@scripts/install uninstall

.PHONY: board-check
board-check: ## Check that this board has the overlay, the module and the device
	@scripts/board-check

.PHONY: stock
stock: ## Build the module and the overlays for Debian's kernel, in the build environment
	@kernel=$$(scripts/kernel) && \
	scripts/env $(MAKE) --no-print-directory -s all KDIR="$${KDIR:-$$kernel/build}"

# $(call module,DIRECTORY,KERNEL,ARGUMENTS): builds a module in DIRECTORY for the kernel of
# `scripts/kernel KERNEL`. With MO=, kbuild writes its output to another directory, but rejects a
# source directory with output in it. So its source directory has links to the sources only, without
# the output of `make stock`.
define module
	@$(RM) -r $(1)/tree && mkdir -p $(1)/tree/tests
	@cp -rs $(CURDIR)/Kbuild $(CURDIR)/*.rs $(1)/tree
	@cp -rs $(RUST_DIRS:%=$(CURDIR)/%) $(CURDIR)/samples $(1)/tree
	@cp -rs $(CURDIR)/tests/kunit $(CURDIR)/tests/bench $(1)/tree/tests
	@find $(1)/tree \( -name '*.o' -o -name '.*.cmd' -o -name helpers.rs \
		-o -name fixture_c.rs -o -path '*/dmaengine/bindings.rs' \) -delete
	@kernel=$$(scripts/kernel $(2)) && \
	scripts/env $(MAKE) --no-print-directory -s -C "$$kernel/build" \
		M=$(1)/tree MO=$(1) $(3) modules
endef

.PHONY: debug
debug: ## Build the module for the debug kernel, in the build environment
	$(call module,$(CURDIR)/out/debug,debug)

.PHONY: rt
rt: ## Build the module for Debian's kernel with PREEMPT_RT, in out/rt
	$(call module,$(CURDIR)/out/rt,rt)

.PHONY: debug-rt
debug-rt:
	$(call module,$(CURDIR)/out/debug-rt,debug-rt)

.PHONY: samples-module
samples-module:
	$(call module,$(CURDIR)/out/samples,stock,RK3588_DMA_SAMPLES=y)

# The sample as another project would build it: a copy, with copies of dma/ and sg/ beside it.
.PHONY: minimal-module
minimal-module:
	@$(RM) -r out/minimal && mkdir -p out/minimal/rk3588_dma
	@cp samples/minimal/Kbuild samples/minimal/*.rs out/minimal
	@cp -r dma sg out/minimal/rk3588_dma
	@find out/minimal \( -name '*.o' -o -name '.*.cmd' -o -name helpers.rs \) -delete
	@kernel=$$(scripts/kernel) && scripts/env $(MAKE) --no-print-directory -s \
		-C "$$kernel/build" M="$(CURDIR)/out/minimal" modules

.PHONY: debug-samples-module
debug-samples-module:
	$(call module,$(CURDIR)/out/debug-samples,debug,RK3588_DMA_SAMPLES=y)

.PHONY: demo
demo: stock ## Run all lessons on the virtual Rock 5B+ and print the report
	@$(BOARD) demo --json $(DEMO_JSON)

.PHONY: samples
samples: samples-module ## Run the sample driver on a machine with an IOMMU and print its report
	@$(BOARD) samples

.PHONY: check
check: ## Run the quick checks of the source, with a hint for each that fails
	@$(BOARD) check

.PHONY: format
format: ## Format all Rust files
	@$(BOARD) format

.PHONY: rust-analyzer
rust-analyzer: stock ## Write rust-project.json, by which rust-analyzer finds all crates
	@$(BOARD) rust-analyzer

.PHONY: test
test: stock ## Run all tests (TEST=word: only those whose names contain the word)
	@$(BOARD) test $(TEST)

.PHONY: docs
docs: stock samples-module ## Build the course (out/book) and the documentation (out/doc)
	@$(BOARD) docs

.PHONY: docs-open
docs-open: docs ## Show the course in a browser
	@xdg-open out/book/html/index.html

.PHONY: exercise
exercise: stock ## Begin an exercise of the course, or check it (N=name; none: print all)
	@$(BOARD) exercise $(N)

.PHONY: mutants
mutants: stock ## Build each mutant of tests/mutants and run the test that must fail
	@$(BOARD) test mutants::

.PHONY: bench-module
bench-module:
	$(call module,$(CURDIR)/out/bench,stock,RK3588_DMA_BENCH=y)

.PHONY: bench
bench: stock bench-module ## Compare the speed of the driver and its mappings with C
	@$(BOARD) bench --json $(BENCH_JSON)

.PHONY: soak
soak: stock ## Verify a million random transfers (SOAK=number), bind and unbind in many rounds
	@$(BOARD) soak --transfers $(SOAK)

.PHONY: debian
debian: ## Boot an arm64 Debian on the virtual Rock 5B+, with ssh (its disk: out/debian)
	@$(BOARD) debian

.PHONY: shell
shell: stock ## Boot the virtual Rock 5B+ to a shell, with the module and scripts/inspect in /
	@$(BOARD) run --overlay $(BOOT_OVERLAY) --file $(MODULE) --file scripts/inspect

.PHONY: clean
clean: ## Remove the output of all builds, but not the cache
	@$(RM) -r out tests/*/target tests/*/fuzz/target
	@$(RM) -r rust-project.json samples/minimal/rk3588_dma
	@$(RM) *.ko *.mod *.mod.c *.mod.o .*.cmd .*.o .*.d *.o modules.order Module.symvers \
		$(foreach directory,bindings dma,$(addprefix $(directory)/,*.o .*.cmd helpers.rs)) \
		$(addprefix dmaengine/,.*.cmd bindings.rs) $(OVERLAYS)

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1 \2/p' $(MAKEFILE_LIST) | \
	while read -r target text; do printf '  make %-13s %s\n' "$$target" "$$text"; done
	@echo
	@echo "  KDIR=DIRECTORY  kernel build directory for make and make modules"
	@echo "  OVERLAY=NAME    controllers for make install: dmac0, dmac1, dmac2 (default) or all"
	@echo "  KERNEL=IMAGE    kernel image for all boots of the stock kernel"
	@echo "  DESTDIR=DIRECTORY  root directory for make install and make uninstall"
	@echo "  RK3588_DMA_CACHE=DIRECTORY  cache of downloads and builds"
