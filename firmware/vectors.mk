# vectors: the core's answers on its standard output, for tests/firmware/test_vectors.py; ends at the first wrong access.
VECTORS := $(BUILD)/vectors/vectors
VECTORSFLAGS := -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all $(INCLUDE)
VECTORSSOURCES := host/vectors.cpp $(addprefix lib/core/src/,messages.cpp measurements.cpp utf8.cpp command_check.cpp \
  number_text.cpp text.cpp sample_time.cpp) $(GENERATED)
VECTORSOBJECTS := $(VECTORSSOURCES:%=$(BUILD)/vectors/%.o)

.PHONY: vectors
vectors: $(VECTORS)  ## the core's answers to a test that compares them with Python's

$(VECTORS): $(VECTORSOBJECTS)
	@echo linking $@
	$(Q)g++ $(VECTORSFLAGS) $^ -o $@

$(BUILD)/vectors/%.cpp.o: %.cpp Makefile vectors.mk
	@mkdir -p $(@D)
	@echo g++ $<
	$(Q)g++ -std=c++17 $(WARNINGS) $(VECTORSFLAGS) -MMD -c $< -o $@

$(BUILD)/vectors/%.c.o: %.c Makefile vectors.mk
	@mkdir -p $(@D)
	@echo gcc $<
	$(Q)gcc -w $(VECTORSFLAGS) -MMD -c $< -o $@
