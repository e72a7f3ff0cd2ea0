# SPDX-License-Identifier: GPL-2.0
#
# Adds the C helpers of dma/ and sg/, and their Rust declarations, to a module. In its Kbuild:
#
#	include $(src)/DIRECTORY/dma/dma.mk
#	MODULE-y += $(dma-objs)
#
# where DIRECTORY, below that of the Kbuild, has dma/ and sg/. The crate root of the module is a
# file beside the Kbuild or one or two directories below.

ifdef CONFIG_MODULES
ifndef CONFIG_RUST
$(error the kernel in KDIR has no CONFIG_RUST)
endif
endif

# Path of dma/ from the Kbuild, with a slash at the end.
dma-path := $(patsubst $(src)/%,%,$(dir $(lastword $(MAKEFILE_LIST))))
dma-objs := $(dma-path)helpers.o

# A helper that only calls another function becomes a jump, so that mappings do not pay for a frame.
CFLAGS_$(dma-path)helpers.o := -foptimize-sibling-calls

export RK3588_DMA_HELPERS_RS := $(abspath $(obj))/$(dma-path)helpers.rs

# bindgen parses C with libclang, which does not know these flags of gcc. The kernel has the same
# list in rust/Makefile, where modules cannot use it.
bindgen-skip-c-flags := -Wp,-MMD,%
ifdef CONFIG_CC_IS_GCC
bindgen-skip-c-flags += -mgeneral-regs-only -msign-return-address=% -mabi=lp64 -mstrict-align \
	-mstack-protector-guard% -fconserve-stack -falign-% -fno-ipa-% -fno-partial-inlining \
	-fno-reorder-blocks -fno-allow-store-data-races -fzero-call-used-regs=% \
	-fno-stack-clash-protection -fno-inline-functions-called-once -fsanitize=% \
	-fstrict-flex-arrays=% -fmin-function-alignment=% -fzero-init-padding-bits=% \
	-fdiagnostics-show-context% --param=% --param asan-% -fplugin% \
	-fno-isolate-erroneous-paths-dereference
endif
bindgen-target := $(if $(CONFIG_ARM64),--target=aarch64-linux-gnu)
bindgen-c-flags = $(filter-out $(bindgen-skip-c-flags),$(c_flags)) -w $(bindgen-target)

quiet_cmd_bindgen_helpers = BINDGEN $(quiet_modtag) $@
      cmd_bindgen_helpers = $(BINDGEN) $< --rust-target 1.85 --use-core --ctypes-prefix ffi \
	--no-layout-tests --allowlist-function 'rk3588_dma_.*' $(bindgen-flags) \
	--blocklist-type '.*' -o $@ -- $(bindgen-c-flags) -fno-builtin -D__BINDGEN__ -DMODULE

$(obj)/$(dma-path)helpers.rs: $(src)/$(dma-path)helpers.h FORCE
	$(call if_changed,bindgen_helpers)

targets += $(dma-path)helpers.rs

# The crate root is one of these.
$(patsubst $(src)/%.rs,$(obj)/%.o,$(wildcard $(src)/*.rs $(src)/*/*.rs $(src)/*/*/*.rs)): \
	$(obj)/$(dma-path)helpers.rs
