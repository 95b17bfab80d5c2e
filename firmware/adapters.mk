# adapters: src/ is compiled, nothing more, for each board, against the declarations in test/esp_idf: not ESP-IDF, but typing
# errors and what a change of the core breaks are seen without it. By the riscv compiler: int32_t is long, as on a board.
ADAPTERS := $(wildcard src/*.cpp)
ADAPTERBOARDS := esp32 esp32c3 esp32c3_usb
ADAPTERS_esp32 := -DBOARD_ESP32
ADAPTERS_esp32c3 := -DBOARD_ESP32C3
ADAPTERS_esp32c3_usb := -DBOARD_ESP32C3 -DCONSOLE_USB -DMQTT_TELLS_DISCONNECT
ADAPTERFLAGS := -fsyntax-only -std=gnu++17 -fno-exceptions -fno-rtti -fno-threadsafe-statics \
  -Wall -Wextra -Wshadow -Werror -Isrc -Itest/esp_idf $(INCLUDE)
ADAPTERHEADERS := $(HEADERS) $(wildcard src/*.h test/esp_idf/*.h test/esp_idf/*/*.h)

.PHONY: adapters
adapters: $(foreach board,$(ADAPTERBOARDS),$(ADAPTERS:%=$(BUILD)/adapters/$(board)/%.ok))  ## src/ against declarations of ESP-IDF

define ADAPTERRULE
$(BUILD)/adapters/$(1)/%.ok: % $$(ADAPTERHEADERS) Makefile adapters.mk
	@mkdir -p $$(@D)
	@echo $(1) $$<
	$$(Q)$$(RV)-g++ $$(RVFLAGS) $$(ADAPTERFLAGS) $$(ADAPTERS_$(1)) $$(RVHEADERS) $$<
	@touch $$@
endef
$(foreach board,$(ADAPTERBOARDS),$(eval $(call ADAPTERRULE,$(board))))

cppcheck: $(ADAPTERBOARDS:%=$(BUILD)/cppcheck_%.ok)

# an event handler's signature is ESP-IDF's
$(BUILD)/cppcheck_%.ok: $(ADAPTERS) $(ADAPTERHEADERS) Makefile adapters.mk
	@mkdir -p $(@D)
	@echo cppcheck src, $*
	$(Q)$(CPPCHECK) --suppress='*:test/esp_idf/*' --suppress=constParameterCallback \
	  -Isrc -Itest/esp_idf $(ADAPTERS_$*) $(ADAPTERS)
	@touch $@

# clang knows no picolibc: for it a board's code is the host's
tidy: $(ADAPTERS:%=$(BUILD)/tidy/%.ok)

$(ADAPTERS:%=$(BUILD)/tidy/%.ok): $(BUILD)/tidy/%.ok: % $(ADAPTERHEADERS) .clang-tidy adapters.mk
	@mkdir -p $(@D)
	@echo clang-tidy $<
	$(Q)clang-tidy --quiet $< -- -std=gnu++17 $(INCLUDE) -Isrc -Itest/esp_idf $(ADAPTERS_esp32c3) > $@.log 2>&1 || { cat $@.log; exit 1; }
	@touch $@
