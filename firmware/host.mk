# sensor-host: the core as a program of this machine, with libmosquitto. `make host` in firmware/.
HOSTPROGRAM := $(BUILD)/host/sensor-host
HOSTSOURCES := $(addprefix host/,main.cpp options.cpp credentials.cpp log.cpp host_clock.cpp file_store.cpp \
  file_flash.cpp nmea_file.cpp mosquitto_mqtt.cpp node.cpp report.cpp health.cpp fleet.cpp)
HOSTFLAGS := -g -O2 $(INCLUDE) -Ihost

.PHONY: host
host: $(HOSTPROGRAM)  ## sensor-host: the core as a program of this machine

$(HOSTPROGRAM): $(HOSTSOURCES:%=$(BUILD)/host/%.o) $(CORE:%=$(BUILD)/host/%.o) $(GENERATED:%=$(BUILD)/host/%.o)
	g++ $(HOSTFLAGS) $^ -lmosquitto -o $@

$(BUILD)/host/%.cpp.o: %.cpp Makefile host.mk
	@mkdir -p $(@D)
	g++ -std=c++17 $(WARNINGS) $(HOSTFLAGS) -MMD -c $< -o $@

$(BUILD)/host/%.c.o: %.c Makefile host.mk
	@mkdir -p $(@D)
	gcc -w $(HOSTFLAGS) -MMD -c $< -o $@
