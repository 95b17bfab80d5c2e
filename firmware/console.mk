# console: the serial console and its settings as a program, for tests/firmware/test_console.py; ends at the first wrong
# access.
CONSOLE := $(BUILD)/console/console
CONSOLEFLAGS := -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all $(INCLUDE) -Ihost
CONSOLESOURCES := host/console_main.cpp host/file_store.cpp $(addprefix lib/core/src/,console.cpp console_settings.cpp \
  draft.cpp settings.cpp setting_checks.cpp pem.cpp digits.cpp text.cpp)
CONSOLEOBJECTS := $(CONSOLESOURCES:%=$(BUILD)/console/%.o)

.PHONY: console
console: $(CONSOLE)  ## the serial console as a program, for tests of iotctl provision --port

$(CONSOLE): $(CONSOLEOBJECTS)
	@echo linking $@
	$(Q)g++ $(CONSOLEFLAGS) $^ -o $@

$(BUILD)/console/%.cpp.o: %.cpp Makefile console.mk
	@mkdir -p $(@D)
	@echo g++ $<
	$(Q)g++ -std=c++17 $(WARNINGS) $(CONSOLEFLAGS) -MMD -c $< -o $@
