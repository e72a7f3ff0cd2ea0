# SPDX-License-Identifier: GPL-2.0

KDIR ?= /lib/modules/$(shell uname -r)/build
DTC ?= dtc
DEMO_JSON ?= out/demo.json
BENCH_JSON ?= out/bench.json
TEST ?=
SOAK ?= 1000000

MODULE := rk3588_dma.ko
OVERLAY := dts/rk3588-dma.dtbo
BOARD := scripts/env scripts/board
ROOMS := $(patsubst %/mod.rs,%,$(wildcard */mod.rs))

.PHONY: all
all: modules ## Build the module for KDIR (the running kernel's build folder) and the overlay
	@if command -v $(DTC) >/dev/null; then $(MAKE) --no-print-directory overlay; \
	else echo "  SKIP    $(OVERLAY): there is no dtc (device-tree-compiler)"; fi

.PHONY: modules
modules: ## Build the module alone
	@[ -d "$(KDIR)" ] || { echo "There is no kernel build folder $(KDIR): name one with KDIR=," \
		"or use \`make stock\` for Debian's kernel." >&2; exit 1; }
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" modules

.PHONY: overlay
overlay: $(OVERLAY) ## Compile the device tree overlay

%.dtbo: %.dtso
	$(DTC) -@ -I dts -O dtb -o $@ $<

.PHONY: install
install: ## Install the module for the kernel of KDIR
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" modules_install

.PHONY: stock
stock: ## Build the module and the overlay for Debian's kernel, in the build environment
	@kernel=$$(scripts/kernel) && \
	scripts/env $(MAKE) --no-print-directory -s all KDIR="$${KDIR:-$$kernel/build}"

# $(call module,FOLDER,KERNEL,ARGUMENTS): builds a module for the kernel `scripts/kernel KERNEL` in
# FOLDER. With MO= kbuild puts what it makes into another folder, but takes no source from a folder
# that was built in. So it is given links to the sources, without what `make stock` left beside them.
define module
	@$(RM) -r $(1)/tree && mkdir -p $(1)/tree/tests
	@cp -rs $(CURDIR)/Kbuild $(CURDIR)/*.rs $(ROOMS:%=$(CURDIR)/%) $(CURDIR)/samples $(1)/tree
	@cp -rs $(CURDIR)/tests/kunit $(CURDIR)/tests/bench $(1)/tree/tests
	@find $(1)/tree \( -name '*.o' -o -name '.*.cmd' -o -name helpers.rs \) -delete
	@kernel=$$(scripts/kernel $(2)) && \
	scripts/env $(MAKE) --no-print-directory -s -C "$$kernel/build" \
		M=$(1)/tree MO=$(1) $(3) modules
endef

.PHONY: debug
debug: ## Build the module for the debug kernel, in the build environment
	$(call module,$(CURDIR)/out/debug,debug)

.PHONY: samples-module
samples-module:
	$(call module,$(CURDIR)/out/samples,stock,RK3588_DMA_SAMPLES=y)

.PHONY: debug-samples-module
debug-samples-module:
	$(call module,$(CURDIR)/out/debug-samples,debug,RK3588_DMA_SAMPLES=y)

.PHONY: demo
demo: stock ## Run all lessons on the virtual Rock 5B+ and print the report
	@$(BOARD) demo --json $(DEMO_JSON)

.PHONY: samples
samples: samples-module ## Run the sample, a driver to copy from, behind an IOMMU and print its report
	@$(BOARD) samples

.PHONY: test
test: stock ## Run all tests, or with TEST=word those whose names contain the word
	@$(BOARD) test $(TEST)

.PHONY: bench-module
bench-module:
	$(call module,$(CURDIR)/out/bench,stock,RK3588_DMA_BENCH=y)

.PHONY: bench
bench: stock bench-module ## Compare the driver and its mappings with their peers in C
	@$(BOARD) bench --json $(BENCH_JSON)

.PHONY: soak
soak: stock ## Do a million random transfers (SOAK=number) on all channels and look at every byte
	@$(BOARD) soak --transfers $(SOAK)

.PHONY: shell
shell: stock ## Boot the virtual Rock 5B+ with an interactive shell, the module and scripts/inspect in /
	@$(BOARD) run --overlay $(OVERLAY) --file $(MODULE) --file scripts/inspect

.PHONY: clean
clean: ## Remove what was built here; the cache stays
	@$(RM) -r out tests/*/target tests/*/fuzz/target
	@$(RM) *.ko *.mod *.mod.c *.mod.o .*.cmd .*.o .*.d *.o modules.order Module.symvers \
		bindings/*.o bindings/.*.cmd bindings/helpers.rs $(OVERLAY)

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1 \2/p' $(MAKEFILE_LIST) | \
	while read -r target text; do printf '  make %-9s %s\n' "$$target" "$$text"; done
	@echo
	@echo "  KDIR=FOLDER     the kernel build folder for make, make modules and make install"
	@echo "  KERNEL=IMAGE    the kernel image that demo, test and shell boot"
	@echo "  RK3588_DMA_CACHE=FOLDER  where downloads and builds are kept"
